//! Shortest paths between all vertices of a sparse graph, and what a changed arc does to them.
//!
//! ```text
//!  arcs ◄── queue ◄── search ◄── diameter         (each uses only what stands left of it)
//!                 ◄── repair
//! ```
//!
//! - [`Arcs`]: a graph laid out for searching
//! - [`Search`]: the costs from one vertex to all
//! - [`largest_internal`]: the largest cost between two vertices that paths run through
//! - [`Repair`]: the costs from one vertex after a few arcs changed, from those before
//!
//! Costs are integers, so sums are exact and equal paths tie. Vertices that paths do not run
//! through are *ends*: they start and finish paths only.

mod arcs;
mod diameter;
mod queue;
mod repair;
mod search;

pub use crate::paths::arcs::{Arc, Arcs, Change};
pub use crate::paths::diameter::largest_internal;
pub use crate::paths::repair::Repair;
pub use crate::paths::search::Search;

/// Index of a vertex.
pub type Vertex = u32;

/// A cost in thousandths of its unit: sums are exact, and equal paths tie.
pub type Thousandths = u64;

/// The cost of a vertex that no path leads to.
pub const UNREACHED: Thousandths = Thousandths::MAX;
