//! One version of an ISP's map, and the order in which PIDs are near to each of them: worked out
//! once a PID, for all lists of its peers.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use netmap::{Pid, Row, Snapshot};

use crate::isp::outlook::METRIC;

/// Memory of the orders of one map, bytes.
const MAX_ORDER_BYTES: usize = 64 << 20;

/// A map and the orders that were asked for. Immutable but for these.
#[derive(Debug)]
pub struct Atlas {
    map: Arc<Snapshot>,
    /// At most [`MAX_ORDER_BYTES`] of them.
    orders: RwLock<HashMap<Pid, Arc<Nearness>>>,
}

/// All PIDs of a map, near to far from one of them.
#[derive(Debug, Eq, PartialEq)]
pub struct Nearness {
    /// Indexes of PIDs and the ordinal costs to them, side by side, for in the matrix these would
    /// be anywhere. Equally near ones by their index, and so those without cost at the end, at 0.
    pub(crate) order: Box<[(u32, u32)]>,
    /// How many have a cost.
    pub(crate) reached: usize,
}

impl Atlas {
    /// Of a map.
    #[must_use]
    pub fn new(map: Arc<Snapshot>) -> Self {
        Self { map, orders: RwLock::default() }
    }

    /// The map.
    #[must_use]
    pub const fn map(&self) -> &Arc<Snapshot> {
        &self.map
    }

    /// The costs from a PID; none where the map has none.
    #[must_use]
    pub fn costs(&self, from: Pid) -> Option<Row<'_>> {
        let matrix = self.map.matrix(METRIC)?;
        (from.index() < matrix.len()).then(|| matrix.row(from))
    }

    /// All PIDs, near to far; none where the map has no costs.
    pub(crate) fn nearness(&self, from: Pid) -> Option<Arc<Nearness>> {
        let known = self.orders.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = known.get(&from) {
            return Some(Arc::clone(order));
        }
        drop(known);
        let made = Arc::new(Nearness::of(self.costs(from)?));
        let mut known = self.orders.write().unwrap_or_else(PoisonError::into_inner);
        let most = MAX_ORDER_BYTES / size_of_val(&*made.order).max(1);
        if known.len() >= most.max(1) {
            known.clear();
        }
        known.insert(from, Arc::clone(&made));
        Some(made)
    }
}

impl Nearness {
    fn of(costs: Row<'_>) -> Self {
        let key = |(pid, cost): (u32, Option<u32>)| (cost.map_or(u64::MAX, u64::from), pid);
        let mut keys: Vec<(u64, u32)> = (0..).zip(costs.iter()).map(key).collect();
        keys.sort_unstable();
        let reached = keys.partition_point(|(cost, _)| *cost != u64::MAX);
        let step = |(cost, pid): (u64, u32)| (pid, u32::try_from(cost).unwrap_or(0));
        Self { order: keys.into_iter().map(step).collect(), reached }
    }
}

#[cfg(test)]
mod tests {
    use netmap::{Cost, MatrixBuilder, Parts, PidName};

    use super::*;

    /// Sorted by hand.
    #[test]
    fn pids_come_near_to_far_and_those_without_cost_last() {
        let mut costs = MatrixBuilder::new(METRIC, 4);
        let row = [Some(7), None, Some(0), Some(7)];
        for _ in 0..4 {
            costs.push_row(row.map(|cost| cost.map(Cost::from_thousandths))).unwrap();
        }
        let pids = ["a", "b", "c", "d"].map(|name| PidName::parse(name).unwrap()).to_vec();
        let parts = Parts { pids, prefixes: Vec::new(), matrices: vec![costs.finish().unwrap()] };
        let atlas = Atlas::new(Arc::new(Snapshot::build(parts).unwrap()));
        let near = atlas.nearness(Pid::new(1)).unwrap();
        // The costs are 0 and 7: the first and the second of all.
        assert_eq!((&*near.order, near.reached), (&[(2, 0), (0, 1), (3, 1), (1, 0)][..], 3));
        assert!(Arc::ptr_eq(&near, &atlas.nearness(Pid::new(1)).unwrap()), "worked out once");
        assert!(atlas.nearness(Pid::new(4)).is_none(), "no PID of this map");
    }
}
