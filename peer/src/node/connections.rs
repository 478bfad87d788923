//! Connections of all transfers together: as many as the user set, and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many there are, and may be.
#[derive(Debug)]
pub(crate) struct Connections {
    open: AtomicUsize,
    most: AtomicUsize,
}

/// The place of one connection; given back by being dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Connections>);

impl Connections {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: AtomicUsize::new(0), most: AtomicUsize::new(most) }
    }

    /// Another bound from now on; those that are open beyond it are for their transfers to close.
    pub(crate) fn set(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// A place, where there is one.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let most = self.most.load(Ordering::Relaxed);
        let taken = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            (open < most).then_some(open + 1)
        });
        taken.ok().map(|_before| Place(Arc::clone(self)))
    }

    pub(crate) fn is_full(&self) -> bool {
        self.open.load(Ordering::Relaxed) >= self.most.load(Ordering::Relaxed)
    }

    /// How many are open beyond the bound.
    pub(crate) fn over(&self) -> usize {
        self.open.load(Ordering::Relaxed).saturating_sub(self.most.load(Ordering::Relaxed))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_up_to_the_bound_and_come_back() {
        let all = Arc::new(Connections::new(2));
        let (one, two) = (all.enter().unwrap(), all.enter().unwrap());
        assert!(all.enter().is_none() && all.is_full());
        all.set(1);
        assert_eq!(all.over(), 1);
        drop(one);
        assert!(all.enter().is_none() && all.over() == 0);
        drop(two);
        assert!(all.enter().is_some());
    }
}
