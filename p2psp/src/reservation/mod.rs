//! What cache and relay servers keep free, for whom, and who used how much
//! (TR 20002 §8.2.5, §8.2.6, §8.3.7; X.609.2).
//!
//! ```text
//!           reserve            first use                at its end          after a grace
//!  nothing ────────► HELD ───────────────► ACTIVE ────────────────► EXPIRING ──────────► RELEASED
//!                     │   30 s unused         ▲ │ renew                │ renew                ▲
//!                     └───────────────────────┼─┼──────────────────────┼── quota, fault, release
//! ```
//!
//! The book is pure: `now` is an argument. Every grant has a number that no other has, the epoch; a
//! server voids what is older than its registration. So a provider that lost its memory cannot
//! promise twice what somebody holds already.

mod account;
mod book;
mod grant;
mod kept;
mod late;
mod parts;
mod server;

pub use crate::reservation::account::Accounts;
pub use crate::reservation::book::{Book, Over, Why};
pub use crate::reservation::grant::{Grant, Order, Phase, ReserveError};
pub use crate::reservation::kept::Kept;
pub use crate::reservation::server::{Enlisted, Enlisting, ServerView};
