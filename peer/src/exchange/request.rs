//! A fragment that was asked for, and what has come of it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::fragment::FragmentHasher;

/// What has begun and brings nothing for so long is held up.
pub(crate) const HELD_UP: Duration = Duration::from_secs(2);

/// One GET.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) fragment: u32,
    pub(crate) since: Instant,
    /// When its first slice came.
    pub(crate) begun: Option<Instant>,
    /// When its last one did.
    pub(crate) last: Instant,
    /// The next byte.
    pub(crate) offset: u32,
    pub(crate) hasher: FragmentHasher,
    pub(crate) slices: Vec<Bytes>,
}

impl Request {
    pub(crate) fn new(fragment: u32, hasher: FragmentHasher, now: Instant) -> Self {
        Self { fragment, since: now, begun: None, last: now, offset: 0, hasher, slices: Vec::new() }
    }

    pub(crate) fn take(&mut self, bytes: Bytes, now: Instant) {
        self.begun.get_or_insert(now);
        self.last = now;
        self.offset = self.offset.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.hasher.update(&bytes);
        self.slices.push(bytes);
    }
    /// Of a fragment of `length` bytes: seconds since it began to come, and those until it is whole
    /// if it goes on like this.
    pub(crate) fn pace(&self, length: u32, now: Instant) -> (f64, f64) {
        let Some(begun) = self.begun else { return (0.0, f64::INFINITY) };
        let spent = now.saturating_duration_since(begun).as_secs_f64();
        let left = length.saturating_sub(self.offset);
        (spent, spent * f64::from(left) / f64::from(self.offset.max(1)))
    }
}
