//! This peer as a cache server (TR 20002 §8.2.5): it keeps contents for overlays that are small or
//! fading (§7.8.4), and stands in for peers that leave (§8.3.7), as OMS reserves it.
//!
//! ```text
//!  OMS ─ reservation, release ─► book ──┐
//!  IXS ─ contents of an overlay ────────┼─► plan: which fragments of which contents
//!                                       │     └─► shelf: what to fetch, to put away, to evict
//!  disk: FOLDER/ID/… ◄─────────────────────────────────────┘
//! ```
//!
//! Book, plan and shelf are pure: the time, and what lies on the disk, are arguments. What is
//! reserved is never evicted; what was released stays until its place is needed, and then whatever
//! was used longest ago goes first.

mod book;
mod disk;
mod notes;
mod plan;
mod shelf;

pub use crate::cache::book::{Book, Lease, Refused, Used};
pub use crate::cache::disk::Disk;
pub use crate::cache::notes::{Notes, NotesFile};
pub use crate::cache::plan::{Item, Ranges, Share, bytes_of, plan};
pub use crate::cache::shelf::{Act, Here, acts};
