//! From operator files to what is served: load, keep, swap.
//!
//! - [`served`]: one network with its resources' cached bytes
//! - [`version`]: all networks and resources of one load, immutable
//! - [`current`]: the one in force, swapped whole
//! - [`reload`]: when to load again, and what happens if that fails

pub mod current;
pub mod reload;
pub mod served;
pub mod version;
