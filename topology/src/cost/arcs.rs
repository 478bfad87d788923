//! A graph laid out for searching: the arcs of each node side by side.

use crate::cost::weight::{Thousandths, WeightedArc};
use crate::graph::{Graph, NodeIndex};

/// Compressed sparse rows: the arcs out of node `n` are `starts[n]..starts[n + 1]`.
pub(crate) struct Arcs {
    starts: Vec<u32>,
    heads: Vec<(NodeIndex, Thousandths)>,
    /// Whether paths run through the node.
    through: Vec<bool>,
    /// Whether each arc has its like back.
    symmetric: bool,
}

impl Arcs {
    /// The cheapest of parallel arcs.
    pub(crate) fn new(graph: &Graph, mut arcs: Vec<WeightedArc>) -> Self {
        arcs.sort_unstable();
        arcs.dedup_by_key(|(from, to, _)| (*from, *to));
        let through: Vec<bool> = graph.nodes().iter().map(|node| !node.is_end()).collect();
        let mut starts = vec![0; through.len() + 1];
        for (from, ..) in &arcs {
            starts[*from as usize + 1] += 1;
        }
        for node in 0..through.len() {
            starts[node + 1] += starts[node];
        }
        let back = |&(from, to, cost): &WeightedArc| arcs.binary_search(&(to, from, cost)).is_ok();
        let symmetric = arcs.iter().all(back);
        let heads = arcs.into_iter().map(|(_, to, cost)| (to, cost)).collect();
        Self { starts, heads, through, symmetric }
    }

    pub(crate) fn node_count(&self) -> usize {
        self.through.len()
    }

    /// Where one step from a node leads, and its cost.
    pub(crate) fn from(&self, node: NodeIndex) -> &[(NodeIndex, Thousandths)] {
        let node = node as usize;
        &self.heads[self.starts[node] as usize..self.starts[node + 1] as usize]
    }

    /// The cost of the step between two nodes.
    pub(crate) fn step(&self, from: NodeIndex, to: NodeIndex) -> Option<Thousandths> {
        let arcs = self.from(from);
        let at = arcs.binary_search_by_key(&to, |(head, _)| *head).ok()?;
        Some(arcs[at].1)
    }

    /// Whether paths run through the node: it is internal.
    pub(crate) fn is_through(&self, node: NodeIndex) -> bool {
        self.through[node as usize]
    }

    /// Whether every path costs the same the other way.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.symmetric
    }
}
