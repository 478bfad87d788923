//! What changed from one snapshot to another.

use std::cmp::Ordering;
use std::fmt;

use ipnet::IpNet;

use crate::cost::Cost;
use crate::matrix::dense::CostMatrix;
use crate::name::PidName;
use crate::pid::{Pid, PidTable};
use crate::snapshot::Snapshot;

/// What changed from one snapshot to another, PIDs taken by name. All lists ascend.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diff {
    /// PIDs of the new snapshot alone.
    pub pids_added: Vec<PidName>,
    /// PIDs of the old snapshot alone.
    pub pids_removed: Vec<PidName>,
    /// Prefixes of the new snapshot alone, with their PID.
    pub prefixes_added: Vec<(IpNet, PidName)>,
    /// Prefixes of the old snapshot alone, with their PID.
    pub prefixes_removed: Vec<(IpNet, PidName)>,
    /// Prefixes of both that belong to another PID now.
    pub prefixes_moved: Vec<PrefixMove>,
    /// Metrics of the new snapshot alone.
    pub metrics_added: Vec<String>,
    /// Metrics of the old snapshot alone.
    pub metrics_removed: Vec<String>,
    /// Metrics with changed costs; one that came or went counts with all its pairs.
    pub costs: Vec<CostDiff>,
}

/// A prefix that belongs to another PID now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PrefixMove {
    /// The prefix.
    pub prefix: IpNet,
    /// The PID it belonged to.
    pub from: PidName,
    /// The PID it belongs to.
    pub to: PidName,
}

/// How many costs of one metric changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CostDiff {
    /// The metric.
    pub metric: String,
    /// Pairs with a cost in both snapshots, but another one.
    pub changed: usize,
    /// Pairs with a cost in the new snapshot alone.
    pub appeared: usize,
    /// Pairs with a cost in the old snapshot alone.
    pub vanished: usize,
}

/// A pair whose cost is not the same in both snapshots.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PairChange<'a> {
    /// The source.
    pub from: &'a PidName,
    /// The destination.
    pub to: &'a PidName,
    /// The cost in the old snapshot.
    pub old: Option<Cost>,
    /// The cost in the new snapshot.
    pub new: Option<Cost>,
}

impl Diff {
    /// Compares two snapshots.
    pub fn between(old: &Snapshot, new: &Snapshot) -> Diff {
        let mut diff = Diff::default();
        if old.network_tag() != new.network_tag() {
            diff.compare_pids(old.pids(), new.pids());
            diff.compare_prefixes(old, new);
        }
        diff.compare_costs(old, new);
        diff
    }

    /// Whether both snapshots say the same.
    pub fn is_empty(&self) -> bool {
        *self == Diff::default()
    }

    fn compare_pids(&mut self, old: &PidTable, new: &PidTable) {
        let alone = |a: &PidTable, b: &PidTable| {
            let names = a.iter().map(|(_, name)| name);
            names.filter(|name| b.find(name.as_str()).is_none()).cloned().collect()
        };
        self.pids_added = alone(new, old);
        self.pids_removed = alone(old, new);
    }

    /// Both tables ascend, so one walk over both is enough.
    fn compare_prefixes(&mut self, old: &Snapshot, new: &Snapshot) {
        let named_old = |(prefix, pid)| (prefix, old.pids().name(pid).clone());
        let named_new = |(prefix, pid)| (prefix, new.pids().name(pid).clone());
        let mut left = old.prefixes().iter().peekable();
        let mut right = new.prefixes().iter().peekable();
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return,
            };
            let gone = if order.is_le() { left.next().map(named_old) } else { None };
            let come = if order.is_ge() { right.next().map(named_new) } else { None };
            match (gone, come) {
                (Some((prefix, from)), Some((_, to))) if from != to => {
                    self.prefixes_moved.push(PrefixMove { prefix, from, to });
                }
                (Some(_), Some(_)) => {}
                (gone, come) => {
                    self.prefixes_removed.extend(gone);
                    self.prefixes_added.extend(come);
                }
            }
        }
    }

    fn compare_costs(&mut self, old: &Snapshot, new: &Snapshot) {
        let metrics = |snapshot: &Snapshot, other: &Snapshot| {
            let all = snapshot.matrices().iter().map(|matrix| matrix.metric().to_owned());
            let mut alone: Vec<_> = all.filter(|metric| other.matrix(metric).is_none()).collect();
            alone.sort_unstable();
            alone
        };
        self.metrics_added = metrics(new, old);
        self.metrics_removed = metrics(old, new);
        let all = old.matrices().iter().chain(new.matrices()).map(|matrix| matrix.metric());
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all.dedup();
        let diffs = all.into_iter().map(|metric| CostDiff::between(old, new, metric));
        self.costs = diffs.filter(|diff| !diff.is_empty()).collect();
    }
}

impl CostDiff {
    fn between(old: &Snapshot, new: &Snapshot, metric: &str) -> CostDiff {
        let mut diff = CostDiff { metric: metric.to_owned(), ..CostDiff::default() };
        for change in changed_pairs(old, new, metric) {
            match (change.old, change.new) {
                (Some(_), Some(_)) => diff.changed += 1,
                (None, _) => diff.appeared += 1,
                (Some(_), None) => diff.vanished += 1,
            }
        }
        diff
    }

    fn is_empty(&self) -> bool {
        self.changed + self.appeared + self.vanished == 0
    }
}

/// Every pair whose cost of this metric is not the same in both snapshots, by source, then
/// destination, ascending by name. Rows that the snapshots share are passed over.
pub fn changed_pairs<'a>(
    old: &'a Snapshot,
    new: &'a Snapshot,
    metric: &str,
) -> impl Iterator<Item = PairChange<'a>> {
    let (before, after) = (Side::of(old, metric), Side::of(new, metric));
    let ends = ends(old.pids(), new.pids());
    let same_costs = old.cost_tag(metric) == new.cost_tag(metric);
    let sources = if same_costs { Vec::new() } else { ends.clone() };
    let same_pids = ends.iter().all(|end| end.old == end.new);
    let untouched = move |from: &End<'_>| match (from.new, before.matrix, after.matrix) {
        (Some(pid), Some(before), Some(after)) => same_pids && after.shares_row(before, pid),
        _ => false,
    };
    let changed = sources.into_iter().filter(move |from| !untouched(from));
    changed.flat_map(move |from| {
        let to = ends.clone().into_iter();
        to.filter_map(move |to| {
            let (old, new) = (before.cost(from.old, to.old), after.cost(from.new, to.new));
            (old != new).then_some(PairChange { from: from.name, to: to.name, old, new })
        })
    })
}

/// One snapshot's matrix of the metric, if it has one.
#[derive(Copy, Clone)]
struct Side<'a> {
    matrix: Option<&'a CostMatrix>,
}

impl<'a> Side<'a> {
    fn of(snapshot: &'a Snapshot, metric: &str) -> Self {
        Self { matrix: snapshot.matrix(metric) }
    }

    fn cost(&self, from: Option<Pid>, to: Option<Pid>) -> Option<Cost> {
        self.matrix?.cost(from?, to?)
    }
}

/// A PID of either snapshot.
#[derive(Copy, Clone)]
struct End<'a> {
    name: &'a PidName,
    old: Option<Pid>,
    new: Option<Pid>,
}

/// The PIDs of both snapshots, ascending by name.
fn ends<'a>(old: &'a PidTable, new: &'a PidTable) -> Vec<End<'a>> {
    let mut names: Vec<_> = old.iter().chain(new.iter()).map(|(_, name)| name).collect();
    names.sort_unstable();
    names.dedup();
    let end = |name: &'a PidName| {
        let text = name.as_str();
        End { name, old: old.find(text), new: new.find(text) }
    };
    names.into_iter().map(end).collect()
}

impl fmt::Display for Diff {
    /// One line: `pids +1 -0, prefixes +2 -1 ~3, routingcost +4 -0 ~2`, or `no change`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no change");
        }
        write!(f, "pids +{} -{}", self.pids_added.len(), self.pids_removed.len())?;
        let (added, removed) = (self.prefixes_added.len(), self.prefixes_removed.len());
        write!(f, ", prefixes +{added} -{removed} ~{}", self.prefixes_moved.len())?;
        for costs in &self.costs {
            let CostDiff { metric, changed, appeared, vanished } = costs;
            write!(f, ", {metric} +{appeared} -{vanished} ~{changed}")?;
        }
        Ok(())
    }
}
