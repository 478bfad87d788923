//! What is served: all maps of one load, immutable, and the one in force.
//!
//! ```text
//! network ◄── table ◄── version ◄── current        (each uses only what stands left of it)
//! ```
//!
//! - [`network`]: one network, its snapshot and the names of its resources
//! - [`rendered`]: a map's bytes, made once per version and content coding
//! - [`table`]: which resources there are: ids, paths, media types
//! - [`version`]: all networks and resources of one load
//! - [`current`]: the version in force, swapped whole

pub mod current;
pub mod network;
pub mod rendered;
pub mod table;
pub mod version;
