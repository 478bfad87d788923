//! The costs of all pairs of PIDs in one metric.

use std::num::NonZero;
use std::thread::{self, ScopedJoinHandle};

use netmap::{Amount, Cost, CostMatrix, MatrixBuilder, MatrixError};

use crate::cost::metric::Metric;
use crate::graph::NodeIndex;
use crate::paths::{Search, Thousandths, UNREACHED};

/// Rows that one thread searches before they are handed on: bounds what is held at a time.
const ROWS_AT_A_TIME: usize = 32;
/// Threads at most.
const THREADS_MAX: usize = 16;

/// How many threads to use: all cores, or all but one where something else is to go on beside.
pub(crate) fn threads(is_beside: bool) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
    if is_beside { cores.saturating_sub(1).max(1) } else { cores }
}

impl Metric {
    /// The costs of all pairs, by so many threads. `nodes` has the node of each PID, in the order of the PIDs; a PID
    /// without node costs `elsewhere` from and to all.
    ///
    /// While a batch of rows is put into the matrix, the next is searched.
    pub(crate) fn matrix(
        &self,
        nodes: &[Option<NodeIndex>],
        elsewhere: Option<Cost>,
        threads: usize,
    ) -> Result<CostMatrix, MatrixError> {
        let mut builder = MatrixBuilder::new(self.name, nodes.len());
        if let Some(step) = NonZero::new(self.step()) {
            builder = builder.with_step(step);
        }
        let elsewhere = elsewhere.map(Amount::Exact);
        thread::scope(|scope| {
            let mut batches = nodes.chunks(ROWS_AT_A_TIME * threads);
            let start = |batch: &[Option<NodeIndex>]| {
                let parts = batch.chunks(ROWS_AT_A_TIME).map(<[_]>::to_vec);
                parts.map(|part| scope.spawn(move || self.rows(&part, nodes))).collect::<Vec<_>>()
            };
            let mut searching = batches.next().map(start);
            while let Some(parts) = searching.take() {
                let rows = parts.into_iter().flat_map(joined).collect::<Vec<_>>();
                searching = batches.next().map(start);
                for row in rows {
                    match row {
                        None => builder.push_amounts(nodes.iter().map(|_| elsewhere))?,
                        Some(costs) => {
                            let amount = |(cost, node): (&Thousandths, &Option<NodeIndex>)| {
                                if node.is_none() {
                                    return elsewhere;
                                }
                                (*cost != UNREACHED).then_some(Amount::Thousandths(*cost))
                            };
                            builder.push_amounts(costs.iter().zip(nodes).map(amount))?;
                        }
                    }
                }
            }
            builder.finish()
        })
    }

    /// For each source the costs to all targets, both as nodes of PIDs; nothing for a PID without
    /// node.
    fn rows(
        &self,
        sources: &[Option<NodeIndex>],
        targets: &[Option<NodeIndex>],
    ) -> Vec<Option<Vec<Thousandths>>> {
        let mut search = Search::new(&self.arcs);
        let mut row = |source: &Option<NodeIndex>| {
            // Whoever waits for this core does not wait for more than a row.
            thread::yield_now();
            let source = (*source)?;
            let paths = search.run(source);
            let cost = |target: &Option<NodeIndex>| {
                target.map_or(UNREACHED, |target| match paths[target as usize] {
                    UNREACHED => UNREACHED,
                    path => path + self.penalties.added(source, target),
                })
            };
            Some(targets.iter().map(cost).collect())
        };
        sources.iter().map(&mut row).collect()
    }

    /// What all costs of this metric are multiples of; 0 where every one is 0.
    fn step(&self) -> Thousandths {
        let links = self.arcs.iter().map(|(.., cost)| cost);
        links.chain(self.penalties.costs()).fold(0, greatest_common_divisor)
    }
}

fn greatest_common_divisor(one: Thousandths, other: Thousandths) -> Thousandths {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

pub(in crate::cost) fn joined<T>(part: ScopedJoinHandle<'_, T>) -> T {
    part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
