//! What this peer asks of its provider, over one client with its certificate.
//!
//! ```text
//!  call (JSON, errors) ─► oms: join, refresh, leave, report     ─► ums: receipts, class, account
//!                      └► ixs: register, search, index          ─► pams: status
//!  events: what the provider says by itself
//! ```

mod call;
pub mod events;

pub use crate::provider::call::{Provider, ProviderError};
