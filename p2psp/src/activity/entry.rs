//! What is kept of one peer in memory.

use std::collections::VecDeque;

use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::Window;
use mp2p::message::resource::Resource;
use mp2p::message::status::{PeerStatus, StaticStatus};

use crate::activity::store::{Aged, Record, Told};

/// One peer.
pub(crate) struct Entry {
    pub(crate) at: u64,
    reports: u64,
    status: PeerStatus,
    extra: Option<Box<Extra>>,
    history: VecDeque<Window>,
}

/// What few peers tell.
#[derive(Default)]
struct Extra {
    user: Option<UserId>,
    via: Option<PeerId>,
    fixed: Option<StaticStatus>,
    resources: Box<[Resource]>,
}

/// How history is kept.
#[derive(Clone, Copy, Debug)]
pub struct HistoryBounds {
    /// Seconds of a window.
    pub window_s: u64,
    /// Windows of a peer.
    pub windows: usize,
}

impl Entry {
    pub(crate) fn new() -> Self {
        let status = PeerStatus::default();
        Self { at: 0, reports: 0, status, extra: None, history: VecDeque::new() }
    }

    pub(crate) fn take(&mut self, told: Told, now: u64, bounds: HistoryBounds) {
        let Told { report, user, via } = told;
        self.note(&report.status, now, bounds);
        (self.status, self.at) = (report.status, now);
        self.reports += 1;
        let extra = self.extra.get_or_insert_default();
        (extra.user, extra.via) = (user, via);
        if report.fixed.is_some() {
            extra.fixed = report.fixed;
        }
        if let Some(resources) = report.resources {
            extra.resources = resources.iter().cloned().collect();
            for resource in &mut extra.resources {
                resource.owner.clone_from(&extra.user);
            }
        }
    }

    fn note(&mut self, status: &PeerStatus, now: u64, bounds: HistoryBounds) {
        let from = now - now % bounds.window_s.max(1);
        if self.history.back().is_none_or(|window| window.from < from) {
            while self.history.len() >= bounds.windows.max(1) {
                self.history.pop_front();
            }
            self.history.push_back(Window { from, ..Window::default() });
        }
        let Some(window) = self.history.back_mut() else { return };
        let (before, load) = (f64::from(window.reports), status.load());
        let mean = |mean: f64, new: f64| (mean * before + new) / (before + 1.0);
        window.load = mean(f64::from(window.load), f64::from(load)) as f32;
        window.max_load = window.max_load.max(load);
        window.up_bps = mean(window.up_bps as f64, status.up_bps as f64) as u64;
        window.down_bps = mean(window.down_bps as f64, status.down_bps as f64) as u64;
        window.reports += 1;
    }

    pub(crate) fn aged(&self, now: u64) -> Aged {
        Aged { status: self.status.clone(), age_s: now.saturating_sub(self.at) }
    }

    pub(crate) fn record(&self, now: u64) -> Record {
        let extra = self.extra.as_deref();
        Record {
            user: extra.and_then(|extra| extra.user.clone()),
            aged: self.aged(now),
            reports: self.reports,
            fixed: extra.and_then(|extra| extra.fixed.clone()),
            via: extra.and_then(|extra| extra.via.clone()),
            history: self.history.iter().copied().collect(),
        }
    }

    pub(crate) fn resources(&self) -> &[Resource] {
        self.extra.as_deref().map_or(&[], |extra| &extra.resources)
    }

    /// Whether its user agreed that its status is shown as it is (TR 20002 Annex A.1).
    pub(crate) fn agreed(&self) -> bool {
        let fixed = self.extra.as_deref().and_then(|extra| extra.fixed.as_ref());
        fixed.is_some_and(|fixed| fixed.sharing_policy.show_status)
    }
}
