//! Membership in overlays (`[overlay]`).

use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// Bounds and times of overlays and their members.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct OverlaySettings {
    /// Overlays at a time.
    pub max_overlays: usize,
    /// Overlays of one user at a time.
    pub max_per_user: usize,
    /// Seconds after which a user's overlay without members is forgotten.
    pub idle_seconds: u64,
    /// Members of one overlay at a time.
    pub max_members: usize,
    /// Seconds between refreshes that peers are asked for.
    pub heartbeat_seconds: u64,
    /// Seconds without a refresh after which a member is forgotten.
    pub expires_seconds: u64,
    /// Lowest port that a peer may announce.
    pub min_port: u16,
    /// Whether a peer is dialled before it is listed.
    pub probe: bool,
    /// Milliseconds that such a dial may take.
    pub probe_timeout_ms: u64,
    /// Reputation from which on a user's complaint counts towards a quarantine; as far below 0, no
    /// report of the user's counts at all.
    pub reputable_from: i64,
    /// Seconds that a quarantine lasts.
    pub quarantine_seconds: u64,
    /// TCP ports, beside the service's address, where peers are told how they are seen from outside
    /// (STUN); 0: a free one. None: peers do not learn it, and open no ways to each other.
    pub stun_ports: Vec<u16>,
    /// Joins a second from one address; 0: no bound. Refreshes do not count.
    pub joins_per_second: u32,
    /// Joins a second of one user; 0: no bound.
    pub user_joins_per_second: u32,
    /// How many of those may come at once.
    pub join_burst: u32,
}

impl OverlaySettings {
    /// Checks what no single field can.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.expires_seconds < self.heartbeat_seconds {
            let message = "is shorter than heartbeat-seconds: all members would be forgotten";
            return Err(SettingsError::invalid("overlay.expires-seconds", message));
        }
        let fixed: Vec<&u16> = self.stun_ports.iter().filter(|port| **port != 0).collect();
        if let Some(twice) = (1..fixed.len()).find(|at| fixed[..*at].contains(&fixed[*at])) {
            let message = format!("names port {} twice", fixed[twice]);
            return Err(SettingsError::invalid("overlay.stun-ports", message));
        }
        match self.reputable_from {
            1..=100 => Ok(()),
            _ => Err(SettingsError::invalid("overlay.reputable-from", "has to be 1 to 100")),
        }
    }
}

impl Default for OverlaySettings {
    fn default() -> Self {
        Self {
            max_overlays: 100_000,
            max_per_user: 100,
            idle_seconds: 86_400,
            max_members: 200_000,
            heartbeat_seconds: 60,
            expires_seconds: 180,
            min_port: 1024,
            probe: true,
            probe_timeout_ms: 2000,
            reputable_from: 3,
            quarantine_seconds: 600,
            stun_ports: vec![0, 0],
            joins_per_second: 50,
            user_joins_per_second: 10,
            join_burst: 200,
        }
    }
}
