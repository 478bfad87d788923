//! What this peer tells its provider (TR 20002 §8.3.8, §8.3.10): receipts and successes to UMS,
//! failures of others to OMS, its own status to PAMS.
//!
//! ```text
//!  transfer ─ receipt, failure, success ─► spool (disk) ─► sender ══► UMS, OMS
//!  processor, interface, transfers ──────► status ────────────────══► PAMS
//! ```
//!
//! What is spooled survives a crash and an absent provider. A receipt says what was received since
//! its epoch began, a success has a number: told twice, each counts once.

mod sender;
mod spool;
mod status;

pub use crate::report::sender::Reports;
pub(crate) use crate::report::sender::send_until_shutdown;
pub use crate::report::spool::{Kind, Spool, SpoolError};
pub(crate) use crate::report::status::tell_until_shutdown;
