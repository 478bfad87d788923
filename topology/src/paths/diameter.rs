//! The largest cost between two internal nodes, without searching from each of them.
//!
//! F. W. Takes, W. A. Kosters, "Determining the diameter of small world networks", CIKM 2011: the
//! largest cost from a node that was searched from bounds that of every other by the triangle
//! inequality, so most need no search.

use crate::paths::arcs::Arcs;
use crate::paths::search::Search;
use crate::paths::{Thousandths, UNREACHED, Vertex};

/// The largest cost between two internal nodes that a path connects; 0 without any.
pub fn largest_internal(arcs: &Arcs) -> Thousandths {
    let mut left: Vec<Candidate> = (0..arcs.len() as Vertex)
        .filter(|node| arcs.is_through(*node))
        .map(|node| Candidate { node, least: 0, most: UNREACHED })
        .collect();
    let mut search = Search::new(arcs);
    let mut largest = 0;
    let mut from_the_edge = true;
    while let Some(next) = choose(&left, from_the_edge) {
        from_the_edge = !from_the_edge;
        let source = left.swap_remove(next).node;
        let costs = search.run(source);
        let internal = costs.iter().zip(0..).filter(|(_, node)| arcs.is_through(*node));
        let reached = internal.map(|(cost, _)| *cost).filter(|cost| *cost != UNREACHED);
        let farthest = reached.max().unwrap_or(0);
        largest = largest.max(farthest);
        if arcs.is_symmetric() {
            for candidate in &mut left {
                candidate.learn(costs[candidate.node as usize], farthest);
            }
            left.retain(|candidate| candidate.most > largest);
        }
    }
    largest
}

/// A node not searched from, and what is known of the largest cost from it.
struct Candidate {
    node: Vertex,
    least: Thousandths,
    most: Thousandths,
}

impl Candidate {
    /// A node at this `cost` has its farthest at `farthest`.
    fn learn(&mut self, cost: Thousandths, farthest: Thousandths) {
        if cost != UNREACHED {
            self.least = self.least.max(cost).max(farthest - cost);
            self.most = self.most.min(farthest + cost);
        }
    }
}

/// The node that promises most: by turns the farthest out and the most central.
fn choose(left: &[Candidate], from_the_edge: bool) -> Option<usize> {
    let indexes = 0..left.len();
    if from_the_edge {
        indexes.max_by_key(|index| left[*index].most)
    } else {
        indexes.min_by_key(|index| left[*index].least)
    }
}
