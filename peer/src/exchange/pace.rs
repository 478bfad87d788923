//! How long fragments take, from the GET to the last byte: one estimate that all decisions share.
//!
//! What near and far fragments took lately is *usual*; many times as much is *too long*.

use std::time::Duration;

/// Before any fragment has come: near, far.
const FIRST: (f64, f64) = (2.0, 4.0);
/// Weight of the last fragment in what is usual.
const LAST: f64 = 0.1;
/// Slow is so many times the usual time…
const SLOW_TIMES: f64 = 5.0;
/// … and so long at least, near; twice as much from afar.
const SLOW_S: f64 = 10.0;

/// Seconds that fragments took lately.
#[derive(Debug)]
pub(crate) struct Usual {
    near: f64,
    far: f64,
}

impl Default for Usual {
    fn default() -> Self {
        Self { near: FIRST.0, far: FIRST.1 }
    }
}

impl Usual {
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
        (least * crowd).max(self.of(near) * SLOW_TIMES)
    }
}
