//! Overlays and their members: what OMS keeps (TR 20002 §8.2.3).
//!
//! ```text
//!  join ─► Member (observed address) ─► SwarmStore ─► candidates, near to far, by the asker's map
//! ```
//!
//! Membership is soft: it lives in memory, expires without refreshes, and comes back with them.

mod found;
mod kept;
mod member;
mod memory;
mod placing;
#[cfg(test)]
mod plain;
mod seat;
mod seats;
mod store;
#[cfg(test)]
pub(crate) mod suite;
mod swarm;
mod terms;

pub use crate::overlay::found::{Found, Placed, rank};
pub use crate::overlay::kept::KeptOverlay;
pub use crate::overlay::member::{AddressError, Member, Reach, Via, reachable_at};
pub use crate::overlay::memory::MemoryStore;
pub use crate::overlay::store::{
    Announced, Ask, Dismissed, Population, StoreError, SwarmStore, Swept,
};
pub use crate::overlay::terms::{Owner, Terms};
