//! Buffers that fragments are read into, used again by the next ones: what a new one costs is the
//! pages that the system makes blank for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// Most bytes that wait to be used again, in the whole process.
const MAX_FREE_BYTES: usize = 16 << 20;

/// Of the process: a content is worked on for a while, and others come after it.
static FREE: Free = Free::new();

/// Buffers that nobody uses; the last used at the end.
struct Free(Mutex<Vec<Vec<u8>>>);

/// A buffer; it waits for the next use once it is dropped.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// How much of it is used.
    length: usize,
    home: &'static Free,
}

impl Buffer {
    /// Of `length` bytes; what is in it is what was in it before.
    pub(crate) fn take(length: usize) -> Self {
        FREE.take(length)
    }

    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl AsMut<[u8]> for Buffer {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give(std::mem::take(&mut self.bytes));
    }
}

impl Free {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&'static self, length: usize) -> Buffer {
        let mut free = self.lock();
        // None that is much too long: it would be held by little.
        let fits = |bytes: &Vec<u8>| (length..=length.saturating_mul(2)).contains(&bytes.len());
        let place = free.iter().rposition(fits);
        let bytes = place.map(|place| free.remove(place));
        drop(free);
        let bytes = bytes.unwrap_or_else(|| vec![0; length]);
        Buffer { bytes, length, home: self }
    }

    fn give(&self, bytes: Vec<u8>) {
        let mut free = self.lock();
        free.push(bytes);
        let mut all: usize = free.iter().map(Vec::len).sum();
        while all > MAX_FREE_BYTES {
            all -= free.remove(0).len();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_and_what_is_frozen_is_not() {
        let free: &Free = Box::leak(Box::new(Free::new()));
        let mut buffer = free.take(5000);
        buffer.as_mut().fill(7);
        let frozen = buffer.freeze();
        let part = frozen.slice(10..20);
        drop(frozen);
        let mut other = free.take(5000);
        other.as_mut().fill(9);
        assert_eq!(*part, [7; 10]);
        let at = other.as_ref().as_ptr();
        drop(other);
        let shorter = free.take(2500);
        assert_eq!((shorter.as_ref().as_ptr(), shorter.as_ref().len()), (at, 2500));
        drop(shorter);
        assert_ne!(free.take(2499).as_ref().as_ptr(), at);
    }

    #[test]
    fn what_waits_is_bounded() {
        let free: &Free = Box::leak(Box::new(Free::new()));
        drop([5, 6, 7, 3].map(|mib| free.take(mib << 20)));
        let left: Vec<usize> = free.lock().iter().map(|bytes| bytes.len() >> 20).collect();
        assert_eq!(left, [6, 7, 3]);
    }
}
