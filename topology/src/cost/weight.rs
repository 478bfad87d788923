//! What one link costs in a metric, in integer thousandths of the unit.

use std::collections::HashMap;

use crate::cost::distance::great_circle_km;
use crate::graph::{Graph, Link, NodeIndex};
use crate::options::{Options, Weight};
use crate::paths::{Arc, Thousandths};
use crate::refusal::LoadError;
use crate::report::{Report, code};

/// Largest cost of one link, in units: whatever 32 bits hold, as metrics of routing protocols do.
/// A path over all nodes that a network may have stays below 2^58 thousandths.
const LINK_COST_MAX: f64 = u32::MAX as f64;
/// The capacity whose link costs 1: 100 Gbit/s.
const REFERENCE_MBPS: f64 = 100_000.0;
/// What a link without igp metric costs.
const IGP_DEFAULT: f64 = 1.0;
/// One hop.
pub(crate) const HOP: Thousandths = 1000;

/// Why a link has no cost.
#[derive(Debug, thiserror::Error)]
enum WeightError {
    #[error("link {0} has no delay; weight `delay` needs one on every link")]
    NoDelay(String),
    #[error("link {0} has no capacity; give it one, or set default-capacity-mbps")]
    NoCapacity(String),
    #[error("link {0} has a capacity of 0, from which weight `inverse-capacity` makes no cost")]
    ZeroCapacity(String),
    #[error("link {0} costs {1}; at most {LINK_COST_MAX} can be counted")]
    TooLarge(String, f64),
}

/// The weight that options ask for, or that the graph suggests; a note says which and why.
pub(crate) fn choose(graph: &Graph, options: &Options, report: &mut Report) -> Weight {
    let (weight, why) = if let Some(weight) = options.weight {
        (weight, "as set")
    } else if graph.links().iter().any(|link| link.metrics.igp.is_some()) {
        (Weight::Igp, "links have metrics")
    } else if graph.nodes().iter().any(|node| node.position.is_some()) {
        (Weight::Distance, "nodes have coordinates and no link has a metric")
    } else {
        (Weight::Hops, "there are neither metrics nor coordinates")
    };
    report.note(format!("routingcost.weight is {weight}: {why}"));
    weight
}

/// Every direction of every link, in units of the weight. Parallel links are still apart, but for
/// `inverse-capacity`, which adds their capacities.
pub(crate) fn weigh(
    graph: &Graph,
    weight: Weight,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<Arc>, LoadError> {
    warn_missing(graph, weight, report);
    if weight == Weight::InverseCapacity {
        return by_capacity(graph, options, report);
    }
    let mut arcs = Vec::new();
    for link in graph.links() {
        let cost = if link.attachment { 0.0 } else { cost_of(graph, link, weight)? };
        let cost = thousandths(graph, link, cost)?;
        arcs.extend(directions(link).map(|(from, to)| (from, to, cost)));
    }
    Ok(arcs)
}

/// Every direction of every link as one hop.
pub(crate) fn hops(graph: &Graph) -> Vec<Arc> {
    graph.links().iter().flat_map(directions).map(|(from, to)| (from, to, HOP)).collect()
}

fn cost_of(graph: &Graph, link: &Link, weight: Weight) -> Result<f64, LoadError> {
    let cost = match weight {
        Weight::Igp => link.metrics.igp.or(Some(IGP_DEFAULT)),
        Weight::Hops => Some(1.0),
        Weight::Delay => link.metrics.delay_us,
        Weight::Distance => {
            let ends = (graph.node(link.from).position, graph.node(link.to).position);
            let (Some(from), Some(to)) = ends else { return Ok(0.0) };
            Some(great_circle_km(from, to))
        }
        Weight::InverseCapacity => None,
    };
    let missing = || LoadError::at(link.spot.clone(), WeightError::NoDelay(name(graph, link)));
    cost.ok_or_else(missing)
}

fn by_capacity(
    graph: &Graph,
    options: &Options,
    report: &mut Report,
) -> Result<Vec<Arc>, LoadError> {
    let mut arcs = Vec::new();
    let mut capacities = HashMap::<(NodeIndex, NodeIndex), (f64, &Link)>::new();
    for link in graph.links() {
        if link.attachment {
            arcs.extend(directions(link).map(|(from, to)| (from, to, 0)));
            continue;
        }
        let capacity = capacity(graph, link, options, report)?;
        for pair in directions(link) {
            capacities.entry(pair).or_insert((0.0, link)).0 += capacity;
        }
    }
    for ((from, to), (capacity, link)) in capacities {
        arcs.push((from, to, thousandths(graph, link, REFERENCE_MBPS / capacity)?));
    }
    Ok(arcs)
}

fn capacity(
    graph: &Graph,
    link: &Link,
    options: &Options,
    report: &mut Report,
) -> Result<f64, LoadError> {
    let refused = |fault| Err(LoadError::at(link.spot.clone(), fault));
    match (link.metrics.capacity_mbps, options.default_capacity_mbps) {
        (Some(0.0), _) => refused(WeightError::ZeroCapacity(name(graph, link))),
        (Some(capacity), _) => Ok(capacity),
        (None, Some(default)) => {
            let link_name = name(graph, link);
            let message = format!("link {link_name} has no capacity; counted as {default} Mbit/s");
            report.warn(code::MISSING_CAPACITY, &link.spot, message);
            Ok(default)
        }
        (None, None) => refused(WeightError::NoCapacity(name(graph, link))),
    }
}

/// Says what costs are made up for want of anything better.
fn warn_missing(graph: &Graph, weight: Weight, report: &mut Report) {
    let counted = || graph.links().iter().filter(|link| !link.attachment);
    if weight == Weight::Igp {
        for link in counted().filter(|link| link.metrics.igp.is_none()) {
            let message = format!("link {} has no metric; it costs 1", name(graph, link));
            report.warn(code::MISSING_IGP, &link.spot, message);
        }
    }
    if weight == Weight::Distance {
        let mut linked = vec![false; graph.nodes().len()];
        for link in counted() {
            linked[link.from as usize] = true;
            linked[link.to as usize] = true;
        }
        for (node, linked) in graph.nodes().iter().zip(linked) {
            if linked && node.position.is_none() {
                let message = format!("`{}` has no coordinates; its links cost 0", node.key);
                report.warn(code::MISSING_COORDINATES, &node.spot, message);
            }
        }
    }
}

/// Both directions of a link, or its one.
fn directions(link: &Link) -> impl Iterator<Item = (NodeIndex, NodeIndex)> + use<> {
    let back = (!link.directed).then_some((link.to, link.from));
    std::iter::once((link.from, link.to)).chain(back)
}

fn thousandths(graph: &Graph, link: &Link, cost: f64) -> Result<Thousandths, LoadError> {
    if cost > LINK_COST_MAX {
        let fault = WeightError::TooLarge(name(graph, link), cost);
        return Err(LoadError::at(link.spot.clone(), fault));
    }
    Ok((cost * 1000.0).round() as Thousandths)
}

fn name(graph: &Graph, link: &Link) -> String {
    format!("`{}`–`{}`", graph.node(link.from).key, graph.node(link.to).key)
}
