//! What a peer and its super peer say to each other (TR 20002 §8.3.10; X.609.1 "super peer").
//!
//! ```text
//!  peer                         super peer                      PAMS
//!    │ ── Report(1) ───────────► │                               │
//!    │                           │ ── batch of all, its own ───► │
//!    │ ◄──────────── Taken(1) ── │ ◄──────────────────────────── │
//! ```
//!
//! Over mutual TLS, framed as [`crate::relay`] is. A report that is not taken in time the peer
//! brings to PAMS itself.

use serde::{Deserialize, Serialize};

use crate::message::bound::Text;
use crate::message::status::PeerReport;

pub use crate::relay::{decode, encode};

/// The protocol in the handshake (RFC 7301).
pub const PROTOCOL: &[u8] = b"mp2p-care/1";
/// Longest reason, bytes.
const MAX_REASON_BYTES: usize = 256;

/// What a peer tells its super peer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Counts the reports of the connection, from 1.
    pub seq: u64,
    /// PAMS waits for it: it goes out at once.
    #[serde(default)]
    pub urgent: bool,
    /// How the peer is.
    pub report: Box<PeerReport>,
}

/// What a super peer answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "say", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Answer {
    /// PAMS has the report, or one that came after it.
    Taken {
        /// Which.
        seq: u64,
    },
    /// PAMS does not take it from this super peer.
    Refused {
        /// Why.
        reason: Text<MAX_REASON_BYTES>,
    },
    /// The super peer ends: another is to be found.
    Bye,
}
