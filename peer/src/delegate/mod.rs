//! Caches that stand in for this peer (TR 20002 §7.5.4, §8.3.7): it hands over what it shares, or
//! what it wants, leaves, and comes back for it.
//!
//! ```text
//!  share: peer ─ reserve ─► OMS ─► cache ◄─ fetches from us ─┐   then others get it from the cache
//!  get:   peer ─ reserve ─► OMS ─► cache ◄─ from the others ─┘   and so do we, later
//! ```

mod file;
mod hand_over;

pub use crate::delegate::file::{Delegates, Delegation};
pub use crate::delegate::hand_over::{Progress, hand_over, progress, renew, take_back};
