//! What is over is forgotten from time to time: members that did not refresh, overlays that nobody
//! is in, events that nobody fetches.

use std::time::{Duration, Instant};

use crate::membership::Oms;

/// From one sweep to the next, at most.
const SWEEP_SECONDS: u64 = 30;

impl Oms {
    /// How long to wait for the next sweep: no longer than what is swept lives.
    #[must_use]
    pub fn sweep_interval(&self) -> Duration {
        let lives = [
            self.overlay.idle_seconds,
            self.reservation.hold_seconds,
            self.reservation.server_expires_seconds,
        ];
        let shortest = lives.into_iter().min().unwrap_or(SWEEP_SECONDS);
        Duration::from_secs(shortest.clamp(1, SWEEP_SECONDS))
    }

    /// Forgets what is over at `now`, Unix seconds; `instant`, for the age of maps, is the same time.
    pub async fn sweep(&self, now: u64, instant: Instant) {
        let swept = self.store.sweep(now);
        self.metrics.count_members(swept.members);
        for overlay in &swept.ended {
            tracing::info!(%overlay, "an overlay ended: nobody was in it for long");
            self.withdraw_all(overlay);
        }
        if let Err(error) = self.charters.end(swept.ended.clone(), now).await {
            tracing::warn!(%error, "overlays that ended are still on the disk");
        }
        let isps = self.isps.load();
        self.metrics.date_maps(isps.dates(now, instant));
        self.accusations().sweep(now);
        self.sweep_book(now);
        self.tend_caches(&swept.populations, (now, instant));
        self.events.sweep(now);
        self.metrics.count_listeners(self.events.listeners());
    }
}
