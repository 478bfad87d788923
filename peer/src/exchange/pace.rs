//! How long fragments take, from the GET to the last byte: one estimate that all decisions share.
//!
//! What near and far fragments took lately is *usual*; many times as much is *too long*.
//!
//! And how much of the own access is used: what goes out now, beside the most that went out lately.

use std::time::{Duration, Instant};

use crate::exchange::link::Rate;

/// Before any fragment has come: near, far.
const FIRST: (f64, f64) = (2.0, 4.0);
/// Weight of the last fragment in what is usual.
const LAST: f64 = 0.1;
/// Slow is so many times the usual time…
const SLOW_TIMES: f64 = 5.0;
/// … and so long at least, near; twice as much from afar.
const SLOW_S: f64 = 10.0;
/// All of these seconds are for fragments of so many bytes, and longer ones: shorter ones take
/// less, but not below half of it, for much else takes time.
const FRAGMENT_BYTES: f64 = 262_144.0;
const SHORTEST: f64 = 0.5;

/// Seconds that fragments took lately.
#[derive(Debug)]
pub(crate) struct Usual {
    near: f64,
    far: f64,
    /// Of what is said above for long fragments.
    part: f64,
}

impl Usual {
    /// For fragments of so many bytes.
    pub(crate) fn new(fragment_bytes: u32) -> Self {
        let part = (f64::from(fragment_bytes) / FRAGMENT_BYTES).clamp(SHORTEST, 1.0);
        Self { near: FIRST.0 * part, far: FIRST.1 * part, part }
    }

    pub(crate) fn add(&mut self, near: bool, took: Duration) {
        let mean = if near { &mut self.near } else { &mut self.far };
        *mean += (took.as_secs_f64() - *mean) * LAST;
    }

    /// Seconds.
    pub(crate) fn of(&self, near: bool) -> f64 {
        if near { self.near } else { self.far }
    }

    /// Longer than this nobody waits, seconds.
    pub(crate) fn too_long(&self, near: bool, crowd: f64) -> f64 {
        let least = if near { SLOW_S } else { 2.0 * SLOW_S };
        (least * self.part * crowd).max(self.of(near) * SLOW_TIMES)
    }
}

/// What goes out is a rate over so long, and known after so long.
const GIVEN_SPAN: Duration = Duration::from_secs(8);
const GIVEN_KNOWN: Duration = Duration::from_secs(5);
/// The access is full where so much of the most goes out.
const FULL: f64 = 0.75;
/// So much of the most is remembered from tick to tick.
const REMEMBERED: f64 = 0.998;

/// How much of the own access is used.
#[derive(Debug, Default)]
pub(crate) struct Access {
    given: Option<Rate>,
    /// Bytes a second, at most lately.
    most: f64,
}

impl Access {
    /// Bytes went out.
    pub(crate) fn written(&mut self, bytes: usize, now: Instant) {
        self.given.get_or_insert(Rate::over(GIVEN_SPAN, now)).add(bytes, now);
    }

    /// Each tick.
    pub(crate) fn note(&mut self, now: Instant) {
        if let Some(given) = self.given.filter(|given| given.is_known(GIVEN_KNOWN, now)) {
            self.most = (self.most * REMEMBERED).max(given.at(now));
        }
    }

    /// Whether about as much goes out as can, or as long as that is not known.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        let given = self.given.filter(|given| given.is_known(GIVEN_KNOWN, now));
        given.is_none_or(|given| given.at(now) >= self.most * FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 s near and 20 s from afar at first, for a quarter of a mebibyte and more; half of it for
    /// an eighth and less. Where fragments took 4 s of late, five times that.
    #[test]
    fn nobody_waits_as_long_for_short_fragments() {
        let long = |kib: u32, near| Usual::new(kib << 10).too_long(near, 1.0);
        assert_eq!([256, 1024].map(|kib| (long(kib, true), long(kib, false))), [(10.0, 20.0); 2]);
        assert_eq!([16, 128].map(|kib| (long(kib, true), long(kib, false))), [(5.0, 10.0); 2]);
        assert_eq!(long(192, true), 7.5);
        let mut usual = Usual::new(128 << 10);
        (0..200).for_each(|_| usual.add(true, Duration::from_secs(4)));
        assert!((usual.too_long(true, 1.0) - 20.0).abs() < 1e-3);
        assert!((usual.too_long(true, 5.0) - 25.0).abs() < 1e-9, "a crowd");
    }

    /// 100 kB/s for 20 s, then 10 kB/s: at first nothing is known, then the access is full, then it
    /// has more to give; an hour later 10 kB/s is all that is remembered.
    #[test]
    fn an_access_is_full_where_as_much_goes_out_as_lately() {
        let start = Instant::now();
        let mut access = Access::default();
        let mut at = |from: u64, to: u64, bytes: usize| {
            for tenth in from * 10..to * 10 {
                let now = start + Duration::from_millis(tenth * 100);
                access.written(bytes, now);
                access.note(now);
            }
            access.is_full(start + Duration::from_secs(to))
        };
        assert!(at(0, 2, 10_000) && at(2, 20, 10_000));
        assert!(at(20, 22, 1000), "a moment is no slump");
        assert!(!at(22, 60, 1000));
        assert!(at(60, 3660, 1000));
    }
}
