//! How old the maps are, and when they were last found right.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// How far a follower's maps can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freshness {
    /// Since the maps were fetched; none where there are none.
    pub snapshot_age: Option<Duration>,
    /// Since the server last said that they are right, or sent them.
    pub checked_age: Option<Duration>,
    /// Whether that is too long ago, or never was.
    pub stale: bool,
    /// Why the last round failed; none where it did not.
    pub last_error: Option<Arc<str>>,
}

/// What happened when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    fetched_at: Option<Instant>,
    checked_at: Option<Instant>,
    last_error: Option<Arc<str>>,
}

impl Record {
    /// At `asked_at` the maps in force were right.
    pub(crate) fn confirmed(&mut self, asked_at: Instant) {
        self.checked_at = Some(asked_at);
        self.last_error = None;
    }

    /// New maps, right at `asked_at`.
    pub(crate) fn replaced(&mut self, asked_at: Instant) {
        self.fetched_at = Some(asked_at);
        self.confirmed(asked_at);
    }

    /// A round failed; whether for another reason than the one before.
    pub(crate) fn failed(&mut self, error: &str) -> bool {
        let is_new = self.last_error.as_deref() != Some(error);
        self.last_error = Some(Arc::from(error));
        is_new
    }

    pub(crate) fn freshness(&self, now: Instant, stale_after: Duration) -> Freshness {
        let since = |then: Option<Instant>| then.map(|then| now.saturating_duration_since(then));
        let checked_age = since(self.checked_at);
        Freshness {
            snapshot_age: since(self.fetched_at),
            checked_age,
            stale: checked_age.is_none_or(|age| age > stale_after),
            last_error: self.last_error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn maps_age_from_their_fetching_and_go_stale_from_their_last_check() {
        let start = Instant::now();
        let mut record = Record::default();
        assert!(record.freshness(start, MINUTE).stale);
        record.replaced(start);
        record.confirmed(start + MINUTE);
        let told = ["away", "away", "gone"].map(|error| record.failed(error));
        assert_eq!(told, [true, false, true], "each reason once");
        let at = |minutes| record.freshness(start + minutes * MINUTE, MINUTE);
        assert_eq!(at(2).snapshot_age, Some(2 * MINUTE));
        assert_eq!(at(2).checked_age, Some(MINUTE));
        assert!(!at(2).stale);
        assert!(at(3).stale);
        assert_eq!(at(3).last_error.as_deref(), Some("gone"));
        record.confirmed(start + 3 * MINUTE);
        assert_eq!(record.freshness(start + 3 * MINUTE, MINUTE).last_error, None);
    }
}
