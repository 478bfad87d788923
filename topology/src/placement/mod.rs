//! Which prefix is on which node.

// The text of a prefix.
pub(crate) mod prefix;
// All of them, from all sources.
mod place;

pub(crate) use crate::placement::place::place;
