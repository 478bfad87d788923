//! Fewer PIDs: those that are near each other become one (RFC 7285 §15.3, RFC 7971 §3.7).
//!
//! ```text
//!  PIDs ─► classes ─► distances ─► tree of merges ─► cut at max-pids ─► groups ─► medoids
//!          (may merge) (cost, region)  (complete linkage)                           │
//!          costs between groups are those between their medoids, which name them ◄──┘
//! ```
//!
//! A group is called by its most central member, the one with the smallest sum of costs from and
//! to the others, and has that member's costs. So every cost is one of a real path, penalties and
//! order of relations hold, and a small change elsewhere moves no name. Inside a group of the
//! network's own nodes the cost is 0; ends are networks of others, which this one joins, and so the
//! cost between them is that from the most central to the nearest other. What all that does to the
//! costs of everybody else in the group is measured ([`Aggregation`]).

// Why not, and costs as integers.
mod exact;
mod fault;
// Which PIDs may become one, and how far apart they are.
mod class;
mod distance;
// Which do.
mod linkage;
// What it costs.
mod error;
mod order;

use netmap::{Cost, CostMatrix, MatrixBuilder, MatrixError, Pid};

use crate::aggregate::class::{Class, classes};
use crate::aggregate::distance::Measure;
use crate::aggregate::exact::thousandths;
use crate::aggregate::fault::CLASS_PIDS_MAX;
use crate::aggregate::linkage::merges;
use crate::cost::Metric;
use crate::graph::Graph;
use crate::made::Made;
use crate::options::{AggregateBy, Merging};

pub(crate) use crate::aggregate::fault::AggregateError;

pub use crate::aggregate::error::CostError;
pub use crate::aggregate::order::OrderError;

/// What became of the PIDs, and what that did to the costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// How they were chosen.
    pub by: AggregateBy,
    /// How many PIDs there were, the default one included.
    pub before: usize,
    /// How many there are.
    pub after: usize,
    /// For each metric what the costs of the PIDs that there were have become.
    pub errors: Vec<(String, CostError)>,
}

/// Makes the PIDs as few as `wanted`; says nothing where they are already.
///
/// # Errors
/// So few are not possible, or there are too many to begin with.
pub(crate) fn aggregate(
    made: Made,
    graph: &Graph,
    metric: &Metric,
    wanted: Merging,
) -> Result<(Made, Option<Aggregation>), AggregateError> {
    let before = made.pids.len();
    if before <= wanted.max_pids {
        return Ok((made, None));
    }
    let medoids = medoids(&made.matrices[0], &groups(&made, graph, metric, wanted)?);
    let merged = regroup(made, graph, &medoids)?;
    let after = merged.made.pids.len();
    let errors = merged.errors();
    Ok((merged.made, Some(Aggregation { by: wanted.by, before, after, errors })))
}

/// By PID the lowest PID of its group.
fn groups(
    made: &Made,
    graph: &Graph,
    metric: &Metric,
    wanted: Merging,
) -> Result<Vec<usize>, AggregateError> {
    let measure = Measure::new(wanted.by, made, graph)?;
    let mut all = Vec::new();
    for Class { pids, penalty } in classes(made, graph, metric) {
        if pids.len() > CLASS_PIDS_MAX {
            return Err(AggregateError::TooMany(pids.len()));
        }
        for merge in merges(measure.distances(&pids)) {
            let height = measure.height(merge.distance, penalty);
            all.push((height, pids[merge.one], pids[merge.two]));
        }
    }
    // Of equal heights those first by name. One may come before those that made its groups:
    // whatever is merged at a height, no two members of a group are farther apart than that.
    all.sort_unstable();
    let (max, fewest) = (wanted.max_pids, made.pids.len() - all.len());
    if fewest > max {
        return Err(AggregateError::TooFew { max, fewest });
    }
    let mut lowest: Vec<usize> = (0..made.pids.len()).collect();
    for (_, one, two) in all.into_iter().take(made.pids.len() - max) {
        let (one, two) = (root(&mut lowest, one), root(&mut lowest, two));
        lowest[one.max(two)] = one.min(two);
    }
    Ok((0..lowest.len()).map(|pid| root(&mut lowest, pid)).collect())
}

fn root(lowest: &mut [usize], mut pid: usize) -> usize {
    while lowest[pid] != pid {
        lowest[pid] = lowest[lowest[pid]];
        pid = lowest[pid];
    }
    pid
}

/// By PID the most central one of its group; of equally central ones the first by name.
fn medoids(costs: &CostMatrix, groups: &[usize]) -> Vec<usize> {
    let mut members = vec![Vec::new(); groups.len()];
    for (pid, group) in groups.iter().enumerate() {
        members[*group].push(pid);
    }
    let cost = |from: usize, to: usize| {
        let cost = costs.cost(Pid::new(from as u32), Pid::new(to as u32));
        u128::from(cost.map_or(0, thousandths))
    };
    let central = |members: &Vec<usize>| {
        let sum =
            |pid: usize| members.iter().map(|&at| cost(pid, at) + cost(at, pid)).sum::<u128>();
        members.iter().copied().min_by_key(|pid| (sum(*pid), *pid))
    };
    let medoids: Vec<Option<usize>> = members.iter().map(central).collect();
    groups.iter().map(|group| medoids[*group].unwrap_or(*group)).collect()
}

/// A network of groups, and what it was before.
struct Regrouped {
    made: Made,
    old: Vec<CostMatrix>,
    /// By old PID the one that it has become.
    new: Vec<Pid>,
    /// The old PIDs that stand for nodes.
    nodes: Vec<Pid>,
}

fn regroup(made: Made, graph: &Graph, medoids: &[usize]) -> Result<Regrouped, MatrixError> {
    let mut kept = medoids.to_vec();
    kept.sort_unstable();
    kept.dedup();
    let place = |medoid: &usize| Pid::new(kept.partition_point(|pid| pid < medoid) as u32);
    let new: Vec<Pid> = medoids.iter().map(place).collect();
    let named = made.nodes_of_pids.iter().zip(0..).filter(|(node, _)| node.is_some());
    let nodes = named.map(|(_, pid)| Pid::new(pid)).collect();
    let others = other_ends(&made, graph, medoids);
    let mut matrices = Vec::new();
    for old in &made.matrices {
        let mut builder = MatrixBuilder::new(old.metric(), kept.len());
        for &from in &kept {
            let cost = |&to: &usize| match to == from {
                true => inside(old, from, &others[from]),
                false => old.cost(Pid::new(from as u32), Pid::new(to as u32)),
            };
            builder.push_row(kept.iter().map(cost))?;
        }
        matrices.push(builder.finish()?);
    }
    let new_of = |pid: &Pid| new[pid.index()];
    let grouped = Made {
        pids: kept.iter().map(|&pid| made.pids[pid].clone()).collect(),
        nodes_of_pids: kept.iter().map(|&pid| made.nodes_of_pids[pid]).collect(),
        pids_of_nodes: made.pids_of_nodes.iter().map(new_of).collect(),
        prefixes: made.prefixes.iter().map(|(prefix, pid)| (*prefix, new_of(pid))).collect(),
        matrices,
    };
    Ok(Regrouped { made: grouped, old: made.matrices, new, nodes })
}

/// By PID that gives a group of ends its name, the other ones of it.
fn other_ends(made: &Made, graph: &Graph, medoids: &[usize]) -> Vec<Vec<usize>> {
    let mut others = vec![Vec::new(); medoids.len()];
    for (pid, (&medoid, node)) in medoids.iter().zip(&made.nodes_of_pids).enumerate() {
        if pid != medoid && node.is_some_and(|node| graph.node(node).is_end()) {
            others[medoid].push(pid);
        }
    }
    others
}

/// What a group costs from and to itself: among ends, from the medoid to the nearest other.
fn inside(costs: &CostMatrix, medoid: usize, others: &[usize]) -> Option<Cost> {
    let from = Pid::new(medoid as u32);
    let reached = others.iter().filter_map(|&to| costs.ordinal(from, Pid::new(to as u32)));
    match reached.min() {
        Some(nearest) => Some(costs.table().cost(nearest)),
        None => costs.cost(from, from),
    }
}

impl Regrouped {
    fn errors(&self) -> Vec<(String, CostError)> {
        let pairs = self.old.iter().zip(&self.made.matrices);
        let error = |(old, new): (&CostMatrix, &CostMatrix)| {
            let error = error::measure(old, new, &self.nodes, &self.new);
            (old.metric().to_owned(), error)
        };
        pairs.map(error).collect()
    }
}
