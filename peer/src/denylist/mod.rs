//! What is forbidden (Req-Content-020), as far as IXS has said: refused here whoever offers it.
//!
//! ```text
//!  IXS ══ signed pages ══► follow ─► pages on the disk ─► list ─► share, fetch, transfers at work
//! ```
//!
//! The key of IXS comes with the first page, over the provider's mutual TLS, and stays: a page that
//! was changed on the disk, or signed by another, is not taken.

mod follow;
mod list;
mod pages;

pub(crate) use crate::denylist::follow::{follow, refusal};
pub use crate::denylist::list::{Denylist, DenylistError};
