//! A priority queue for costs that only grow: a radix heap.
//!
//! R. K. Ahuja, K. Mehlhorn, J. B. Orlin, R. E. Tarjan, "Faster algorithms for the shortest path
//! problem", J. ACM 37(2), 1990. Where all steps cost the same it works as a plain queue does.

use crate::cost::weight::Thousandths;
use crate::graph::NodeIndex;

/// One bucket for the last cost and one for each bit in which a larger one first differs from it.
const BUCKETS: usize = Thousandths::BITS as usize + 1;

/// Nodes by cost. A cost pushed must not be below the last one popped.
pub(crate) struct Queue {
    last: Thousandths,
    buckets: [Vec<(Thousandths, NodeIndex)>; BUCKETS],
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self { last: 0, buckets: [const { Vec::new() }; BUCKETS] }
    }

    pub(crate) fn clear(&mut self) {
        self.last = 0;
        self.buckets.iter_mut().for_each(Vec::clear);
    }

    pub(crate) fn push(&mut self, cost: Thousandths, node: NodeIndex) {
        self.buckets[bucket(self.last, cost)].push((cost, node));
    }

    /// A node of the lowest cost.
    pub(crate) fn pop(&mut self) -> Option<(Thousandths, NodeIndex)> {
        if let Some(entry) = self.buckets[0].pop() {
            return Some(entry);
        }
        let first = self.buckets.iter().position(|bucket| !bucket.is_empty())?;
        let mut entries = std::mem::take(&mut self.buckets[first]);
        self.last = entries.iter().map(|(cost, _)| *cost).min()?;
        for (cost, node) in entries.drain(..) {
            self.push(cost, node);
        }
        self.buckets[first] = entries;
        self.buckets[0].pop()
    }
}

fn bucket(last: Thousandths, cost: Thousandths) -> usize {
    (Thousandths::BITS - (last ^ cost).leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether to pop, or else how far above the last cost to push.
    fn steps() -> impl Strategy<Value = Vec<(bool, u64)>> {
        prop::collection::vec((any::<bool>(), 0u64..9_999), 1..200)
    }

    proptest! {
        #[test]
        fn costs_come_out_in_order(steps in steps()) {
            let mut queue = Queue::new();
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
