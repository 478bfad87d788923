//! Reports of success (TR 20002 §8.3.8 step 2): what this peer received since the last one, and
//! from how far.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::List;
use mp2p::message::report::SuccessReport;

use crate::control::message::FromRank;
use crate::report::{Kind, Reports};

/// What was told, and when the next is due.
pub(crate) struct Success {
    interval: Duration,
    due: Instant,
    since: Instant,
    bytes: u64,
    fragments: u64,
    by_distance: BTreeMap<u32, u64>,
    is_complete: bool,
}

/// How far a transfer is.
pub(crate) struct Standing {
    pub(crate) bytes: u64,
    pub(crate) fragments: u64,
    pub(crate) by_rank: Vec<FromRank>,
    pub(crate) is_complete: bool,
}

impl Success {
    /// Of a transfer that begins with some of the content here.
    pub(crate) fn new((bytes, fragments): (u64, u64), is_complete: bool, now: Instant) -> Self {
        let interval = Duration::from_secs(60);
        let by_distance = BTreeMap::new();
        let due = now + interval;
        Self { interval, due, since: now, bytes, fragments, by_distance, is_complete }
    }

    /// As often as the provider asks.
    pub(crate) fn every(&mut self, seconds: u64, now: Instant) {
        self.interval = Duration::from_secs(seconds.clamp(1, 86_400));
        self.due = self.due.min(now + self.interval);
    }

    /// Whether a report is due: its time has come, or the content is whole.
    pub(crate) fn is_due(&self, is_complete: bool, now: Instant) -> bool {
        now >= self.due || (is_complete && !self.is_complete)
    }

    /// Reports what is new, where there is something.
    pub(crate) fn report(
        &mut self,
        (overlay, content): (&OverlayId, &ContentId),
        standing: Standing,
        reports: &Reports,
        now: Instant,
    ) {
        self.due = now + self.interval;
        let bytes = standing.bytes.saturating_sub(self.bytes);
        if bytes == 0 && standing.is_complete == self.is_complete {
            return;
        }
        let Ok(seq) = reports.spool.number() else { return };
        let mut by_distance = BTreeMap::new();
        for share in &standing.by_rank {
            let rank = share.rank.unwrap_or_default();
            let told = self.by_distance.insert(rank, share.bytes).unwrap_or_default();
            by_distance.insert(rank, share.bytes.saturating_sub(told));
        }
        let report = SuccessReport {
            overlay_id: overlay.clone(),
            content_id: content.clone(),
            seq,
            fragments: standing.fragments.saturating_sub(self.fragments),
            bytes,
            seconds: now.saturating_duration_since(self.since).as_secs(),
            complete: standing.is_complete,
            by_distance,
            partners: List::default(),
        };
        if let Ok(text) = serde_json::to_string(&report) {
            reports.put(Kind::Success, &format!("success {seq}"), &text);
        }
        (self.bytes, self.fragments) = (standing.bytes, standing.fragments);
        (self.since, self.is_complete) = (now, standing.is_complete);
    }
}
