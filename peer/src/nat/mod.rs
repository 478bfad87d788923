//! What stands between this peer and the others, and ways past it (TR 20002 §8.3.3).
//!
//! ```text
//!  join ─ dialled by OMS? ports of STUN ─► look: mapped alike towards both? ─► kind, told to OMS
//!  dial ─► rendezvous at OMS ─► the other's address ─► punch: both connect at the same moment
//!                            └► the other one dials, where we can be dialled
//! ```
//!
//! A way is opened only to members of a common overlay, to an address that OMS saw the other one
//! come from, and only to addresses of the public internet ([`may_dial`]); in number and time each
//! try has a bound.

mod address;
mod hole;
mod look;
mod tries;
mod ways;

pub use crate::nat::address::may_dial;
pub use crate::nat::hole::Hole;
pub use crate::nat::look::kind;
pub use crate::nat::tries::Tries;
pub use crate::nat::ways::{Asked, MeetError, Meeting, Ways};
