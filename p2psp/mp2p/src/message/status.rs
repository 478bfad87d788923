//! Status of a peer (TR 20002 §8.3.10; X.609.1): what changes by the second.

use serde::{Deserialize, Serialize};

use crate::id::PeerId;
use crate::message::bound::List;

/// Peers of one report at most: a super peer sends those of all in its care.
pub const MAX_REPORTS: usize = 1000;

/// Reports to PAMS.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusReport {
    /// One entry a peer.
    pub reports: List<PeerReport, MAX_REPORTS>,
}

/// The status of one peer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeerReport {
    /// Which.
    pub peer_id: PeerId,
    /// How it is.
    pub status: PeerStatus,
}

/// Dynamic status (X.609.1). Shares are of what the peer's user lets it have.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
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
}

impl PeerStatus {
    /// Whether all numbers can be meant.
    #[must_use]
    pub fn is_sensible(&self) -> bool {
        self.cpu_load.is_finite() && (0.0..=1.0).contains(&self.cpu_load)
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
        assert!(!PeerStatus { cpu_load: f32::NAN, ..PeerStatus::default() }.is_sensible());
    }
}
