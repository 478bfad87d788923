//! How long nobody who is here has had anything that is missing, and what is said of it.

use std::time::{Duration, Instant};

use crate::control::message::State;
use crate::transfer::driver::Driver;

/// It is told after so long.
const TOLD_AFTER: Duration = Duration::from_secs(15);

impl Driver {
    /// Looks whether somebody has what is missing.
    pub(crate) fn look_for_givers(&mut self, now: Instant) {
        self.look_for_room();
        let waits = self.state == State::Fetching && self.engine.progress(now).missing > 0;
        if !waits || self.engine.is_given() {
            self.given_at = now;
        }
    }

    /// For how long nobody has had it.
    pub(crate) fn waiting(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.given_at)
    }
}

/// What the user has to know of it.
pub(crate) fn told(waiting: Duration) -> Option<String> {
    let text = "nobody who is here has the rest of it; waiting for somebody who has";
    (waiting >= TOLD_AFTER).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_wait_is_no_news() {
        assert!(told(Duration::ZERO).is_none() && told(Duration::from_secs(14)).is_none());
        assert!(told(Duration::from_secs(15)).is_some_and(|text| text.contains("nobody")));
    }
}
