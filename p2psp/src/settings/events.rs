//! Event streams: how much waits for a peer, and how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What peers are told unasked (`[events]`).
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EventSettings {
    /// Peers that something is kept for.
    pub max_peers: usize,
    /// Events kept for one peer; beyond that the oldest is lost, and the numbers show it.
    pub max_events: usize,
    /// Seconds that events wait for a peer that does not listen.
    pub keep_seconds: u64,
    /// Seconds without news after which a stream shows that it is alive; half of
    /// `limits.write-timeout-ms` at most.
    pub keep_alive_seconds: u64,
}

impl Default for EventSettings {
    fn default() -> Self {
        Self { max_peers: 200_000, max_events: 64, keep_seconds: 3600, keep_alive_seconds: 15 }
    }
}

impl EventSettings {
    /// Until a sign of life.
    #[must_use]
    pub const fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_seconds)
    }
}
