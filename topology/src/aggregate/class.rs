//! Which PIDs may become one: those of one kind and, at the edge, of one relation.

use std::collections::BTreeMap;

use crate::cost::Metric;
use crate::graph::Graph;
use crate::made::Made;
use crate::paths::Thousandths;

/// PIDs that may merge with each other, if a path connects them.
pub(super) struct Class {
    /// Ascending.
    pub(super) pids: Vec<usize>,
    /// What is added to each cost between two of them.
    pub(super) penalty: Thousandths,
}

/// Internal nodes, then external ones, then neighbours, the latter two by their dearest relation.
/// The default PID is in none.
pub(super) fn classes(made: &Made, graph: &Graph, metric: &Metric) -> Vec<Class> {
    let mut classes = BTreeMap::new();
    for (pid, node) in made.nodes_of_pids.iter().enumerate() {
        let Some(node) = *node else { continue };
        let (relation, penalty) = metric.penalties.of(node).unzip();
        let class = classes
            .entry((graph.node(node).role, relation))
            .or_insert_with(|| Class { pids: Vec::new(), penalty: penalty.unwrap_or(0) });
        class.pids.push(pid);
    }
    classes.into_values().collect()
}
