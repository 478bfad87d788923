//! Shortest paths from one vertex (E. W. Dijkstra, "A note on two problems in connexion with
//! graphs", 1959), with ends that no path runs through.

use crate::paths::arcs::Arcs;
use crate::paths::queue::Queue;
use crate::paths::{Thousandths, UNREACHED, Vertex};

/// The room that a search needs, used again by the next.
pub struct Search<'a> {
    arcs: &'a Arcs,
    costs: Vec<Thousandths>,
    queue: Queue,
}

impl<'a> Search<'a> {
    /// Room for searches in a graph.
    pub fn new(arcs: &'a Arcs) -> Self {
        let queue = Queue::new(arcs.median_step());
        Self { arcs, costs: vec![UNREACHED; arcs.len()], queue }
    }

    /// What it costs to reach each vertex from `source`, [`UNREACHED`] where there is no path.
    ///
    /// # Panics
    /// Where there is no such vertex.
    pub fn run(&mut self, source: Vertex) -> &[Thousandths] {
        self.walk(source, |_, _| {});
        &self.costs
    }

    /// The vertices of a shortest path, both ends included; `None` where there is none.
    ///
    /// # Panics
    /// Where there is no such vertex.
    pub fn path(&mut self, source: Vertex, target: Vertex) -> Option<Vec<Vertex>> {
        let mut parents = vec![source; self.arcs.len()];
        self.walk(source, |parent, vertex| parents[vertex as usize] = parent);
        if self.costs[target as usize] == UNREACHED {
            return None;
        }
        let mut vertices = vec![target];
        let mut vertex = target;
        while vertex != source {
            vertex = parents[vertex as usize];
            vertices.push(vertex);
        }
        vertices.reverse();
        Some(vertices)
    }

    /// Finds all costs from `source`; `reached` is told each step, parent and vertex, that was the
    /// cheapest when it was found.
    fn walk(&mut self, source: Vertex, mut reached: impl FnMut(Vertex, Vertex)) {
        self.costs.fill(UNREACHED);
        self.queue.clear();
        self.costs[source as usize] = 0;
        self.queue.push(0, source);
        while let Some((cost, vertex)) = self.queue.pop() {
            if cost > self.costs[vertex as usize] {
                continue;
            }
            for &(head, step) in self.arcs.from(vertex) {
                let total = cost + step;
                if total < self.costs[head as usize] {
                    self.costs[head as usize] = total;
                    reached(vertex, head);
                    if self.arcs.is_through(head) {
                        self.queue.push(total, head);
                    }
                }
            }
        }
    }
}
