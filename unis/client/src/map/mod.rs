//! From messages to the parts of a snapshot (RFC 7285 §11.2). A map with anything wrong in it is
//! refused whole: half a map ranks worse than yesterday's.

// Network maps become PIDs and prefixes, cost maps matrices.
mod costs;
mod network;
// Why they do not.
mod map_error;

pub(crate) use crate::map::costs::matrix;
pub use crate::map::map_error::MapError;
pub(crate) use crate::map::network::Network;
