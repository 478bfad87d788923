//! Rows about neighbour networks: ends, their attachments and their relations.

use std::collections::HashMap;

use crate::draft::{Draft, LinkMetrics, NeighbourRow};
use crate::graph::link::Link;
use crate::graph::model::Graph;
use crate::graph::node::{Node, NodeIndex, Role};
use crate::relation::Relation;
use crate::report::{Report, code, some_of};
use crate::spot::Spot;

/// Applies the rows of all drafts, whatever their order: first those that add a node `as<AS>`,
/// then those that name a node of the graph.
pub(crate) fn add_neighbours(graph: &mut Graph, drafts: &[Draft], report: &mut Report) {
    let rows: Vec<_> = drafts.iter().flat_map(|draft| &draft.neighbours).collect();
    let mut became_ends = Vec::new();
    let (added, named): (Vec<&NeighbourRow>, Vec<_>) =
        rows.iter().partition(|row| row.external_node.is_empty());
    // Neighbours meet at nodes of the graph, not at those that rows add.
    let pops: Vec<_> = added.iter().map(|row| graph.find_named(&row.pop)).collect();
    let mut nowhere = Vec::new();
    for (row, pop) in added.into_iter().zip(pops) {
        let Some(pop) = pop else {
            nowhere.push(row);
            continue;
        };
        if let Some(node) = attach(graph, pop, row, report) {
            relate(graph, node, row, &mut became_ends);
        }
    }
    for row in nowhere {
        dangling(graph, row, &row.pop, report);
    }
    for row in named {
        if let Some(node) = named_node(graph, row, report) {
            relate(graph, node, row, &mut became_ends);
        }
    }
    warn_contradictions(&rows, report);
    note_ends(graph, &became_ends, report);
}

/// Adds the AS's node, unless it is there, and its link to the pop.
fn attach(
    graph: &mut Graph,
    pop: NodeIndex,
    row: &NeighbourRow,
    report: &mut Report,
) -> Option<NodeIndex> {
    let key = format!("as{}", row.asn);
    let known = graph.find(&key);
    if known == Some(pop) {
        let message = format!("neighbour {key} is met at itself; row skipped");
        report.warn(code::SELF_LOOP, &row.spot, message);
        return None;
    }
    let node = known.unwrap_or_else(|| graph.push_node(Node::new(key, false, row.spot.clone())));
    graph.links.push(Link {
        from: node,
        to: pop,
        directed: false,
        attachment: true,
        metrics: LinkMetrics::default(),
        spot: row.spot.clone(),
    });
    Some(node)
}

fn named_node(graph: &Graph, row: &NeighbourRow, report: &mut Report) -> Option<NodeIndex> {
    let node = graph.find_named(&row.external_node);
    let missing = if node.is_none() {
        &row.external_node
    } else if !row.pop.is_empty() && graph.find_named(&row.pop).is_none() {
        &row.pop
    } else {
        return node;
    };
    dangling(graph, row, missing, report);
    None
}

fn dangling(graph: &Graph, row: &NeighbourRow, missing: &str, report: &mut Report) {
    let why = if graph.find(missing).is_some() {
        format!("`{missing}` is a neighbour, not a pop")
    } else {
        let search = report.may_search(code::DANGLING_NEIGHBOUR);
        let hint = if search { graph.hint(missing) } else { String::new() };
        format!("there is no node `{missing}`{hint}")
    };
    let message = format!("neighbour as{} skipped here: {why}", row.asn);
    report.warn(code::DANGLING_NEIGHBOUR, &row.spot, message);
}

fn relate(
    graph: &mut Graph,
    index: NodeIndex,
    row: &NeighbourRow,
    became_ends: &mut Vec<NodeIndex>,
) {
    let node = &mut graph.nodes[index as usize];
    if node.role == Role::Internal {
        node.role = Role::Neighbour;
        became_ends.push(index);
    }
    if !node.relations.contains(&row.relation) {
        node.relations.push(row.relation);
    }
}

/// One AS is one thing to the operator and has one name.
fn warn_contradictions(rows: &[&NeighbourRow], report: &mut Report) {
    let mut relations = HashMap::<u32, (Relation, &Spot)>::new();
    let mut names = HashMap::<u32, (&str, &Spot)>::new();
    for row in rows {
        let (first, at) = *relations.entry(row.asn).or_insert((row.relation, &row.spot));
        if first != row.relation {
            let NeighbourRow { asn, relation, spot, .. } = row;
            let message = format!("as{asn} is {relation} here and {first} at {at}; both count");
            report.warn(code::CONTRADICTING_RELATIONS, spot, message);
        }
        if row.name.is_empty() {
            continue;
        }
        let (first, at) = *names.entry(row.asn).or_insert((&row.name, &row.spot));
        if first != row.name {
            let NeighbourRow { asn, name, spot, .. } = row;
            let message = format!("as{asn} is called `{name}` here and `{first}` at {at}");
            report.warn(code::CONTRADICTING_NAMES, spot, message);
        }
    }
}

fn note_ends(graph: &Graph, became_ends: &[NodeIndex], report: &mut Report) {
    let ends = graph.nodes.iter().filter(|node| node.is_end()).count();
    if ends > 0 {
        report.note(format!("external nodes and neighbours, ends of all paths: {ends}"));
    }
    if !became_ends.is_empty() {
        let keys = became_ends.iter().map(|index| graph.node(*index).key.as_str());
        let keys = some_of(keys);
        report.note(format!("made ends because neighbour rows name them: {keys}"));
    }
    let unrelated: Vec<&str> = graph
        .nodes
        .iter()
        .filter(|node| node.is_end() && node.relations.is_empty())
        .map(|node| node.key.as_str())
        .collect();
    if !unrelated.is_empty() {
        let keys = some_of(unrelated.iter().copied());
        report.note(format!("counted as peers for want of a neighbour row: {keys}"));
    }
}
