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

    /// What the user has to know of a fetch that does not come on.
    pub(crate) fn why_it_waits(&self, now: Instant) -> Option<String> {
        if self.state != State::Fetching || self.engine.progress(now).missing == 0 {
            return None;
        }
        told(&About {
            waiting: self.waiting(now),
            others: self.counts.others(),
            met: self.engine.links(now).len() as u64,
            stands: now.saturating_duration_since(self.came_at),
        })
    }

    /// For how long nobody has had it.
    pub(crate) fn waiting(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.given_at)
    }
}

/// What is known of a fetch that does not come on.
#[derive(Clone, Copy)]
struct About {
    /// For so long nobody has had what is missing.
    waiting: Duration,
    /// Other members of the overlay, as OMS says.
    others: u64,
    /// Those of them that are linked with us.
    met: u64,
    /// For so long nothing has come.
    stands: Duration,
}

/// Why it waits, in a sentence; a short wait is no news.
fn told(about: &About) -> Option<String> {
    if about.waiting.max(about.stands) < TOLD_AFTER {
        return None;
    }
    Some(match (about.waiting >= TOLD_AFTER, about.others, about.met) {
        (true, 0, 0) => "nobody else is here; waiting for somebody who has it".to_owned(),
        (true, others, 0) => format!("none of the {others} others is reached; tried again"),
        (true, ..) => {
            "nobody who is here has the rest of it; waiting for somebody who has".to_owned()
        }
        (false, ..) => {
            "those who have the rest give nothing now: they are busy, or do not answer".to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_wait_is_no_news_and_a_long_one_has_its_reason() {
        let about = |waiting, others, met, stands| {
            let (waiting, stands) = (Duration::from_secs(waiting), Duration::from_secs(stands));
            told(&About { waiting, others, met, stands }).unwrap_or_default()
        };
        assert!(about(0, 0, 0, 0).is_empty() && about(14, 3, 0, 14).is_empty());
        assert!(about(15, 0, 0, 15).contains("nobody else"));
        assert!(about(15, 3, 0, 15).contains("none of the 3 others is reached"));
        assert!(about(15, 3, 2, 15).contains("nobody who is here has the rest"));
        assert!(about(0, 3, 2, 15).contains("give nothing now"));
    }
}
