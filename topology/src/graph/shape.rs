//! Whether the graph hangs together.

use crate::graph::model::Graph;
use crate::graph::node::NodeIndex;
use crate::report::{Report, code, some_of};

/// Warns about internal nodes apart from the rest and ends without a link to an internal node.
/// Directions are left aside.
pub(crate) fn check_shape(graph: &Graph, report: &mut Report) {
    let mut islands = islands(graph);
    islands.sort_by_key(|nodes| (std::cmp::Reverse(nodes.len()), nodes.first().copied()));
    for nodes in islands.iter().skip(1) {
        let Some(first) = nodes.first() else { continue };
        let keys = some_of(nodes.iter().map(|index| graph.node(*index).key.as_str()));
        let message = match nodes.len() {
            1 => format!("no link connects {keys} with the rest"),
            count => format!("no link connects {count} nodes with the rest: {keys}"),
        };
        report.warn(code::ISLAND, &graph.node(*first).spot, message);
    }
    let mut attached = vec![false; graph.nodes().len()];
    for link in graph.links() {
        attached[link.from as usize] |= !graph.node(link.to).is_end();
        attached[link.to as usize] |= !graph.node(link.from).is_end();
    }
    for (node, attached) in graph.nodes().iter().zip(attached) {
        if node.is_end() && !attached {
            let message = format!("no link connects `{}` with an internal node", node.key);
            report.warn(code::UNATTACHED_END, &node.spot, message);
        }
    }
}

/// Internal nodes by what connects them.
fn islands(graph: &Graph) -> Vec<Vec<NodeIndex>> {
    let mut roots: Vec<NodeIndex> = (0..).take(graph.nodes().len()).collect();
    for link in graph.links() {
        if graph.node(link.from).is_end() || graph.node(link.to).is_end() {
            continue;
        }
        let (one, two) = (root(&mut roots, link.from), root(&mut roots, link.to));
        roots[one.max(two) as usize] = one.min(two);
    }
    let mut islands = vec![Vec::new(); roots.len()];
    for (index, node) in (0..).zip(graph.nodes()) {
        if !node.is_end() {
            islands[root(&mut roots, index) as usize].push(index);
        }
    }
    islands.retain(|nodes| !nodes.is_empty());
    islands
}

fn root(roots: &mut [NodeIndex], mut index: NodeIndex) -> NodeIndex {
    while roots[index as usize] != index {
        let above = roots[index as usize];
        roots[index as usize] = roots[above as usize];
        index = above;
    }
    index
}
