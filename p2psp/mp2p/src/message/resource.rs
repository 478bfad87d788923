//! What a peer lets others use: the schema of resources and their attributes (Req-Reso-010 to 030,
//! Req-Coop-080; X.609.1 resource elements).
//!
//! | attribute | unit | who says so |
//! |---|---|---|
//! | `resource-id` | a name within the peer, or of several peers that share it | peer |
//! | `type` | [`ResourceType`] | peer |
//! | `location` | text of the peer's user, such as a city | peer |
//! | `owner` | user | PAMS, by the certificate |
//! | `policy` | [`ResourcePolicy`] | peer |
//! | `capacity`, `usage` | bytes, bit/s or a count, by the type | peer |
//! | `ratio` | share of it that the user lets others have, 0 to 1 | peer |
//! | `load` | share of that in use, 0 to 1 | peer |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::message::bound::Text;

/// Resources of one peer at most.
pub const MAX_RESOURCES: usize = 16;
/// Longest name or place, bytes.
pub const MAX_RESOURCE_TEXT: usize = 64;

/// A resource of a peer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resource {
    /// The resource's name.
    pub resource_id: Text<MAX_RESOURCE_TEXT>,
    /// What kind of resource it is.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Where it is, as its user says.
    #[serde(default)]
    pub location: Text<MAX_RESOURCE_TEXT>,
    /// Whose; what a report says of it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Who may use it.
    #[serde(default)]
    pub policy: ResourcePolicy,
    /// How much there is: bytes, bit/s or a count, by its type; 0: not told.
    #[serde(default)]
    pub capacity: u64,
    /// How much is in use, in the same unit.
    #[serde(default)]
    pub usage: u64,
    /// Share of it that its user lets others have, 0 to 1.
    #[serde(default = "whole")]
    pub ratio: f32,
    /// Share of that in use, 0 to 1.
    #[serde(default)]
    pub load: f32,
}

const fn whole() -> f32 {
    1.0
}

/// What a resource is.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ResourceType {
    /// Upload, bit/s.
    Bandwidth,
    /// Space for others' contents, bytes.
    Storage,
    /// Processors, a count.
    Processing,
    /// Memory, bytes.
    Memory,
    /// Whole contents or fragments that it has, bytes.
    Content,
    /// Relayed circuits, a count.
    Relay,
}

/// Who may use a resource (Req-Reso-060).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ResourcePolicy {
    /// The lowest class that may.
    pub class_floor: u8,
    /// Whether it may be reserved as a cache, relay or delegate of others.
    pub delegate: bool,
    /// The first hour of the day (UTC) at which it may be used.
    pub from_hour: u8,
    /// The first hour at which it may no longer; equal to `from_hour`: all day.
    pub to_hour: u8,
}

impl Resource {
    /// Whether all numbers can be meant.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        let is_share = |share: f32| share.is_finite() && (0.0..=1.0).contains(&share);
        let fits = self.capacity == 0 || self.usage <= self.capacity;
        let is_hour = |hour: u8| hour < 24;
        let policy = &self.policy;
        fits && !self.resource_id.is_empty()
            && is_share(self.ratio)
            && is_share(self.load)
            && is_hour(policy.from_hour)
            && is_hour(policy.to_hour)
    }

    /// How much of it can be had now, 0 to 1 (TR 20002 Annex A.1, second method).
    #[must_use]
    pub fn score(&self) -> f32 {
        let used = match self.capacity {
            0 => 0.0,
            capacity => (self.usage as f64 / capacity as f64).clamp(0.0, 1.0) as f32,
        };
        self.ratio * (1.0 - self.load.max(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(more: &str) -> Result<Resource, serde_json::Error> {
        serde_json::from_str(&format!(r#"{{"resource-id":"disk","type":"storage"{more}}}"#))
    }

    #[test]
    fn what_cannot_be_meant_is_told_apart() {
        let good = resource(r#","capacity":100,"usage":25,"ratio":0.5"#).unwrap();
        assert!(good.is_sensible());
        assert_eq!(good.score(), 0.375);
        for lie in [
            r#","capacity":100,"usage":101"#,
            r#","ratio":1.5"#,
            r#","load":-0.1"#,
            r#","policy":{"from-hour":24}"#,
        ] {
            assert!(!resource(lie).unwrap().is_sensible(), "{lie}");
        }
        assert!(resource(r#","usage":-1"#).is_err());
        assert!(resource(r#","type":"gold""#).is_err());
        assert!(!Resource { load: f32::NAN, ..good }.is_sensible());
    }
}
