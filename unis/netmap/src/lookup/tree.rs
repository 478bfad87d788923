//! A static B+tree in one piece of memory, over the last keys of intervals.
//!
//! ```text
//!            ┌─────────┐            a node is one cache line; an inner one has 8 keys of 64 bits
//!            │ 30   60 │            or 16 of 32: the greatest below each child but the last
//!            └┬───┬───┬┘
//!     ┌───────┘   │   └───────┐     (drawn with 2 keys a node)
//! ┌───┴───┐ ┌─────┴─┐ ┌───────┴─┐
//! │10   30│ │ 45  60│ │ 75   MAX│  leaves: the intervals' last keys, ascending,
//! │ A    B│ │  C   A│ │  B    - │  and behind them the value of each
//! └───────┘ └───────┘ └─────────┘  50 → one key of the root is less → 45 is less, 60 is not → A
//! ```
//!
//! It holds where intervals end, not where they start: then "how many ends are less" is the
//! number of the interval, and the filling at the greatest key is never counted, since nothing
//! is greater than it. So no search can leave the tree.

use crate::lookup::search::{Isa, Key, Layers, Node};

/// The tree, for keys of which `KEYS` fill a cache line.
#[derive(Debug)]
pub(crate) struct Tree<K, const KEYS: usize> {
    nodes: Vec<Node<K, KEYS>>,
    starts: Vec<usize>,
    isa: Isa,
}

impl<K: Key<KEYS>, const KEYS: usize> Tree<K, KEYS> {
    /// Builds the tree over the last key and the value of each interval, ascending; the last
    /// interval has to end at the greatest key.
    pub(crate) fn build(intervals: impl Iterator<Item = (K, u32)>, isa: Isa) -> Self {
        let intervals: Vec<(K, u32)> = intervals.collect();
        let groups = intervals.chunks(K::LEAF_KEYS);
        let mut greatest: Vec<K> = groups.clone().filter_map(last).collect();
        let mut layers: Vec<Vec<Node<K, KEYS>>> = vec![groups.map(leaf).collect()];
        while greatest.len() > 1 {
            let groups = greatest.chunks(KEYS + 1);
            layers.push(groups.clone().map(|group| filled(&group[..group.len() - 1])).collect());
            greatest = groups.filter_map(|group| group.last().copied()).collect();
        }
        let mut nodes = Vec::with_capacity(layers.iter().map(Vec::len).sum());
        let mut starts = Vec::with_capacity(layers.len());
        for layer in layers.iter().rev() {
            starts.push(nodes.len());
            nodes.extend_from_slice(layer);
        }
        Self { nodes, starts, isa }
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.nodes) + size_of_val(&*self.starts)
    }

    /// For each address the value of its interval.
    #[inline]
    pub(crate) fn search(&self, addresses: &[K::Address], found: &mut [u32]) {
        let Self { nodes, starts, isa } = self;
        K::search(*isa, &Layers { nodes, starts }, addresses, found);
    }
}

/// A leaf with these intervals, at most `K::LEAF_KEYS`.
fn leaf<K: Key<KEYS>, const KEYS: usize>(intervals: &[(K, u32)]) -> Node<K, KEYS> {
    let mut leaf = Node([K::GREATEST; KEYS]);
    for (place, (last, value)) in intervals.iter().enumerate() {
        leaf.0[place] = *last;
        K::set_value(&mut leaf, place, *value);
    }
    leaf
}

fn last<K: Copy>(intervals: &[(K, u32)]) -> Option<K> {
    intervals.last().map(|(last, _)| *last)
}

/// A node with these keys, at most `KEYS`, and the greatest key behind them.
fn filled<K: Key<KEYS>, const KEYS: usize>(keys: &[K]) -> Node<K, KEYS> {
    let mut node = Node([K::GREATEST; KEYS]);
    node.0[..keys.len()].copy_from_slice(keys);
    node
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{any, prop, proptest};

    use super::*;

    /// Looks around every edge, and at both ends; the value is the number of the interval.
    fn check(lasts: &BTreeSet<u64>) {
        let around = lasts.iter().flat_map(|n| [n.saturating_sub(1), *n, n.saturating_add(1)]);
        let probes: Vec<u64> = around.chain([0, u64::MAX]).collect();
        let address = |upper: &u64| u128::from(*upper) << 64 | 5;
        let addresses: Vec<u128> = probes.iter().map(address).collect();
        let sorted: Vec<u64> = lasts.iter().copied().collect();
        for isa in [Isa::detect(), Isa::portable()] {
            let keys = sorted.iter().map(|last| i64::of(address(last)));
            let tree = Tree::build(keys.zip(0..), isa);
            let mut found = vec![0; probes.len()];
            tree.search(&addresses, &mut found);
            for (probe, found) in probes.iter().zip(found) {
                let expected = sorted.partition_point(|last| last < probe);
                assert_eq!(found as usize, expected, "{probe} among {}", sorted.len());
            }
        }
    }

    #[test]
    fn every_size_around_the_layer_limits_is_searched_exactly() {
        // 5 keys a leaf, 9 children: one layer ends at 5, two at 45, three at 405, four at 3645.
        for size in [1, 4, 5, 6, 44, 45, 46, 50, 404, 405, 406, 3_645, 3_646] {
            check(&(1..size).map(|n| n * 3).chain([u64::MAX]).collect());
        }
    }

    proptest! {
        #[test]
        fn a_tree_finds_what_a_plain_search_finds(
            mut lasts in prop::collection::btree_set(any::<u64>(), 0..700),
        ) {
            lasts.insert(u64::MAX);
            check(&lasts);
        }
    }
}
