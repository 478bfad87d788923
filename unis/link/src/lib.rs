//! Mutually authenticated HTTP: who speaks to whom, how it is proved, and what it may cost.
//!
//! A connection's way through the crate, left to right:
//!
//! ```text
//!              caps, deadlines        trust: bundle by SPIFFE        limits, 503
//!  TCP ─► server::Listener ─► tls::ServerTls ─► identity::Caller ─► overload ─► Handler ─► Body
//!                                 ▲   ▲
//!               pki::Authority ───┘   └─── files on disk, watched: certificate, bundles, CRLs
//! ```
//!
//! [`server`] owns the accept loop and every wait in it; [`tls`] holds the one configuration in
//! force and swaps it whole; [`trust`] decides whose certificate may name whom; [`pki`] is a small
//! certificate authority for those who have none; [`client`] is the other end; [`admin`] answers
//! the operator on a socket of its own; [`settings`] merges what the operator chose; [`daemon`] is
//! what every daemon does alike with all of it. Nothing here knows what is served.
//!
//! Arrows between modules point one way: `daemon → admin → server → tls → trust → identity`,
//! `daemon → pki → client → tls` and `daemon → settings → trust`.

// What a connection proves.
pub mod digest;
pub mod identity;
pub mod trust;

// What carries it.
pub mod body;
pub mod client;
mod crypto;
pub mod overload;
pub mod rate;
pub mod regular;
pub mod server;
pub mod tls;

// What issues the certificates.
pub mod pki;

// What the operator sees.
pub mod admin;
pub mod load;
pub mod log;
pub mod machine;
pub mod metrics;
mod printable;
pub mod shutdown;

// What the operator chooses, and a daemon around it all.
pub mod daemon;
pub mod settings;

pub use crate::identity::{Caller, Identity, Role, SpiffeName};
pub use crate::printable::{printable, printable_json};
