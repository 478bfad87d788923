//! When to ask next: at an interval, later after failures, and not before the server says
//! (RFC 7285 §8.5.3). Told what time it is, and given its randomness.

use std::time::{Duration, Instant};

use crate::follow::settings::FollowSettings;

/// By what share of itself an interval is shortened or lengthened at most.
const JITTER: f64 = 0.1;

/// When the next round is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    interval: Duration,
    first_retry: Duration,
    longest_retry: Duration,
    due: Instant,
    /// Until then the server asked not to be asked.
    barred_until: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// The first round is due at once.
    pub(crate) fn new(settings: &FollowSettings, now: Instant) -> Self {
        Self {
            interval: settings.interval,
            first_retry: settings.first_retry.min(settings.longest_retry),
            longest_retry: settings.longest_retry,
            due: now,
            barred_until: None,
            failures: 0,
        }
    }

    /// When the next round is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Whether the server asked not to be asked now.
    pub(crate) fn is_barred(&self, now: Instant) -> bool {
        self.barred_until.is_some_and(|until| now < until)
    }

    /// Failed rounds since the last good one.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// A round was good; `random` is in 0..1.
    pub(crate) fn succeeded(&mut self, now: Instant, random: f64) {
        self.failures = 0;
        self.barred_until = None;
        self.due = now + self.interval.mul_f64(1.0 - JITTER + 2.0 * JITTER * random);
    }

    /// A round failed; `random` is in 0..1. Half of the wait is random, so that clients which lost
    /// a server together do not come back together.
    pub(crate) fn failed(&mut self, now: Instant, retry_after: Option<Duration>, random: f64) {
        let doublings = self.failures.min(31);
        self.failures = self.failures.saturating_add(1);
        let wait = self.first_retry.saturating_mul(1 << doublings).min(self.longest_retry);
        let wait = wait.mul_f64(0.5 + 0.5 * random);
        // What the server says comes first; nobody returns before it.
        let asked = retry_after.map(|wait| wait.mul_f64(1.0 + JITTER * random));
        self.barred_until = retry_after.map(|wait| now + wait);
        self.due = now + asked.map_or(wait, |asked| asked.max(wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn schedule(now: Instant) -> Schedule {
        Schedule::new(&FollowSettings::default(), now)
    }

    #[test]
    fn a_server_is_asked_at_once_then_about_every_interval() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        assert_eq!(schedule.due(), now);
        for (random, seconds) in [(0.0, 27), (0.5, 30), (1.0, 33)] {
            schedule.succeeded(now, random);
            assert_eq!(schedule.due() - now, seconds * SECOND);
        }
    }

    #[test]
    fn waits_double_up_to_the_longest_and_start_afresh_after_success() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        let mut wait = |random| {
            schedule.failed(now, None, random);
            (schedule.due() - now).as_secs_f64()
        };
        let waits = [(); 8].map(|()| wait(1.0));
        assert_eq!(waits, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(wait(0.0), 30.0);
        assert_eq!(schedule.failures(), 9);
        schedule.succeeded(now, 0.5);
        schedule.failed(now, None, 1.0);
        assert_eq!(schedule.due() - now, SECOND);
    }

    #[test]
    fn retry_after_is_honoured() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        schedule.failed(now, Some(120 * SECOND), 0.0);
        assert_eq!(schedule.due() - now, 120 * SECOND);
        assert!(schedule.is_barred(now + 119 * SECOND));
        assert!(!schedule.is_barred(now + 120 * SECOND));
        schedule.failed(now, Some(Duration::ZERO), 1.0);
        assert_eq!(schedule.due() - now, 2 * SECOND);
    }

    #[test]
    fn any_number_of_failures_is_counted() {
        let now = Instant::now();
        let mut schedule = schedule(now);
        for _ in 0..100 {
            schedule.failed(now, None, 1.0);
        }
        assert_eq!(schedule.due() - now, 60 * SECOND);
    }
}
