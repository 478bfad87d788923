//! Status of a peer (TR 20002 §8.3.10; X.609.1): what changes by the second.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::PeerId;
use crate::message::bound::{List, Text};
use crate::message::join::SharingPolicy;
use crate::message::resource::{MAX_RESOURCES, Resource};

/// Peers of one report at most: a super peer sends those of all in its care.
pub const MAX_REPORTS: usize = 1000;

/// No peer sends or takes more, bit/s: 10 Tbit/s.
const MAX_BPS: u64 = 10_000_000_000_000;
/// No peer has more connections.
const MAX_CONNECTIONS: u32 = 1_000_000;

/// Reports to PAMS.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusReport {
    /// One entry a peer.
    pub reports: List<PeerReport, MAX_REPORTS>,
}

/// The status of one peer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeerReport {
    /// The peer.
    pub peer_id: PeerId,
    /// Its status now.
    pub status: PeerStatus,
    /// What does not change while it runs; absent: as last told.
    #[serde(rename = "static", default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<StaticStatus>,
    /// What it lets others use; what was last told counts where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<List<Resource, MAX_RESOURCES>>,
}

/// Static status (TR 20002 §8.3.10, X.609.1): configuration and policy.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct StaticStatus {
    /// Program and version.
    pub agent: Text<64>,
    /// Processors.
    pub processors: u16,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// The most that its user lets it send and take, bit/s; 0: no limit.
    pub up_limit_bps: u64,
    /// See `up_limit_bps`.
    pub down_limit_bps: u64,
    /// What it gives, and to whom; whether its status may be shown (Annex A.1).
    pub sharing_policy: SharingPolicy,
}

impl PeerReport {
    /// A report of dynamic status alone.
    #[must_use]
    pub const fn of(peer_id: PeerId, status: PeerStatus) -> Self {
        Self { peer_id, status, fixed: None, resources: None }
    }

    /// Whether all numbers can be meant.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        let resources = self.resources.as_ref().map_or(&[][..], |list| list);
        self.status.is_sensible() && resources.iter().all(Resource::is_sensible)
    }
}

/// Dynamic status (X.609.1). Shares are of what the peer's user lets it have.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PeerStatus {
    /// Share of the processor in use, 0 to 1.
    pub cpu_load: f32,
    /// Measured traffic out, bit/s.
    pub up_bps: u64,
    /// The most that it may send, bit/s; 0: not told.
    pub max_up_bps: u64,
    /// Measured traffic in, bit/s.
    pub down_bps: u64,
    /// Connections in use.
    pub connections: u32,
    /// The most that it takes; 0: not told.
    pub max_connections: u32,
    /// Of those in use, those that were opened by both ends at once (TR 20002 §8.3.3).
    pub punched: u32,
    /// Of those in use, those that go through a relay.
    pub relayed: u32,
}

impl PeerStatus {
    /// Whether all numbers can be meant: a share is one, and no link or table is that large.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        let rates = [self.up_bps, self.max_up_bps, self.down_bps];
        let counts = [self.connections, self.max_connections, self.punched, self.relayed];
        self.cpu_load.is_finite()
            && (0.0..=1.0).contains(&self.cpu_load)
            && rates.into_iter().all(|rate| rate <= MAX_BPS)
            && counts.into_iter().all(|count| count <= MAX_CONNECTIONS)
    }

    /// The busiest part, 0 (idle) to 1 (full).
    #[must_use]
    pub fn load(&self) -> f32 {
        let share = |used: f64, most: f64| match most > 0.0 {
            true => (used / most).clamp(0.0, 1.0) as f32,
            false => 0.0,
        };
        let up = share(self.up_bps as f64, self.max_up_bps as f64);
        let connections = share(f64::from(self.connections), f64::from(self.max_connections));
        self.cpu_load.clamp(0.0, 1.0).max(up).max(connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_part_counts() {
        let status = PeerStatus {
            cpu_load: 0.25,
            connections: 3,
            max_connections: 4,
            ..PeerStatus::default()
        };
        assert_eq!(status.load(), 0.75);
        assert_eq!(PeerStatus { up_bps: 5, max_up_bps: 4, ..status }.load(), 1.0);
        assert_eq!(PeerStatus::default().load(), 0.0);
        assert!(!PeerStatus { up_bps: u64::MAX, ..PeerStatus::default() }.is_sensible());
        assert!(!PeerStatus { connections: u32::MAX, ..PeerStatus::default() }.is_sensible());
        assert!(!PeerStatus { punched: u32::MAX, ..PeerStatus::default() }.is_sensible());
        assert!(!PeerStatus { relayed: u32::MAX, ..PeerStatus::default() }.is_sensible());
        assert!(!PeerStatus { cpu_load: f32::NAN, ..PeerStatus::default() }.is_sensible());
    }
}
