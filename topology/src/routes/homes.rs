//! Which node an AS is on, and which AS is the operator's own.

use std::collections::HashMap;

use crate::draft::{Draft, NeighbourRow};
use crate::graph::{Graph, NodeIndex};

/// The nodes of ASes: that of an AS's first neighbour row that holds, else `as<AS>`.
pub(crate) struct Homes {
    /// The operator's own AS, where it is known.
    pub(crate) own: Option<u32>,
    nodes: HashMap<u32, NodeIndex>,
}

impl Homes {
    /// From the rows of all drafts, in order, and the graph that they are in by now.
    pub(crate) fn new(graph: &Graph, drafts: &[Draft], own: Option<u32>) -> Self {
        let mut nodes = HashMap::new();
        for row in drafts.iter().flat_map(|draft| &draft.neighbours) {
            if let Some(node) = home(graph, row) {
                nodes.entry(row.asn).or_insert(node);
            }
        }
        for (index, node) in (0..).zip(graph.nodes()) {
            if let Some(asn) = node.autonomous_system() {
                nodes.entry(asn).or_insert(index);
            }
        }
        Self { own, nodes }
    }

    /// The node of an AS; none for the operator's own.
    pub(crate) fn node(&self, asn: u32) -> Option<NodeIndex> {
        self.nodes.get(&asn).copied().filter(|_| self.own != Some(asn))
    }
}

fn home(graph: &Graph, row: &NeighbourRow) -> Option<NodeIndex> {
    if row.external_node.is_empty() {
        return graph.find(&format!("as{}", row.asn));
    }
    let pop_stands = row.pop.is_empty() || graph.find(&row.pop).is_some();
    graph.find(&row.external_node).filter(|_| pop_stands)
}
