//! Puts the prefixes of all sources on nodes, each on one.

use std::collections::BTreeMap;

use netmap::IpNet;

use crate::draft::{Draft, Precedence, PrefixRow};
use crate::graph::{Graph, NodeIndex};
use crate::placement::nowhere::{Around, nowhere};
use crate::refusal::LoadError;
use crate::report::{Report, code, some_of};
use crate::spot::Spot;

/// Why a list of prefixes cannot stand.
#[derive(Debug, thiserror::Error)]
enum PlaceError {
    #[error("unknown pop `{pop}` of {prefix}{hint}")]
    UnknownPop { pop: String, prefix: IpNet, hint: String },
    #[error("{prefix} is on `{node}` here and on `{first_node}` at {first}; keep one row")]
    Twice { prefix: IpNet, node: String, first_node: String, first: Spot },
}

/// A prefix on a node, and the row that says so.
#[derive(Clone, Copy)]
struct Placed<'a> {
    prefix: IpNet,
    node: NodeIndex,
    draft: &'a Draft,
    origin_as: Option<u32>,
    metric: Option<u64>,
    line: u64,
}

impl Placed<'_> {
    fn spot(&self) -> Spot {
        self.draft.spot(self.line)
    }

    fn precedence(&self) -> Precedence {
        self.draft.prefixes.precedence
    }
}

/// Every prefix once, ascending, on its node; `None` is the default PID. Routing tables stand over
/// graphs, a list over both, a geofeed over all; a list that says two things is refused, others
/// that do are repaired.
pub(crate) fn place(
    graph: &Graph,
    drafts: &[Draft],
    report: &mut Report,
) -> Result<Vec<(IpNet, Option<NodeIndex>)>, LoadError> {
    let of_graphs = found(graph, drafts, Precedence::Graph, report)?;
    let of_graphs = nearest(graph, of_graphs, report);
    let mut of_tables = found(graph, drafts, Precedence::Table, report)?;
    // Of several tables the first that knows a prefix counts.
    of_tables.dedup_by_key(|row| row.prefix);
    let listed = found(graph, drafts, Precedence::List, report)?;
    refuse_repeated(graph, &listed)?;
    let fed = found(graph, drafts, Precedence::Feed, report)?;
    let fed = first_rows(graph, fed, report);
    let mut placed = of_graphs;
    for upper in [of_tables, listed, fed] {
        placed = merged(placed, upper, report);
    }
    note_origins(&placed, report);
    note_empty(graph, drafts, &placed, report);
    let around = placed.iter().map(|row| {
        let (prefix, by, node) = (row.prefix, Some(row.precedence()), Some(row.node));
        Around { prefix, by, node }
    });
    let named = nowhere(around, drafts);
    if !named.is_empty() {
        report.note(format!(
            "prefixes on no node inside one on a node by the same source, which stay with other \
             sources or in the default PID: {}",
            named.len()
        ));
    }
    let mut all: Vec<_> =
        placed.into_iter().map(|placed| (placed.prefix, Some(placed.node))).chain(named).collect();
    all.sort_unstable_by_key(|(prefix, _)| *prefix);
    Ok(all)
}

/// The rows of one precedence, ascending by prefix, then in the order of files and lines.
fn found<'a>(
    graph: &Graph,
    drafts: &'a [Draft],
    precedence: Precedence,
    report: &mut Report,
) -> Result<Vec<Placed<'a>>, LoadError> {
    let mut all = Vec::new();
    for draft in drafts.iter().filter(|draft| draft.prefixes.precedence == precedence) {
        let nodes: Vec<_> = draft.prefixes.pops.iter().map(|pop| graph.find_named(pop)).collect();
        for &PrefixRow { prefix, pop, origin_as, metric, line } in &draft.prefixes.rows {
            if let Some(node) = nodes[pop as usize] {
                all.push(Placed { prefix, node, draft, origin_as, metric, line });
                continue;
            }
            let pop = draft.prefixes.pops[pop as usize].clone();
            let search = precedence == Precedence::List || report.may_search(code::SKIPPED_PREFIX);
            let hint = if search { graph.hint(&pop) } else { String::new() };
            let fault = PlaceError::UnknownPop { pop, prefix, hint };
            match precedence {
                Precedence::List => return Err(LoadError::at(draft.spot(line), fault)),
                _ => {
                    let message = format!("{prefix} skipped: {fault}");
                    report.warn(code::SKIPPED_PREFIX, &draft.spot(line), message);
                }
            }
        }
    }
    all.sort_by_key(|placed| placed.prefix);
    Ok(all)
}

/// Of graphs: of several nodes the one with the lowest metric, then key, keeps a prefix. A metric
/// that is missing is the highest.
fn nearest<'a>(graph: &Graph, mut placed: Vec<Placed<'a>>, report: &mut Report) -> Vec<Placed<'a>> {
    let key = |placed: &Placed<'a>| graph.node(placed.node).key.as_str();
    placed.sort_by(|one, two| {
        let order = |row: &Placed<'a>| (row.prefix, row.metric.unwrap_or(u64::MAX));
        order(one).cmp(&order(two)).then_with(|| key(one).cmp(key(two)))
    });
    let mut kept = Vec::<Placed<'a>>::new();
    for row in placed {
        match kept.last() {
            Some(first) if first.prefix == row.prefix => {
                let (prefix, other, at) = (row.prefix, key(first), first.spot());
                let message = if first.node == row.node {
                    format!("{prefix} is on `{other}` already, at {at}; skipped")
                } else {
                    let node = key(&row);
                    format!("{prefix} is on `{node}` here and on `{other}` at {at}, which keeps it")
                };
                report.warn(code::DUPLICATE_PREFIX, &row.spot(), message);
            }
            _ => kept.push(row),
        }
    }
    kept
}

fn refuse_repeated(graph: &Graph, listed: &[Placed<'_>]) -> Result<(), LoadError> {
    let mut pairs = listed.windows(2);
    let Some([first, again]) = pairs.find(|pair| pair[0].prefix == pair[1].prefix) else {
        return Ok(());
    };
    let key = |placed: &Placed<'_>| graph.node(placed.node).key.clone();
    let (prefix, node, first_node, first) = (again.prefix, key(again), key(first), first.spot());
    Err(LoadError::at(again.spot(), PlaceError::Twice { prefix, node, first_node, first }))
}

/// Of a geofeed: the first row keeps a prefix that several have.
fn first_rows<'a>(graph: &Graph, placed: Vec<Placed<'a>>, report: &mut Report) -> Vec<Placed<'a>> {
    let mut kept = Vec::<Placed<'a>>::new();
    for row in placed {
        match kept.last() {
            Some(first) if first.prefix == row.prefix => {
                let (prefix, other, at) = (row.prefix, &graph.node(first.node).key, first.spot());
                let message = format!("{prefix} is at `{other}` by {at}; this row skipped");
                report.warn(code::DUPLICATE_PREFIX, &row.spot(), message);
            }
            _ => kept.push(row),
        }
    }
    kept
}

/// Both, the upper's where both have a prefix.
fn merged<'a>(
    lower: Vec<Placed<'a>>,
    upper: Vec<Placed<'a>>,
    report: &mut Report,
) -> Vec<Placed<'a>> {
    let Some(by) = upper.first().map(Placed::precedence) else { return lower };
    let mut moved = BTreeMap::<Precedence, usize>::new();
    let mut all: Vec<_> = lower
        .into_iter()
        .filter(|row| match upper.binary_search_by_key(&row.prefix, |upper| upper.prefix) {
            Ok(at) => {
                *moved.entry(row.precedence()).or_default() +=
                    usize::from(upper[at].node != row.node);
                false
            }
            Err(_) => true,
        })
        .collect();
    for (of, count) in moved.into_iter().filter(|(_, count)| *count > 0) {
        let (by, of) = (source(by), source(of));
        report.note(format!("prefixes that {by} takes from the node of {of}: {count}"));
    }
    all.extend(upper);
    all.sort_by_key(|placed| placed.prefix);
    all
}

fn source(precedence: Precedence) -> &'static str {
    match precedence {
        Precedence::Graph => "a graph",
        Precedence::Table => "a routing table",
        Precedence::List => "a list",
        Precedence::Feed => "a geofeed",
    }
}

/// Prefixes inside one of another origin: longest match tells them apart, but it is worth knowing.
fn note_origins(placed: &[Placed<'_>], report: &mut Report) {
    let mut around = Vec::<(IpNet, u32)>::new();
    let mut inside = 0;
    for Placed { prefix, origin_as, .. } in placed {
        let Some(origin_as) = *origin_as else { continue };
        while around.last().is_some_and(|(outer, _)| !outer.contains(prefix)) {
            around.pop();
        }
        inside += usize::from(around.last().is_some_and(|(_, origin)| *origin != origin_as));
        around.push((*prefix, origin_as));
    }
    if inside > 0 {
        report.note(format!("prefixes inside one of another origin AS: {inside}"));
    }
}

fn note_empty(graph: &Graph, drafts: &[Draft], placed: &[Placed<'_>], report: &mut Report) {
    if placed.is_empty() {
        if let Some(draft) = drafts.first() {
            let message = "no node has a prefix; every address is in the default PID";
            report.warn(code::NO_PREFIXES, &Spot::file(&draft.file), message);
        }
        return;
    }
    let mut has = vec![false; graph.nodes().len()];
    for placed in placed {
        has[placed.node as usize] = true;
    }
    let nodes = graph.nodes().iter().zip(has).filter(|(_, has)| !has);
    let empty: Vec<&str> = nodes.map(|(node, _)| node.key.as_str()).collect();
    if !empty.is_empty() {
        let keys = some_of(empty.iter().copied());
        report.note(format!("nodes without prefix: {} ({keys})", empty.len()));
    }
}
