//! What UMS tells of a user: class, credit, consent; sign-up (TR 20002 §7.6, §8.3.9).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{PeerId, UserId};

/// What a serving peer is told of a peer that it serves (TR 20002 §8.3.9 step 3).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ClassAnswer {
    /// The peer that was asked about.
    pub peer_id: PeerId,
    /// Its user's class; 0 is the lowest.
    pub class: u8,
    /// Whether it may use the service: a user that is locked out may not.
    pub qualified: bool,
    /// From 0; lower than 0 after reports that were refuted.
    pub reputation: i64,
    /// The answer may be kept for so many seconds.
    pub good_for_s: u64,
}

/// The own account.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Account {
    /// The user.
    pub user_id: UserId,
    /// Class; 0 is the lowest.
    pub class: u8,
    /// Reputation.
    pub reputation: i64,
    /// What all receipts together come to.
    pub credit: Credit,
    /// Whether the status of the user's peers may be shown as it is; `None`: each peer's own
    /// sharing policy says.
    pub show_status: Option<bool>,
    /// Days of the user's life here, newest first.
    pub days: Vec<Day>,
}

/// Credit: bytes that others signed for, against bytes that the user signed for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Credit {
    /// Credited, bytes; caps and shares of relays have been taken off.
    pub earned: u64,
    /// Debited, bytes.
    pub spent: u64,
}

impl Credit {
    /// What is left, bytes.
    #[must_use]
    pub fn balance(&self) -> i64 {
        let signed = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.earned).saturating_sub(signed(self.spent))
    }
}

/// What a user did on one day (Req-User-020, -050).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Day {
    /// Days since 1970-01-01, UTC.
    pub day: u64,
    /// How often peers of the user joined.
    pub joins: u64,
    /// Bytes given, by the receipts of consumers.
    pub given: u64,
    /// Bytes got, by own receipts.
    pub got: u64,
    /// Bytes relayed for others.
    pub relayed: u64,
    /// Bytes given as a cache.
    pub cached: u64,
    /// Bytes credited.
    pub credited: u64,
    /// Fragments that consumers rejected.
    pub rejected: u64,
    /// Error reports about the user's peers.
    pub accused: u64,
    /// Bytes out that the user's peers measured at their interfaces, as far as PAMS heard of it:
    /// where much more is credited, the rest does not count for the class.
    pub measured: u64,
}

/// Whether the status of the user's peers may be shown (TR 20002 Annex A.1); `null`: each peer's
/// own sharing policy says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Consent {
    /// Whether it may; `null`: each peer's own sharing policy says.
    pub show_status: Option<bool>,
}

/// Somebody wants to be a user, or a user wants a further peer.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignUp {
    /// The user.
    pub user_id: UserId,
}

/// What to enrol with.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignedUp {
    /// Good for one certificate of a peer of the user.
    pub token: String,
    /// Until when, Unix seconds.
    pub expires: u64,
}
