//! How far the costs of groups are from those of their members.

use netmap::{CostMatrix, Pid};

use crate::aggregate::exact::thousandths;
use crate::aggregate::order::{OrderError, Orders};

/// What one metric's costs have become, over all ordered pairs of two different PIDs that there
/// were before, the default one left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CostError {
    /// Pairs that have a cost before and after: of these are the figures below.
    pub pairs: u64,
    /// Largest difference, in the unit of the metric.
    pub absolute_max: f64,
    /// Mean difference, in the unit of the metric.
    pub absolute_mean: f64,
    /// Pairs whose cost was not 0: of these are the two figures below.
    pub relative_pairs: u64,
    /// Largest difference as a part of the cost.
    pub relative_max: f64,
    /// Mean difference as a part of the cost.
    pub relative_mean: f64,
    /// Pairs that have no cost any more.
    pub lost: u64,
    /// Pairs that had none.
    pub gained: u64,
    /// Whom sources prefer.
    pub order: OrderError,
}

/// Compares costs; `new` has the PID that each old one has become.
pub(super) fn measure(
    before: &CostMatrix,
    after: &CostMatrix,
    pids: &[Pid],
    new: &[Pid],
) -> CostError {
    let amounts = |costs: &CostMatrix| costs.table().iter().map(thousandths).collect::<Vec<_>>();
    let (old_amounts, new_amounts) = (amounts(before), amounts(after));
    let mut sums = Sums::default();
    let mut orders = Orders::among(pids.len());
    for (at, &from) in pids.iter().enumerate() {
        let others = pids.iter().filter(|to| **to != from);
        let (old_row, new_row) = (before.row(from), after.row(new[from.index()]));
        let costs = others.map(|to| {
            let (old, new) = (old_row.ordinal(*to), new_row.ordinal(new[to.index()]));
            (old.map(|at| old_amounts[at as usize]), new.map(|at| new_amounts[at as usize]))
        });
        if orders.wants(at) {
            let costs: Vec<_> = costs.collect();
            orders.add(costs.iter().filter_map(|(old, new)| old.zip(*new)).collect());
            costs.into_iter().for_each(|(old, new)| sums.add(old, new));
        } else {
            costs.for_each(|(old, new)| sums.add(old, new));
        }
    }
    sums.finish(orders.finish())
}

/// In thousandths.
#[derive(Default)]
struct Sums {
    error: CostError,
    absolute_max: u64,
    absolute_sum: u128,
    relative_sum: f64,
}

impl Sums {
    fn add(&mut self, old: Option<u64>, new: Option<u64>) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (Some(_), None) => return self.error.lost += 1,
            (None, Some(_)) => return self.error.gained += 1,
            (None, None) => return,
        };
        let difference = old.abs_diff(new);
        self.error.pairs += 1;
        self.absolute_max = self.absolute_max.max(difference);
        self.absolute_sum += u128::from(difference);
        if old > 0 {
            let relative = difference as f64 / old as f64;
            self.error.relative_pairs += 1;
            self.error.relative_max = self.error.relative_max.max(relative);
            self.relative_sum += relative;
        }
    }

    fn finish(self, order: OrderError) -> CostError {
        let mean = |sum: f64, count: u64| if count == 0 { 0.0 } else { sum / count as f64 };
        let error = self.error;
        CostError {
            absolute_max: self.absolute_max as f64 / 1000.0,
            absolute_mean: mean(self.absolute_sum as f64 / 1000.0, error.pairs),
            relative_mean: mean(self.relative_sum, error.relative_pairs),
            order,
            ..error
        }
    }
}
