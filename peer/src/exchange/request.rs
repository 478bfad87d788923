//! A fragment that was asked for, and what has come of it.

use std::time::Instant;

use bytes::Bytes;
use mp2p::fragment::FragmentHasher;

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
}
