//! One version of an ISP's map, and the order in which PIDs are near to each of them: worked out
//! once a PID, for all lists of its peers.

use std::sync::{Arc, PoisonError, RwLock};

use netmap::{Pid, Row, Snapshot};

use crate::isp::outlook::METRIC;

/// Memory of the orders of one map, bytes.
const MAX_ORDER_BYTES: usize = 64 << 20;

/// A map and the orders that were asked for. Immutable but for these.
#[derive(Debug)]
pub struct Atlas {
    map: Arc<Snapshot>,
    orders: RwLock<Orders>,
}

/// By the PID from which they are: at most [`MAX_ORDER_BYTES`] of them.
#[derive(Debug, Default)]
struct Orders {
    known: Vec<Option<Arc<Nearness>>>,
    count: usize,
}

/// All PIDs of a map, near to far from one of them, and no PID at all.
#[derive(Debug, Eq, PartialEq)]
pub struct Nearness {
    /// Indexes of PIDs and the ordinal costs to them, side by side, for in the matrix these would
    /// be anywhere. Equally near ones by their index; at the end, at [`NO_COST`], first no PID,
    /// whose index is behind all others, and then the PIDs without cost.
    pub(crate) order: Box<[(u32, u32)]>,
    /// Of each PID, and of none, its place in that order.
    pub(crate) places: Box<[u32]>,
}

/// What stands for an ordinal cost where there is none.
pub(crate) const NO_COST: u32 = u32::MAX;

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
        let orders = self.orders.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(order)) = orders.known.get(from.index()) {
            return Some(Arc::clone(order));
        }
        drop(orders);
        let made = Arc::new(Nearness::of(self.costs(from)?));
        let mut orders = self.orders.write().unwrap_or_else(PoisonError::into_inner);
        orders.put(from.index(), &made);
        Some(made)
    }
}

impl Orders {
    fn put(&mut self, from: usize, made: &Arc<Nearness>) {
        if self.count >= (MAX_ORDER_BYTES / made.bytes().max(1)).max(1) {
            *self = Self::default();
        }
        if self.known.len() <= from {
            self.known.resize(made.order.len().max(from + 1), None);
        }
        if self.known[from].replace(Arc::clone(made)).is_none() {
            self.count += 1;
        }
    }
}

impl Nearness {
    fn of(costs: Row<'_>) -> Self {
        // The cost, and the index from 1 on: 0 is that of no PID.
        let key = |(cost, pid): (u32, u32)| u64::from(cost) << 32 | u64::from(pid);
        let pids = costs.iter().map(|cost| cost.unwrap_or(NO_COST)).zip(1..);
        let mut keys: Vec<u64> = pids.chain([(NO_COST, 0)]).map(key).collect();
        keys.sort_unstable();
        let nowhere = keys.len() as u32 - 1;
        let step = |key: u64| ((key as u32).checked_sub(1).unwrap_or(nowhere), (key >> 32) as u32);
        let order: Box<[(u32, u32)]> = keys.into_iter().map(step).collect();
        let mut places = vec![0; order.len()].into_boxed_slice();
        for (place, (pid, _)) in (0..).zip(&order) {
            places[*pid as usize] = place;
        }
        Self { order, places }
    }

    fn bytes(&self) -> usize {
        size_of_val(&*self.order) + size_of_val(&*self.places)
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
        let order = [(2, 0), (0, 1), (3, 1), (4, NO_COST), (1, NO_COST)];
        assert_eq!((&*near.order, &*near.places), (&order[..], &[1, 4, 0, 2, 3][..]));
        assert!(Arc::ptr_eq(&near, &atlas.nearness(Pid::new(1)).unwrap()), "worked out once");
        assert!(atlas.nearness(Pid::new(4)).is_none(), "no PID of this map");
    }
}
