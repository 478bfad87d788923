//! What this peer asks of its provider, over one client with its certificate.
//!
//! ```text
//!  call (JSON, errors) ─► overlay (OMS): join, refresh, leave, report
//!                      └► index (IXS): register, search, index files
//!  events: what the provider says by itself
//! ```

mod call;
pub mod events;
mod index;
mod overlay;
mod reservation;

pub use crate::provider::call::{Provider, ProviderError};
pub use crate::provider::index::Indexed;
