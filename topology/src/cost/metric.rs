//! A metric: what its links cost, and what neighbours add.

use netmap::Cost;

use crate::cost::penalty::PenaltyTable;
use crate::cost::weight;
use crate::graph::Graph;
use crate::options::Options;
use crate::paths::{Arc, Arcs, largest_internal};
use crate::refusal::LoadError;
use crate::report::Report;

/// One metric: its name, its arcs and its penalties.
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    pub(crate) arcs: Arcs,
    pub(crate) penalties: PenaltyTable,
}

/// `routingcost` (RFC 7285 §6.1.1.1): the weight's shortest paths and the penalties of neighbours.
pub(crate) fn routingcost(
    graph: &Graph,
    options: &Options,
    report: &mut Report,
) -> Result<Metric, LoadError> {
    let chosen = weight::choose(graph, options, report);
    let arcs = arcs(graph, weight::weigh(graph, chosen, options, report)?);
    let largest = largest_internal(&arcs);
    let penalties =
        PenaltyTable::new(graph, &options.penalties, largest).map_err(LoadError::anywhere)?;
    let unit = Cost::from_thousandths(penalties.unit);
    let largest = Cost::from_thousandths(largest);
    report.note(format!("largest cost between internal nodes {largest}, penalty unit {unit}"));
    let factors = options.penalties;
    let (customer, peer, transit) = (factors.customer, factors.peer, factors.transit);
    report.note(format!("penalty factors: customer {customer}, peer {peer}, transit {transit}"));
    Ok(Metric { name: "routingcost", arcs, penalties })
}

/// `hopcount` (RFC 7285 §6.1.1.2): the links of the path with the fewest.
pub(crate) fn hopcount(graph: &Graph) -> Metric {
    let arcs = arcs(graph, weight::hops(graph));
    Metric { name: "hopcount", arcs, penalties: PenaltyTable::none(graph) }
}

fn arcs(graph: &Graph, weighted: Vec<Arc>) -> Arcs {
    let through = graph.nodes().iter().map(|node| !node.is_end()).collect();
    Arcs::new(through, weighted)
}
