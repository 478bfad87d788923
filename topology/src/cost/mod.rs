//! What it costs to get from node to node: sums of links in integer thousandths, and penalties.

// One link.
mod distance;
mod weight;
// Neighbours.
mod penalty;
// All pairs of one metric, from nothing …
mod matrix;
mod metric;
// … and from those before.
mod update;

pub(crate) use crate::cost::distance::great_circle_km;
pub(crate) use crate::cost::matrix::threads;
pub(crate) use crate::cost::metric::{Metric, hopcount, routingcost};
pub(crate) use crate::cost::update::Before;
