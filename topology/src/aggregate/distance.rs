//! How far apart two PIDs are: by the cost between them, or on the earth.

use netmap::{CostMatrix, Pid};

use crate::aggregate::exact::thousandths;
use crate::aggregate::fault::AggregateError;
use crate::aggregate::linkage::{Distances, NEVER};
use crate::cost::great_circle_km;
use crate::graph::{Graph, Position};
use crate::made::Made;
use crate::options::AggregateBy;
use crate::paths::Thousandths;

const METRES_PER_KM: f64 = 1000.0;

/// Measures distances. Between PIDs that no path connects both ways it is [`NEVER`].
pub(super) struct Measure<'a> {
    costs: &'a CostMatrix,
    /// Where each PID is; `None` by cost.
    places: Option<Vec<Option<Position>>>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(
        by: AggregateBy,
        made: &'a Made,
        graph: &Graph,
    ) -> Result<Self, AggregateError> {
        let costs = &made.matrices[0];
        if by == AggregateBy::Cost {
            return Ok(Self { costs, places: None });
        }
        let nodes = made.nodes_of_pids.iter();
        let known: Vec<_> = nodes.map(|node| graph.node((*node)?).position).collect();
        if known.iter().all(Option::is_none) {
            return Err(AggregateError::NoPlace);
        }
        let places = (0..known.len()).map(|pid| place(pid, &known, costs)).collect();
        Ok(Self { costs, places: Some(places) })
    }

    /// All distances between `pids`. By cost the index of the dearer direction among the distinct
    /// costs, which ascend as these do; by region metres.
    pub(super) fn distances(&self, pids: &[usize]) -> Distances {
        Distances::new(pids.len(), |one, two| self.distance(pids[one], pids[two]))
    }

    fn distance(&self, one: usize, two: usize) -> u32 {
        let (from, to) = (Pid::new(one as u32), Pid::new(two as u32));
        let both = (self.costs.ordinal(from, to), self.costs.ordinal(to, from));
        let (Some(there), Some(back)) = both else { return NEVER };
        let Some(places) = &self.places else { return there.max(back) };
        let (Some(one), Some(two)) = (places[one], places[two]) else { return NEVER };
        (great_circle_km(one, two) * METRES_PER_KM).round() as u32
    }

    /// What a distance means among all classes: thousandths without the penalty of the class, or
    /// metres.
    pub(super) fn height(&self, distance: u32, penalty: Thousandths) -> Thousandths {
        match &self.places {
            None => thousandths(self.costs.table().cost(distance)).saturating_sub(penalty),
            Some(_) => Thousandths::from(distance),
        }
    }
}

/// A PID without coordinates stands where the one does that it reaches at the least cost.
fn place(pid: usize, known: &[Option<Position>], costs: &CostMatrix) -> Option<Position> {
    let row = costs.row(Pid::new(pid as u32));
    let reached = row.iter().zip(known).filter_map(|(cost, place)| cost.zip(*place));
    let nearest = reached.min_by_key(|(cost, _)| *cost).map(|(_, place)| place);
    known[pid].or(nearest)
}
