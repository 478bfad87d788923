//! Shortest paths from one node to all: Dijkstra's algorithm, with ends that no path runs through.

use crate::cost::arcs::Arcs;
use crate::cost::queue::Queue;
use crate::cost::weight::Thousandths;
use crate::graph::NodeIndex;

/// The cost of a node that no path leads to.
pub(crate) const UNREACHED: Thousandths = Thousandths::MAX;

/// The room that a search needs, used again by the next.
pub(crate) struct Search<'a> {
    arcs: &'a Arcs,
    costs: Vec<Thousandths>,
    parents: Vec<NodeIndex>,
    queue: Queue,
}

impl<'a> Search<'a> {
    pub(crate) fn new(arcs: &'a Arcs) -> Self {
        let count = arcs.node_count();
        Self { arcs, costs: vec![UNREACHED; count], parents: vec![0; count], queue: Queue::new() }
    }

    /// What it costs to reach each node from `source`.
    pub(crate) fn run(&mut self, source: NodeIndex) -> &[Thousandths] {
        self.costs.fill(UNREACHED);
        self.queue.clear();
        self.costs[source as usize] = 0;
        self.parents[source as usize] = source;
        self.queue.push(0, source);
        while let Some((cost, node)) = self.queue.pop() {
            let outdated = cost > self.costs[node as usize];
            if outdated || (node != source && !self.arcs.is_through(node)) {
                continue;
            }
            for &(head, step) in self.arcs.from(node) {
                let reached = cost + step;
                if reached < self.costs[head as usize] {
                    self.costs[head as usize] = reached;
                    self.parents[head as usize] = node;
                    self.queue.push(reached, head);
                }
            }
        }
        &self.costs
    }

    /// The nodes of a shortest path, both ends included; `None` where there is none.
    pub(crate) fn path(&mut self, source: NodeIndex, target: NodeIndex) -> Option<Vec<NodeIndex>> {
        if self.run(source)[target as usize] == UNREACHED {
            return None;
        }
        let mut nodes = vec![target];
        let mut node = target;
        while node != source {
            node = self.parents[node as usize];
            nodes.push(node);
        }
        nodes.reverse();
        Some(nodes)
    }
}
