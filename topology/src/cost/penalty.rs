//! What a neighbour adds to the routing cost: a factor times a unit above all internal costs, so
//! that staying inside comes before peers, and peers before transits, whatever the unit.

use netmap::Cost;

use crate::graph::{Graph, Node, NodeIndex};
use crate::options::Penalties;
use crate::paths::Thousandths;
use crate::relation::Relation;

/// Thousandths of one.
const ONE: Thousandths = 1000;
/// Largest penalty: with any path it makes a sum below 2^64 thousandths.
const PENALTY_MAX: Thousandths = 1 << 62;

/// A factor that is too large for the unit that it multiplies.
#[derive(Debug, thiserror::Error)]
#[error(
    "routingcost.penalty.{relation} is {factor}; times the penalty unit {unit} it makes more than can \
     be counted"
)]
pub(crate) struct PenaltyError {
    relation: Relation,
    factor: f64,
    unit: Cost,
}

/// The penalty of each node.
pub(crate) struct PenaltyTable {
    /// The smallest power of two, at least 1, above the largest internal cost.
    pub(crate) unit: Thousandths,
    /// The dearest relation of each node and what it adds; `None` inside.
    nodes: Vec<Option<(Relation, Thousandths)>>,
    /// What each node adds; 0 inside.
    costs: Vec<Thousandths>,
}

impl PenaltyTable {
    pub(crate) fn new(
        graph: &Graph,
        penalties: &Penalties,
        largest: Thousandths,
    ) -> Result<Self, PenaltyError> {
        let unit = unit_above(largest);
        let nodes: Vec<_> =
            graph.nodes().iter().map(|node| dearest(node, penalties, unit)).collect();
        if let Some((relation, _)) = nodes.iter().flatten().find(|(_, cost)| *cost > PENALTY_MAX) {
            let (relation, unit) = (*relation, Cost::from_thousandths(unit));
            return Err(PenaltyError { relation, factor: factor(relation, penalties), unit });
        }
        let costs = nodes.iter().map(|node| node.map_or(0, |(_, cost)| cost)).collect();
        Ok(Self { unit, nodes, costs })
    }

    /// Adds nothing anywhere.
    pub(crate) fn none(graph: &Graph) -> Self {
        let count = graph.nodes().len();
        Self { unit: ONE, nodes: vec![None; count], costs: vec![0; count] }
    }

    /// What is added once to a path between two nodes, nothing inside one.
    #[inline]
    pub(crate) fn added(&self, from: NodeIndex, to: NodeIndex) -> Thousandths {
        let costs = || self.costs[from as usize].max(self.costs[to as usize]);
        if from == to { 0 } else { costs() }
    }

    /// What each node adds.
    pub(crate) fn costs(&self) -> impl Iterator<Item = Thousandths> {
        self.costs.iter().copied()
    }

    /// The dearest relation of an end and what it adds, be it nothing; `None` inside.
    pub(crate) fn of(&self, node: NodeIndex) -> Option<(Relation, Thousandths)> {
        self.nodes[node as usize]
    }

    /// What is added once to a path between two different nodes, and for which relation.
    pub(crate) fn between(
        &self,
        from: NodeIndex,
        to: NodeIndex,
    ) -> Option<(Relation, Thousandths)> {
        let (from, to) = (self.nodes[from as usize], self.nodes[to as usize]);
        from.into_iter().chain(to).max_by_key(|(_, cost)| *cost).filter(|(_, cost)| *cost > 0)
    }
}

/// An end without a row counts as a peer.
fn dearest(
    node: &Node,
    penalties: &Penalties,
    unit: Thousandths,
) -> Option<(Relation, Thousandths)> {
    if !node.is_end() {
        return None;
    }
    let unknown: &[Relation] = &[Relation::Peer];
    let relations = if node.relations.is_empty() { unknown } else { &node.relations };
    let cost = |relation| (factor(relation, penalties) * unit as f64).round() as Thousandths;
    relations.iter().map(|relation| (*relation, cost(*relation))).max_by_key(|(_, cost)| *cost)
}

fn factor(relation: Relation, penalties: &Penalties) -> f64 {
    match relation {
        Relation::Customer => penalties.customer,
        Relation::Peer => penalties.peer,
        Relation::Transit => penalties.transit,
    }
}

/// The smallest power of two, at least 1, strictly above a cost.
fn unit_above(largest: Thousandths) -> Thousandths {
    let whole_below = largest / ONE;
    (whole_below + 1).next_power_of_two() * ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_power_of_two_strictly_above() {
        let cases = [(0, 1), (999, 1), (1_000, 2), (1_999, 2), (2_000, 4), (10_000, 16)];
        for (largest, unit) in cases {
            assert_eq!(unit_above(largest), unit * 1_000, "{largest}");
        }
        assert_eq!(unit_above(16_000), 32_000);
        assert_eq!(unit_above(15_999), 16_000);
        assert_eq!(unit_above(934_753), 1_024_000);
    }
}
