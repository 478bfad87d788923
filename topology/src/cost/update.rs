//! The costs of all pairs after a few links changed, from those before.
//!
//! The matrix that is served is the result to start from: its costs are sums of thousandths, so
//! paths and penalties come out of it again exactly, and nothing else has to be kept. A source
//! that no changed link concerns is not looked at beyond that question, and its row is shared;
//! elsewhere only the pairs whose cost changes are computed ([`Repair`]).

use std::thread;

use netmap::{Cost, CostMatrix, MatrixError, Pid, RowPatch};

use crate::cost::matrix::joined;
use crate::cost::metric::Metric;
use crate::graph::NodeIndex;
use crate::paths::{Change, Repair, Thousandths, UNREACHED, Vertex};

/// Arcs that may have changed, as part of all: beyond, all pairs are searched anew.
const CHANGED_PART_MAX: usize = 50;
/// Arcs that may have changed in any graph.
const CHANGED_ALWAYS: usize = 16;
/// Largest cost that surely comes out of a matrix as the thousandths that went in.
const EXACT_BELOW: Thousandths = 1 << 50;

/// A metric and its matrix before a change.
pub(crate) struct Before<'a> {
    /// What links and neighbours cost.
    pub(crate) metric: &'a Metric,
    /// What came of it.
    pub(crate) matrix: &'a CostMatrix,
}

/// A matrix after a change.
pub(crate) struct After {
    /// The costs of all pairs.
    pub(crate) matrix: CostMatrix,
    /// How many of its rows have another cost than before.
    pub(crate) repaired: usize,
}

impl Metric {
    /// The costs of all pairs, as [`Metric::matrix`] gives them, from those before; `None` where
    /// too much changed: the nodes, a penalty, many links. `nodes` has the node of each PID, and
    /// both they and what the default PID costs have to be those before.
    pub(crate) fn matrix_after(
        &self,
        before: &Before<'_>,
        nodes: &[Option<NodeIndex>],
        threads: usize,
    ) -> Result<Option<After>, MatrixError> {
        let most = CHANGED_ALWAYS.max(self.arcs.iter().count() / CHANGED_PART_MAX);
        let Some(changes) = self.arcs.changes_since(&before.metric.arcs, most) else {
            return Ok(None);
        };
        if !self.penalties.costs().eq(before.metric.penalties.costs()) {
            return Ok(None);
        }
        if changes.is_empty() {
            return Ok(Some(After { matrix: before.matrix.clone(), repaired: 0 }));
        }
        let Some(costs) = OldCosts::new(self, before.matrix, nodes) else { return Ok(None) };
        let count = nodes.len() as u32;
        let part = count.div_ceil(threads.max(1) as u32).max(1);
        let patches = thread::scope(|scope| {
            let parts = (0..count).step_by(part as usize);
            let parts = parts.map(|first| (first..count.min(first + part)).map(Pid::new));
            let run = |sources| scope.spawn(|| self.patches(sources, &changes, &costs));
            let running: Vec<_> = parts.map(run).collect();
            running.into_iter().flat_map(joined).collect::<Vec<_>>()
        });
        let matrix = before.matrix.patched(&patches)?;
        Ok(Some(After { matrix, repaired: patches.len() }))
    }

    /// What changed in the rows of these sources.
    fn patches(
        &self,
        sources: impl Iterator<Item = Pid>,
        changes: &[Change],
        old: &OldCosts<'_>,
    ) -> Vec<RowPatch> {
        let mut repair = Repair::new(&self.arcs, changes);
        let mut paths = vec![UNREACHED; self.arcs.len()];
        let mut patches = Vec::new();
        for from in sources {
            thread::yield_now();
            let Some(source) = old.nodes[from.index()] else { continue };
            if !repair.concerns(source, |vertex| old.path(from, source, vertex)) {
                continue;
            }
            old.fill(from, source, &mut paths);
            let changed: Vec<Vertex> = repair.run(source, &mut paths).collect();
            let cost = |vertex: Vertex| {
                let path = Some(paths[vertex as usize]).filter(|path| *path != UNREACHED)?;
                Some(Cost::from_thousandths(path + self.penalties.added(source, vertex)))
            };
            let pid = |vertex: Vertex| old.pids[vertex as usize];
            let mut costs: Vec<_> = changed.into_iter().map(|v| (pid(v), cost(v))).collect();
            costs.sort_unstable_by_key(|(to, _)| *to);
            if !costs.is_empty() {
                patches.push(RowPatch { from, costs });
            }
        }
        patches
    }
}

/// The matrix before as costs of paths.
struct OldCosts<'a> {
    metric: &'a Metric,
    matrix: &'a CostMatrix,
    /// By ordinal, with penalties.
    sums: Vec<Thousandths>,
    /// By PID.
    nodes: &'a [Option<NodeIndex>],
    /// By node.
    pids: Vec<Pid>,
}

impl<'a> OldCosts<'a> {
    /// `None` where a cost is too large to come out as it went in.
    fn new(
        metric: &'a Metric,
        matrix: &'a CostMatrix,
        nodes: &'a [Option<NodeIndex>],
    ) -> Option<Self> {
        let thousandths = |cost: Cost| (cost.value() * 1000.0).round() as Thousandths;
        let sums: Vec<_> = matrix.table().iter().map(thousandths).collect();
        if sums.last().is_some_and(|largest| *largest >= EXACT_BELOW) {
            return None;
        }
        let mut pids = vec![Pid::new(0); metric.arcs.len()];
        for (node, pid) in nodes.iter().zip((0..).map(Pid::new)) {
            if let Some(node) = node {
                pids[*node as usize] = pid;
            }
        }
        Some(Self { metric, matrix, sums, nodes, pids })
    }

    /// What the path from a source, PID and node, to a node cost.
    fn path(&self, from: Pid, source: NodeIndex, to: Vertex) -> Thousandths {
        self.matrix.ordinal(from, self.pids[to as usize]).map_or(UNREACHED, |ordinal| {
            self.sums[ordinal as usize] - self.metric.penalties.added(source, to)
        })
    }

    /// The same for all nodes.
    fn fill(&self, from: Pid, source: NodeIndex, paths: &mut [Thousandths]) {
        for (ordinal, node) in self.matrix.row(from).iter().zip(self.nodes) {
            let Some(node) = node else { continue };
            paths[*node as usize] = ordinal.map_or(UNREACHED, |ordinal| {
                self.sums[ordinal as usize] - self.metric.penalties.added(source, *node)
            });
        }
    }
}
