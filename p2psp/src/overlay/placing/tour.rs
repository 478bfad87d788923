//! The way from PID to PID, near to far.
//!
//! ```text
//!  few PIDs with members:   their places in the order of all PIDs, put in order
//!  many:                    down the order of all PIDs, as far as need be
//! ```

use smallvec::SmallVec;

use crate::isp::{NO_COST, Nearness, Outlook};
use crate::overlay::placing::{Bucket, Index, NOBODY, Placing, place};

/// PIDs that are looked at together: whether somebody is in one is a matter of chance, and to guess
/// it wrong takes as long as to look at ten.
const TOGETHER: usize = 32;

/// A PID where somebody is, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop<'a> {
    /// Its index, or [`crate::overlay::placing::NOWHERE`].
    pub(crate) pid: u32,
    /// The ordinal cost to there, or [`NO_COST`].
    pub(crate) distance: u32,
    pub(crate) members: &'a [u32],
}

impl<'a> Stop<'a> {
    fn at(bucket: &'a Bucket, distance: u32) -> Self {
        Self { pid: bucket.pid, distance, members: &bucket.members }
    }
}

impl Placing {
    /// Goes from PID to PID, near to far, as long as `visit` says so. Equally near ones, and those
    /// without cost, which come last, by their index.
    pub(crate) fn tour<'a>(&'a self, outlook: &Outlook, visit: impl FnMut(Stop<'a>) -> bool) {
        let near = outlook.nearness();
        match (&self.index, near.as_deref()) {
            (Index::Few(_), Some(near)) => self.tour_few(near, visit),
            (Index::Many(places), Some(near)) => self.tour_many(places, near, visit),
            (_, None) => self.tour_blind(visit),
        }
    }

    fn tour_few<'a>(&'a self, near: &Nearness, mut visit: impl FnMut(Stop<'a>) -> bool) {
        let all = &*near.places;
        let mut places = Places::with_capacity(self.buckets.len());
        for (at, bucket) in (0..).zip(&self.buckets) {
            places.push((all[place(bucket.pid, all)], at));
        }
        for (place, at) in &*in_order(places, all.len()) {
            let (_, distance) = near.order[*place as usize];
            if !visit(Stop::at(&self.buckets[*at as usize], distance)) {
                return;
            }
        }
    }

    fn tour_many<'a>(
        &'a self,
        places: &[u32],
        near: &Nearness,
        mut visit: impl FnMut(Stop<'a>) -> bool,
    ) {
        for part in near.order.chunks(TOGETHER) {
            let (mut here, mut count) = ([(0, 0); TOGETHER], 0);
            for (pid, distance) in part {
                let at = places.get(*pid as usize).copied().unwrap_or(NOBODY);
                here[count] = (at, *distance);
                count += usize::from(at != NOBODY);
            }
            for (at, distance) in &here[..count] {
                if !visit(Stop::at(&self.buckets[*at as usize], *distance)) {
                    return;
                }
            }
        }
    }

    /// The same where no costs are known.
    fn tour_blind<'a>(&'a self, mut visit: impl FnMut(Stop<'a>) -> bool) {
        let mut all: Vec<&Bucket> = self.buckets.iter().collect();
        // No PID comes first.
        all.sort_unstable_by_key(|bucket| bucket.pid.wrapping_add(1));
        let _ = all.into_iter().all(|bucket| visit(Stop::at(bucket, NO_COST)));
    }
}

/// As many as most overlays have stay off the heap.
type Places = SmallVec<[(u32, u32); 128]>;

/// Puts buckets in the order of their places, of which there are `all`, and none twice.
fn in_order(mut places: Places, all: usize) -> Places {
    const BITS: usize = u64::BITS as usize;
    // Each place is a bit; how many are set before it is where it comes.
    let words = all.div_ceil(BITS);
    if places.len() < words {
        places.sort_unstable();
        return places;
    }
    let mut words: SmallVec<[(u64, u32); 32]> = SmallVec::from_elem((0, 0), words);
    let (words, places) = (&mut *words, &*places);
    for (place, _) in places {
        words[*place as usize / BITS].0 |= 1 << (*place as usize % BITS);
    }
    let mut count = 0;
    for (taken, before) in &mut *words {
        *before = count;
        count += taken.count_ones();
    }
    let mut sorted = Places::from_slice(places);
    let put = &mut *sorted;
    for one in places {
        let (taken, before) = words[one.0 as usize / BITS];
        let below = taken & ((1 << (one.0 as usize % BITS)) - 1);
        put[(before + below.count_ones()) as usize] = *one;
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As the sort of the standard library has it.
        #[test]
        fn places_come_in_order(places in prop::collection::hash_set(0..300_u32, 0..120)) {
            let places: Places = places.into_iter().zip(7..).collect();
            let mut sorted = places.to_vec();
            sorted.sort_unstable();
            prop_assert_eq!(in_order(places, 300).to_vec(), sorted);
        }
    }
}
