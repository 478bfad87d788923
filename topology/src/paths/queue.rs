//! A priority queue for costs that only grow: a row of buckets, and what lies beyond it.
//!
//! A window over the costs is cut into buckets of equal width (R. B. Dial, "Algorithm 360:
//! shortest-path forest with topological ordering", CACM 12(11), 1969). Where a bucket is no wider
//! than the cheapest arc, nothing in it has to be put in order; where it is, the bucket is sorted
//! when its turn comes, so that costs leave in order whatever the width. What lies beyond the
//! window waits, and the next window is as wide as what waits.

use crate::paths::{Thousandths, Vertex};

/// Buckets in a window.
const BUCKETS: usize = 1024;
/// Buckets that a usual step leads over: fine enough that few costs share a bucket.
const BUCKETS_PER_STEP: u64 = 16;
const WORD_BITS: usize = u64::BITS as usize;

type Entry = (Thousandths, Vertex);

/// Vertices by cost. A cost pushed must not be below the last one popped.
pub(crate) struct Queue {
    /// Width of a bucket that suits the graph, as a power of two.
    usual_shift: u32,
    shift: u32,
    /// The cost where the window begins.
    base: Thousandths,
    buckets: Vec<Vec<Entry>>,
    /// A bit for each bucket that is not empty.
    filled: [u64; BUCKETS / WORD_BITS],
    /// The bucket whose turn it is: in descending order, while the others are in none.
    current: usize,
    beyond: Vec<Entry>,
}

impl Queue {
    /// For steps of about this cost.
    pub(crate) fn new(usual_step: Thousandths) -> Self {
        let usual_shift = (usual_step / BUCKETS_PER_STEP).max(1).ilog2();
        Self {
            usual_shift,
            shift: usual_shift,
            base: 0,
            buckets: vec![Vec::new(); BUCKETS],
            filled: [0; BUCKETS / WORD_BITS],
            current: 0,
            beyond: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for (word, filled) in self.filled.iter_mut().enumerate() {
            while *filled != 0 {
                self.buckets[word * WORD_BITS + filled.trailing_zeros() as usize].clear();
                *filled &= *filled - 1;
            }
        }
        self.beyond.clear();
        (self.base, self.current, self.shift) = (0, 0, self.usual_shift);
    }

    #[inline]
    pub(crate) fn push(&mut self, cost: Thousandths, vertex: Vertex) {
        let at = (cost - self.base) >> self.shift;
        if at >= BUCKETS as u64 {
            self.beyond.push((cost, vertex));
            return;
        }
        let at = at as usize;
        let bucket = &mut self.buckets[at];
        if at == self.current {
            let place = bucket.partition_point(|(other, _)| *other >= cost);
            bucket.insert(place, (cost, vertex));
        } else {
            bucket.push((cost, vertex));
        }
        self.filled[at / WORD_BITS] |= 1 << (at % WORD_BITS);
    }

    /// A vertex of the lowest cost.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Entry> {
        loop {
            if let Some(entry) = self.buckets[self.current].pop() {
                return Some(entry);
            }
            self.filled[self.current / WORD_BITS] &= !(1 << (self.current % WORD_BITS));
            match self.next_filled() {
                Some(next) => {
                    self.current = next;
                    self.buckets[next].sort_unstable_by_key(|(cost, _)| std::cmp::Reverse(*cost));
                }
                None if self.beyond.is_empty() => return None,
                None => self.move_on(),
            }
        }
    }

    fn next_filled(&self) -> Option<usize> {
        let first = self.current / WORD_BITS;
        let word = (first..self.filled.len()).find(|word| self.filled[*word] != 0)?;
        Some(word * WORD_BITS + self.filled[word].trailing_zeros() as usize)
    }

    /// A window over all that waits beyond the old one, which is empty.
    fn move_on(&mut self) {
        let costs = self.beyond.iter().map(|(cost, _)| *cost);
        let (lowest, highest) =
            costs.fold((Thousandths::MAX, 0), |(low, high), cost| (low.min(cost), high.max(cost)));
        let width = (highest - lowest) / BUCKETS as u64 + 1;
        self.shift = self.usual_shift.max(width.next_power_of_two().ilog2());
        self.base = lowest;
        self.current = 0;
        // The bucket at `current` is kept in order by `push`, as any that is not empty.
        for (cost, vertex) in std::mem::take(&mut self.beyond) {
            self.push(cost, vertex);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether to pop, or else how far above the last cost to push: mostly near, at times far.
    fn steps() -> impl Strategy<Value = Vec<(bool, u64)>> {
        let step = prop_oneof![9 => 0u64..9_999, 1 => 0u64..9_999_999_999];
        prop::collection::vec((any::<bool>(), step), 1..200)
    }

    proptest! {
        #[test]
        fn costs_come_out_in_order(
            rounds in prop::collection::vec(steps(), 1..3), usual in 0u64..9_999,
        ) {
            let mut queue = Queue::new(usual);
            for steps in rounds {
                queue.clear();
                let mut oracle = std::collections::BinaryHeap::new();
                let mut last = 0;
                for (pop, step) in steps {
                    if pop {
                        let expected = oracle.pop().map(|std::cmp::Reverse(cost)| cost);
                        prop_assert_eq!(queue.pop().map(|(cost, _)| cost), expected);
                        last = expected.unwrap_or(last);
                    } else {
                        queue.push(last + step, 0);
                        oracle.push(std::cmp::Reverse(last + step));
                    }
                }
            }
        }
    }
}
