//! What it costs to get from node to node: sums of links in integer thousandths, and penalties.

// One link.
mod distance;
mod weight;
// Shortest paths over many.
mod arcs;
mod diameter;
mod queue;
mod search;
// Neighbours.
mod penalty;
// All pairs of one metric.
mod matrix;

pub(crate) use crate::cost::distance::great_circle_km;
pub(crate) use crate::cost::matrix::{Metric, hopcount, routingcost};
pub(crate) use crate::cost::search::Search;
pub(crate) use crate::cost::weight::Thousandths;
