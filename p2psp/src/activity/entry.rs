//! What is kept of one peer in memory: 104 bytes, 24 for each window of history but the last, and
//! what few peers tell.

use mp2p::id::{PeerId, UserId};
use mp2p::message::resource::Resource;
use mp2p::message::status::StaticStatus;

use crate::activity::packed::{PackedStatus, PackedWindow};
use crate::activity::store::{Aged, Record, StatusBounds, Told};

/// One peer.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    status: PackedStatus,
    /// The last window.
    window: PackedWindow,
    reports: u32,
    /// Unix seconds.
    at: u32,
    /// Bytes out on the day of the last report: of each what it measured since the one before.
    sent: u64,
    user: Option<UserId>,
    more: Option<Box<More>>,
}

/// What newcomers have none of.
#[derive(Debug, Default)]
struct More {
    /// The windows before the last, oldest first.
    past: Vec<PackedWindow>,
    extra: Option<Box<Extra>>,
}

/// What few peers tell.
#[derive(Debug, Default)]
struct Extra {
    via: Option<PeerId>,
    fixed: Option<StaticStatus>,
    resources: Box<[Resource]>,
}

impl Entry {
    pub(crate) fn take(&mut self, told: Told, now: u64, bounds: &StatusBounds) {
        let Told { report, user, via } = told;
        self.roll(now - now % bounds.window_s.max(1), bounds.windows.max(1));
        self.measure(report.status.up_bps, now, bounds.max_age_s);
        self.window.note(&report.status);
        self.status = PackedStatus::of(&report.status);
        self.at = u32::try_from(now).unwrap_or(u32::MAX);
        self.reports = self.reports.saturating_add(1);
        self.user = user;
        let says_more = via.is_some() || report.fixed.is_some() || report.resources.is_some();
        if !says_more && self.extra().is_none() {
            return;
        }
        let extra = self.more.get_or_insert_default().extra.get_or_insert_default();
        extra.via = via;
        if report.fixed.is_some() {
            extra.fixed = report.fixed;
        }
        if let Some(resources) = report.resources {
            extra.resources = resources.iter().cloned().collect();
            for resource in &mut extra.resources {
                resource.owner.clone_from(&self.user);
            }
        }
    }

    /// A report that comes late is of no longer than `max_age_s`, and the first one of no time.
    fn measure(&mut self, up_bps: u64, now: u64, max_age_s: u64) {
        let is_first = self.reports == 0;
        let since_s = if is_first { 0 } else { now.saturating_sub(self.at()).min(max_age_s) };
        let before = if day_of(self.at()) == day_of(now) { self.sent } else { 0 };
        self.sent = before.saturating_add(up_bps.saturating_mul(since_s) / 8);
    }

    /// The day of the last report, since 1970, UTC, and the bytes out that were measured on it.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (day_of(self.at()), self.sent)
    }

    /// Begins a new window where the last one is over.
    fn roll(&mut self, from: u64, windows: usize) {
        if !self.window.is_empty() && self.window.from() >= from {
            return;
        }
        let over = std::mem::replace(&mut self.window, PackedWindow::new(from));
        if over.is_empty() {
            return;
        }
        let past = &mut self.more.get_or_insert_default().past;
        past.reserve_exact(1);
        past.push(over);
        let excess = past.len().saturating_sub(windows - 1);
        past.drain(..excess);
    }

    pub(crate) fn at(&self) -> u64 {
        u64::from(self.at)
    }

    pub(crate) fn aged(&self, now: u64) -> Aged {
        Aged { status: self.status.get(), age_s: now.saturating_sub(self.at()) }
    }

    pub(crate) fn record(&self, now: u64) -> Record {
        let extra = self.extra();
        let past = self.more.iter().flat_map(|more| &more.past);
        Record {
            user: self.user.clone(),
            aged: self.aged(now),
            reports: u64::from(self.reports),
            fixed: extra.and_then(|extra| extra.fixed.clone()),
            via: extra.and_then(|extra| extra.via.clone()),
            history: past.chain([&self.window]).map(|window| window.get()).collect(),
        }
    }

    fn extra(&self) -> Option<&Extra> {
        self.more.as_deref()?.extra.as_deref()
    }

    pub(crate) fn resources(&self) -> &[Resource] {
        self.extra().map_or(&[], |extra| &extra.resources)
    }

    /// Whether its user agreed that its status is shown as it is (TR 20002 Annex A.1).
    pub(crate) fn agreed(&self) -> bool {
        let fixed = self.extra().and_then(|extra| extra.fixed.as_ref());
        fixed.is_some_and(|fixed| fixed.sharing_policy.show_status)
    }
}

const fn day_of(unix_s: u64) -> u64 {
    const DAY_S: u64 = 86_400;
    unix_s / DAY_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_no_larger_than_it_says() {
        assert_eq!(size_of::<Option<Entry>>(), 104);
    }
}
