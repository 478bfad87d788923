//! Buffers for what comes, that are used again: what a new one costs is the pages that the system
//! makes blank for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;

/// Bytes of a buffer: of one link at first, and at most.
const BYTES: (usize, usize) = (128 << 10, 1 << 20);
/// A buffer that is full sooner than that is too small.
const QUICK: Duration = Duration::from_millis(100);
/// Buffers at most that are kept to be used again.
const MAX_KEPT: usize = 16;

/// The buffers of one link.
pub(crate) struct Room {
    /// Of the next buffer.
    bytes: usize,
    since: Instant,
    /// Those that were used, the first at the front: of each what is behind its last frame.
    used: VecDeque<BytesMut>,
}

impl Room {
    pub(crate) fn new(now: Instant) -> Self {
        Self { bytes: BYTES.0, since: now, used: VecDeque::new() }
    }

    /// Makes room for `least` bytes more in `buffer`, which keeps what it has.
    pub(crate) fn make(&mut self, buffer: &mut BytesMut, least: usize, now: Instant) {
        if buffer.capacity() - buffer.len() >= least {
            return;
        }
        let quick = now.saturating_duration_since(self.since) < QUICK;
        let bytes = if quick { self.bytes * 2 } else { self.bytes / 2 };
        (self.bytes, self.since) = (bytes.clamp(BYTES.0, BYTES.1), now);
        let mut next = self.take(self.bytes.max(buffer.len() + least));
        next.extend_from_slice(buffer);
        let mut full = std::mem::replace(buffer, next);
        full.clear();
        if self.used.len() == MAX_KEPT {
            self.used.pop_front();
        }
        self.used.push_back(full);
    }

    /// Nothing has come for a while: what was kept is given back.
    pub(crate) fn clear(&mut self) {
        self.used.clear();
        self.bytes = BYTES.0;
    }

    /// One that is long enough and of which nobody needs what was in it any more, if there is one.
    fn take(&mut self, bytes: usize) -> BytesMut {
        let free = self.used.iter_mut().position(|used| used.try_reclaim(bytes));
        let free = free.and_then(|place| self.used.remove(place));
        free.unwrap_or_else(|| BytesMut::with_capacity(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_once_nobody_needs_what_was_in_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut room = Room::new(start);
        let mut buffer = BytesMut::new();
        room.make(&mut buffer, 1, at(1));
        let first = buffer.as_ptr();
        let size = buffer.capacity();
        buffer.resize(size, 7);
        let frame = buffer.split_to(size - 3).freeze();
        room.make(&mut buffer, 1, at(2));
        // The beginning of the next frame has come along.
        assert!(buffer.as_ptr() != first && *buffer == [7; 3]);
        assert_eq!(frame, vec![7; size - 3]);
        drop(frame);
        buffer.resize(buffer.capacity(), 8);
        drop(buffer.split());
        room.make(&mut buffer, 1, at(3));
        assert_eq!(buffer.as_ptr(), first);
        // One that is full at once is followed by a longer one.
        buffer.resize(buffer.capacity(), 9);
        room.make(&mut buffer, 1, at(3));
        assert_eq!(buffer.capacity(), 2 * size);
    }
}
