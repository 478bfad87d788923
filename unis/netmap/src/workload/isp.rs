//! A graph like that of a national network: a meshed core, aggregation homed on two core nodes,
//! access homed on two aggregation nodes.
//!
//! ```text
//!  core ─────── core ─────── core …      1 node in 60, a ring and three chords each
//!    │  ╲       ╱  │
//!  aggregation ── aggregation …          1 in 12, two core nodes and two others
//!    │       ╲  ╱      │
//!  access ── access   access …           the rest, two aggregation nodes; one in three also has
//!                                        a link to another access node
//! ```

use std::collections::BTreeMap;

use crate::workload::dice::Dice;

/// Nodes for one of the core, of the aggregation.
const NODES_PER_CORE: usize = 60;
const NODES_PER_AGGREGATION: usize = 12;
/// The smallest graph that has all three layers.
const NODES_MIN: usize = 120;

/// Links of a graph: each pair once, the lower node first, and a metric.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IspGraph {
    /// How many nodes there are.
    pub nodes: usize,
    /// From, to, metric: a whole number as operators set them.
    pub links: Vec<(u32, u32, u32)>,
}

/// A graph of this many nodes, at least 120; 5,000 have some 12,600 links.
pub fn isp_graph(nodes: usize, seed: u64) -> IspGraph {
    let nodes = nodes.max(NODES_MIN);
    let (core, aggregation) = (nodes / NODES_PER_CORE, nodes / NODES_PER_AGGREGATION);
    let first_access = core + aggregation;
    let mut dice = Dice::new(seed);
    let mut links = BTreeMap::new();
    let mut link = |one: usize, other: usize, metric: usize| {
        if one != other {
            let pair = (one.min(other) as u32, one.max(other) as u32);
            links.entry(pair).or_insert(metric as u32);
        }
    };
    for node in 0..core {
        link(node, (node + 1) % core, dice.between(5, 30));
        for _ in 0..3 {
            link(node, dice.below(core), dice.between(5, 60));
        }
    }
    for node in core..first_access {
        let home = dice.below(core);
        link(node, home, dice.between(5, 40));
        link(node, (home + dice.between(1, 4)) % core, dice.between(5, 40));
        for _ in 0..2 {
            link(node, core + dice.below(aggregation), dice.between(10, 50));
        }
    }
    for node in first_access..nodes {
        let home = dice.below(aggregation);
        link(node, core + home, dice.between(5, 20));
        link(node, core + (home + dice.between(1, 5)) % aggregation, dice.between(5, 20));
        if dice.below(3) == 0 {
            link(node, first_access + dice.below(nodes - first_access), dice.between(10, 40));
        }
    }
    let links = links.into_iter().map(|((from, to), metric)| (from, to, metric)).collect();
    IspGraph { nodes, links }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_has_the_degrees_of_a_network_and_is_the_same_each_time() {
        let graph = isp_graph(5_000, 1);
        assert_eq!(graph, isp_graph(5_000, 1));
        assert_ne!(graph, isp_graph(5_000, 2));
        assert!((12_000..15_000).contains(&graph.links.len()), "{}", graph.links.len());
        let mut degrees = vec![0; graph.nodes];
        for (from, to, _) in &graph.links {
            degrees[*from as usize] += 1;
            degrees[*to as usize] += 1;
        }
        assert!(degrees.iter().all(|degree| *degree >= 2));
        assert!(degrees[..83].iter().sum::<usize>() / 83 >= 10, "the core is well meshed");
    }
}
