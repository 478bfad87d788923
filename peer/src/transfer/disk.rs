//! What the disk did, and what of it the user has to know.

use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::content::StoreFault;
use crate::control::message::State;
use crate::exchange::StoreError;
use crate::transfer::driver::{Done, Driver};
use crate::transfer::looking::Lacking;

/// After the last flush has failed.
const FLUSH_AGAIN: Duration = Duration::from_secs(3);

/// What the disk refuses again is not logged again for so long.
const SAME_AGAIN: Duration = Duration::from_secs(600);

/// What is wrong with the disk.
#[derive(Default)]
pub(crate) struct Complaint {
    /// What was logged last.
    logged: Option<(PathBuf, bool, Instant)>,
    /// The room that is lacking, as the last look found it…
    lacking: Lacking,
    /// … and as it is shown.
    shown: Option<String>,
}

impl Complaint {
    /// Nothing yet; `lacking`: what looks find.
    pub(crate) fn of(lacking: Lacking) -> Self {
        Self { lacking, ..Self::default() }
    }

    /// Whether this is to be logged: one file refuses many fragments.
    fn is_new(&mut self, fault: &StoreFault, now: Instant) -> bool {
        let (path, is_lost) = match fault {
            StoreFault::Lost { path, .. } => (path, true),
            StoreFault::Io { path, .. } => (path, false),
        };
        let is_known = self.logged.as_ref().is_some_and(|(before, was_lost, at)| {
            before == path && *was_lost == is_lost && now < *at + SAME_AGAIN
        });
        if !is_known {
            self.logged = Some((path.clone(), is_lost, now));
        }
        !is_known
    }
}

impl Driver {
    pub(crate) fn finished(&mut self, done: Done) {
        let now = Instant::now();
        let told = |fault: &StoreFault| match fault {
            StoreFault::Lost { .. } => StoreError::Lost,
            StoreFault::Io { .. } => StoreError::Trouble,
        };
        match done {
            Done::Class(answer) => self.confirmed(&answer, now),
            Done::Read(fragment, read) => {
                if read.is_err() {
                    self.trouble(read.as_ref().err());
                }
                self.engine.fragment_read(fragment, read.map_err(|fault| told(&fault)), now);
            }
            // The whole content has been flushed.
            Done::Stored(u32::MAX, flushed) => {
                self.trouble(flushed.as_ref().err());
                self.flush_at = flushed.is_err().then(|| now + FLUSH_AGAIN);
                if flushed.is_ok() && self.state == State::Fetching {
                    self.state = State::Sharing;
                    (self.message, self.fault) = (None, None);
                }
                self.show(now);
            }
            Done::Stored(fragment, stored) => {
                self.storing = self.storing.saturating_sub(self.length(fragment));
                self.trouble(stored.as_ref().err());
                self.engine.fragment_stored(fragment, stored.map_err(|fault| told(&fault)), now);
            }
        }
    }

    /// What the disk refuses is for the user to see: it goes on by itself once there is room.
    fn trouble(&mut self, fault: Option<&StoreFault>) {
        if self.state == State::Failed {
            return;
        }
        match fault {
            Some(fault) => {
                if self.complaint.is_new(fault, Instant::now()) {
                    tracing::warn!(error = %fault, "the disk is in the way");
                }
                if let (true, Some(cache)) =
                    (self.kept.place.cached.is_some(), self.node.cache.get())
                {
                    cache.trouble(&fault.to_string());
                }
                self.fault = Some(fault.to_string());
                if matches!(fault, StoreFault::Lost { .. }) {
                    self.lost();
                }
            }
            None if self.state == State::Fetching => self.fault = None,
            None => {}
        }
    }

    /// That there is less room than what is to come takes is shown before the disk is full.
    pub(crate) fn look_for_room(&mut self) {
        let lack = self.complaint.lacking.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lack = lack.filter(|_| self.state == State::Fetching).map(|lack| lack.to_string());
        if self.fault.is_none() || self.fault == self.complaint.shown {
            self.fault.clone_from(&lack);
            self.complaint.shown = lack;
        }
    }

    /// What was whole is so no longer: fetched again, where it is not its user's.
    pub(crate) fn lost(&mut self) {
        if !self.end_where_touched() && self.state == State::Sharing && !self.kept.place.is_source {
            self.state = State::Fetching;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn a_full_disk_is_logged_once_and_not_for_each_fragment() {
        let now = Instant::now();
        let full = |name: &str| StoreFault::Io {
            path: name.into(),
            source: ErrorKind::StorageFull.into(),
        };
        let lost = |fragment| StoreFault::Lost { fragment, path: "a".into() };
        let mut complaint = Complaint::default();
        let told = [full("a"), full("a"), full("b"), full("a"), lost(1), lost(2)];
        let told = told.map(|fault| complaint.is_new(&fault, now));
        assert_eq!(told, [true, false, true, true, true, false]);
        let later = now + Duration::from_secs(601);
        assert!(complaint.is_new(&lost(3), later) && !complaint.is_new(&lost(4), later));
    }
}
