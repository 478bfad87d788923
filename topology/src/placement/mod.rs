//! Which prefix is on which node.

// The text of a prefix.
pub(crate) mod prefix;
// All of them, from all sources.
mod place;
// What is in none, though a wider one is.
mod nowhere;

pub(crate) use crate::placement::place::place;
