//! Drafts of several files become one graph: nodes by key, then neighbours, then links.

use std::collections::{HashMap, HashSet};

use crate::draft::{Draft, DraftNode};
use crate::graph::key::{Named, name_nodes};
use crate::graph::link::Link;
use crate::graph::model::Graph;
use crate::graph::neighbours::add_neighbours;
use crate::graph::node::{Node, NodeIndex, Position, Role};
use crate::refusal::LoadError;
use crate::report::{Report, code};

/// Most nodes of a network: its maps have a cost for each pair of them.
const NODES_MAX: usize = 40_000;

#[derive(Debug, thiserror::Error)]
#[error("network has {0} nodes; at most {NODES_MAX} can be mapped")]
struct TooManyNodes(usize);

/// Makes the graph of all drafts.
pub(crate) fn assemble(drafts: &[Draft], report: &mut Report) -> Result<Graph, LoadError> {
    let mut graph = Graph::default();
    let mut ids = Vec::new();
    for draft in drafts {
        ids.push(add_nodes(&mut graph, draft, report)?);
    }
    add_neighbours(&mut graph, drafts, report);
    if graph.nodes.len() > NODES_MAX {
        return Err(LoadError::anywhere(TooManyNodes(graph.nodes.len())));
    }
    for (draft, ids) in drafts.iter().zip(&ids) {
        add_links(&mut graph, draft, ids, report);
    }
    note_parallel_links(&graph, report);
    Ok(graph)
}

type Ids<'a> = HashMap<&'a str, NodeIndex>;

fn add_nodes<'a>(
    graph: &mut Graph,
    draft: &'a Draft,
    report: &mut Report,
) -> Result<Ids<'a>, LoadError> {
    let named = name_nodes(&draft.nodes)
        .map_err(|(index, error)| LoadError::at(draft.spot(draft.nodes[index].line), error))?;
    let mut ids = Ids::new();
    let mut known = 0;
    for (node, Named { key, renamed }) in draft.nodes.iter().zip(named) {
        if renamed {
            warn_renamed(graph, draft, node, &key, report);
        }
        let index = match graph.find(&key) {
            Some(index) => {
                known += 1;
                join(&mut graph.nodes[index as usize], draft, node, report);
                index
            }
            None => {
                let spot = draft.spot(node.line);
                let index = graph.push_node(Node::new(key, node.external, spot));
                graph.nodes[index as usize].position = position(draft, node, report);
                index
            }
        };
        ids.insert(node.id.as_str(), index);
    }
    if known > 0 {
        let file = draft.file.display();
        report.note(format!("{file}: nodes that other files have too: {known}"));
    }
    Ok(ids)
}

fn warn_renamed(
    graph: &mut Graph,
    draft: &Draft,
    node: &DraftNode,
    key: &str,
    report: &mut Report,
) {
    let spot = draft.spot(node.line);
    let label = node.label.trim();
    if label.is_empty() {
        report.warn(code::EMPTY_LABEL, &spot, format!("node has no label; called `{key}`"));
        graph.unlabelled.insert(key.to_owned());
        return;
    }
    let keys = graph.shared_labels.entry(label.to_owned()).or_default();
    keys.push(key.to_owned());
    let message = format!("several nodes are called `{label}`; this one is `{key}`");
    report.warn(code::DUPLICATE_LABEL, &spot, message);
}

/// The same node in a second file adds what the first did not know.
fn join(node: &mut Node, draft: &Draft, again: &DraftNode, report: &mut Report) {
    join_kind(node, draft, again, report);
    let other = position(draft, again, report);
    match (node.position, other) {
        (Some(first), Some(other)) if first != other => {
            let message = format!("`{}` is elsewhere than at {}; ignored", node.key, node.spot);
            report.warn(code::CONTRADICTING_COORDINATES, &draft.spot(again.line), message);
        }
        (None, Some(other)) => node.position = Some(other),
        _ => {}
    }
}

/// What is outside for one file is outside: no path may lead through it.
fn join_kind(node: &mut Node, draft: &Draft, again: &DraftNode, report: &mut Report) {
    let Node { key, spot, .. } = &*node;
    let message = match (node.role, again.external) {
        (Role::Internal, true) => format!("`{key}` is external here and internal at {spot}"),
        (Role::External, false) => format!("`{key}` is internal here and external elsewhere"),
        _ => return,
    };
    let message = format!("{message}; counts as external");
    report.warn(code::CONTRADICTING_KIND, &draft.spot(again.line), message);
    node.role = Role::External;
}

fn position(draft: &Draft, node: &DraftNode, report: &mut Report) -> Option<Position> {
    match (node.latitude, node.longitude) {
        (Some(latitude), Some(longitude)) => Some(Position { latitude, longitude }),
        (None, None) => None,
        _ => {
            let message = "node has a latitude or a longitude, not both; counts as without";
            report.warn(code::HALF_COORDINATES, &draft.spot(node.line), message);
            None
        }
    }
}

fn add_links(graph: &mut Graph, draft: &Draft, ids: &Ids<'_>, report: &mut Report) {
    for link in &draft.links {
        let spot = draft.spot(link.line);
        let find = |end: &str| {
            let elsewhere = || if draft.links_by_key { graph.find_named(end) } else { None };
            ids.get(end).copied().or_else(elsewhere)
        };
        let (from, to) = match (find(&link.from), find(&link.to)) {
            (Some(from), Some(to)) => (from, to),
            (found, _) => {
                let missing = if found.is_none() { &link.from } else { &link.to };
                let search = draft.links_by_key && report.may_search(code::DANGLING_LINK);
                let hint = if search { graph.hint(missing) } else { String::new() };
                let message = format!(
                    "link {}–{} skipped: there is no node `{missing}`{hint}",
                    link.from, link.to
                );
                report.warn(code::DANGLING_LINK, &spot, message);
                continue;
            }
        };
        if from == to {
            let key = &graph.node(from).key;
            let message = format!("link of `{key}` with itself skipped");
            report.warn(code::SELF_LOOP, &spot, message);
            continue;
        }
        let is_as = |index| graph.node(index).is_autonomous_system();
        let attachment = is_as(from) || is_as(to);
        let (directed, metrics) = (link.directed, link.metrics);
        graph.links.push(Link { from, to, directed, attachment, metrics, spot });
    }
}

fn note_parallel_links(graph: &Graph, report: &mut Report) {
    let mut seen = HashSet::new();
    let mut parallel = 0;
    for link in &graph.links {
        let pair = if link.directed {
            (link.from, link.to, true)
        } else {
            (link.from.min(link.to), link.from.max(link.to), false)
        };
        parallel += usize::from(!seen.insert(pair));
    }
    if parallel > 0 {
        report.note(format!("parallel links merged with others: {parallel}"));
    }
}
