//! The costs of all pairs of PIDs in one metric.

use std::num::NonZero;
use std::thread::{self, ScopedJoinHandle};

use netmap::{Cost, CostMatrix, MatrixBuilder, MatrixError};

use crate::cost::arcs::Arcs;
use crate::cost::diameter::largest_internal;
use crate::cost::penalty::PenaltyTable;
use crate::cost::search::{Search, UNREACHED};
use crate::cost::weight::{self, Thousandths};
use crate::graph::{Graph, NodeIndex};
use crate::options::Options;
use crate::refusal::LoadError;
use crate::report::Report;

/// Rows that one thread searches before they are handed on: bounds what is held at a time.
const ROWS_AT_A_TIME: usize = 32;
/// Threads at most.
const THREADS_MAX: usize = 16;

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
    let arcs = Arcs::new(graph, weight::weigh(graph, chosen, options, report)?);
    let largest = largest_internal(&arcs);
    let penalties = PenaltyTable::new(graph, &options.penalties, largest);
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
    let arcs = Arcs::new(graph, weight::hops(graph));
    Metric { name: "hopcount", arcs, penalties: PenaltyTable::none(graph) }
}

impl Metric {
    /// The costs of all pairs. `nodes` has the node of each PID, in the order of the PIDs; a PID
    /// without node costs `elsewhere` from and to all.
    ///
    /// While a batch of rows is put into the matrix, the next is searched.
    pub(crate) fn matrix(
        &self,
        nodes: &[Option<NodeIndex>],
        elsewhere: Option<Cost>,
    ) -> Result<CostMatrix, MatrixError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
        let mut builder = MatrixBuilder::new(self.name, nodes.len());
        thread::scope(|scope| {
            let mut batches = nodes.chunks(ROWS_AT_A_TIME * threads);
            let start = |batch: &[Option<NodeIndex>]| {
                let parts = batch.chunks(ROWS_AT_A_TIME).map(<[_]>::to_vec);
                parts.map(|part| scope.spawn(move || self.rows(&part))).collect::<Vec<_>>()
            };
            let mut searching = batches.next().map(start);
            while let Some(parts) = searching.take() {
                let rows = parts.into_iter().flat_map(joined).collect::<Vec<_>>();
                searching = batches.next().map(start);
                for Row { source, costs } in rows {
                    builder.push_row(nodes.iter().map(|target| match (source, target) {
                        (Some(source), Some(target)) => self.cost(source, *target, &costs),
                        _ => elsewhere,
                    }))?;
                }
            }
            builder.finish()
        })
    }

    /// The cost of a pair of nodes, from the costs of all paths from the first.
    fn cost(&self, from: NodeIndex, to: NodeIndex, costs: &[Thousandths]) -> Option<Cost> {
        let path = Some(costs[to as usize]).filter(|cost| *cost != UNREACHED)?;
        let penalty = if from == to { None } else { self.penalties.between(from, to) };
        Some(Cost::from_thousandths(path + penalty.map_or(0, |(_, cost)| cost)))
    }

    fn rows(&self, sources: &[Option<NodeIndex>]) -> Vec<Row> {
        let mut search = Search::new(&self.arcs);
        let mut row = |source: &Option<NodeIndex>| {
            let costs = source.map_or_else(Vec::new, |source| search.run(source).to_vec());
            Row { source: *source, costs }
        };
        sources.iter().map(&mut row).collect()
    }
}

fn joined(part: ScopedJoinHandle<'_, Vec<Row>>) -> Vec<Row> {
    part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The costs from one node to all; nothing for a PID without node.
struct Row {
    source: Option<NodeIndex>,
    costs: Vec<Thousandths>,
}
