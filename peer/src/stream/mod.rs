//! Playing while it is fetched: a file of a content, in order, over HTTP with ranges.
//!
//! ```text
//!  player ── GET, Range ─► theatre (loopback, key in the path) ─┐
//!  peer get -o - ────────► control socket ──────────────────────┴─► show ─► reel ─► store
//!                                                                            │
//!                                             what comes next is fetched first: Player
//! ```

mod kind;
mod range;
mod reel;
mod show;
mod theatre;

pub use crate::stream::reel::{Reel, ReelError};
pub use crate::stream::show::show;
pub use crate::stream::theatre::Theatre;
