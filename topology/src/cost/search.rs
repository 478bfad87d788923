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
    queue: Queue,
}

impl<'a> Search<'a> {
    pub(crate) fn new(arcs: &'a Arcs) -> Self {
        Self { arcs, costs: vec![UNREACHED; arcs.node_count()], queue: Queue::new() }
    }

    /// What it costs to reach each node from `source`.
    pub(crate) fn run(&mut self, source: NodeIndex) -> &[Thousandths] {
        self.walk(source, |_, _| {});
        &self.costs
    }

    /// The nodes of a shortest path, both ends included; `None` where there is none.
    pub(crate) fn path(&mut self, source: NodeIndex, target: NodeIndex) -> Option<Vec<NodeIndex>> {
        let mut parents = vec![source; self.arcs.node_count()];
        self.walk(source, |parent, node| parents[node as usize] = parent);
        if self.costs[target as usize] == UNREACHED {
            return None;
        }
        let mut nodes = vec![target];
        let mut node = target;
        while node != source {
            node = parents[node as usize];
            nodes.push(node);
        }
        nodes.reverse();
        Some(nodes)
    }

    /// Finds all costs from `source`; `reached` is told each step, parent and node, that was the
    /// cheapest when it was found.
    fn walk(&mut self, source: NodeIndex, mut reached: impl FnMut(NodeIndex, NodeIndex)) {
        self.costs.fill(UNREACHED);
        self.queue.clear();
        self.costs[source as usize] = 0;
        self.queue.push(0, source);
        while let Some((cost, node)) = self.queue.pop() {
            if cost > self.costs[node as usize] {
                continue;
            }
            for &(head, step) in self.arcs.from(node) {
                let total = cost + step;
                if total < self.costs[head as usize] {
                    self.costs[head as usize] = total;
                    reached(node, head);
                    if self.arcs.is_through(head) {
                        self.queue.push(total, head);
                    }
                }
            }
        }
    }
}
