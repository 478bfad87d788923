//! Which resources a server offers, and where (RFC 7285 §9.2).

// What is on offer, by what one looks for.
mod catalogue;
// How all directories of a server become one catalogue.
pub(crate) mod walk;

pub use crate::directory::catalogue::{Catalogue, Resource, Skipped};
pub use crate::directory::walk::WalkLimits;
