//! P2PSP, the P2P service provider's side of managed P2P (TR 20002 §8.1.1): who takes part in an
//! overlay, and whom each should ask first.
//!
//! ```text
//!                     R3 maps of each ISP ─► isp ─► Outlook of the asker ─┐
//!  peer ─R5─► api ─► overlay: member, candidates from near to far ────────┼─► ranking ─► list
//!    │               R7 users: profile, class ────────────────────────────┤
//!    └─────R2─► api ─► R1 activity: score, overload ──────────────────────┘
//! ```
//!
//! Four roles: `membership` is OMS (§8.2.3), `activity` PAMS, `users` UMS (§8.2.2), `index` IXS.
//! They
//! call each other through the traits of [`calls`] alone. A list is never late and never empty
//! because somebody else is down: it says what it lacks.

// The roles, and what OMS ranks with.
pub mod activity;
pub mod events;
pub mod expulsion;
pub mod index;
pub mod isp;
pub mod membership;
pub mod overlay;
pub mod ranking;
pub mod reservation;
pub mod stop;
pub mod stun;
pub mod users;

// Between them, and beneath.
pub mod audit;
pub mod backup;
pub mod calls;
mod chunks;
pub mod database;
mod digests;
pub mod passkeys;
pub mod roles;
pub mod scores;
mod work;

// Around them: what operators choose and peers ask.
pub mod api;
pub mod cli;
pub mod metrics;
pub mod reload;
pub mod server;
pub mod settings;
