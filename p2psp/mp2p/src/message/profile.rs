//! A user's profile (TR 20002 §8.2.2, Req-User-030).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{PeerId, UserId};

/// What UMS keeps of a user.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// The user.
    pub user_id: UserId,
    /// Class; 0 is the lowest.
    pub class: u8,
    /// Reputation, from 0.
    pub reputation: i64,
    /// The ISP of the last join, by its name in the provider's settings.
    pub network: Option<String>,
    /// Joins so far.
    pub joins: u64,
    /// First join, Unix seconds.
    pub created: u64,
    /// Last join, Unix seconds.
    pub updated: u64,
    /// Whether the status of the user's peers may be shown as it is; `None`: each peer's own
    /// sharing
    /// policy says.
    #[serde(default)]
    pub show_status: Option<bool>,
    /// Whether the user is locked out.
    #[serde(default)]
    pub locked_out: bool,
    /// The user's peers.
    pub peers: Vec<PeerId>,
}
