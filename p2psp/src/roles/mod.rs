//! Roles in other processes: the same calls, over mutual TLS.
//!
//! ```text
//!  OMS ─► calls::Users ─┬─► Ums                                          (this process has it)
//!                       └─► Distant ══ POST /roles/ums/joined ══► Ums    (another one has it)
//! ```
//!
//! Each method of a trait of [`crate::calls`] has a method of [`Distant`] here, one line, and a
//! line with its handler in `api/roles.rs`: its arguments are the body, JSON, and so is the answer.

mod distant;
mod links;

pub use crate::roles::distant::Distant;
pub use crate::roles::links::{Links, LinksError, Material};
