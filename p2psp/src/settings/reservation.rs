//! Cache and relay servers, and what is reserved with them (`[reservation]`).

use serde::{Deserialize, Serialize};

/// Bounds and times of reservations, and when an overlay gets a cache.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ReservationSettings {
    /// Servers at a time.
    pub max_servers: usize,
    /// Reservations at a time.
    pub max_reservations: usize,
    /// Reservations of one peer at a time.
    pub max_per_holder: usize,
    /// Seconds that something is kept free for a holder who does not use it.
    pub hold_seconds: u64,
    /// Seconds after the end of a reservation in which it can still be renewed.
    pub grace_seconds: u64,
    /// A reservation lasts no longer, seconds.
    pub max_duration_seconds: u64,
    /// Seconds between signs of life that servers are asked for.
    pub server_heartbeat_seconds: u64,
    /// Seconds without one after which a server counts as gone.
    pub server_expires_seconds: u64,
    /// What is reserved with a relay server for a peer that cannot be reached, bit/s.
    pub relay_bps: u64,
    /// How long, seconds; renewed at half of it. 0: twice as long as a membership.
    pub relay_lease_seconds: u64,
    /// Bytes that may go through in that time, in all; 0: no bound.
    pub relay_quota_bytes: u64,
    /// What is reserved with a cache server for an overlay that asks for nothing, bytes.
    pub cache_bytes: u64,
    /// An overlay with fewer members gets a cache,
    pub cache_attach_below: u64,
    /// and gives it back when it has more than so many.
    pub cache_release_above: u64,
    /// It keeps it for so long after the last member has left, seconds.
    pub cache_linger_seconds: u64,
}

impl Default for ReservationSettings {
    fn default() -> Self {
        Self {
            max_servers: 10_000,
            max_reservations: 200_000,
            max_per_holder: 16,
            hold_seconds: 30,
            grace_seconds: 30,
            max_duration_seconds: 86_400,
            server_heartbeat_seconds: 30,
            server_expires_seconds: 90,
            relay_bps: 1_000_000,
            relay_lease_seconds: 0,
            relay_quota_bytes: 0,
            cache_bytes: 1 << 30,
            cache_attach_below: 5,
            cache_release_above: 20,
            cache_linger_seconds: 86_400,
        }
    }
}
