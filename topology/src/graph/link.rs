//! A link between two nodes.

use crate::draft::LinkMetrics;
use crate::graph::node::NodeIndex;
use crate::spot::Spot;

/// A link of the graph; the ends are different nodes.
pub(crate) struct Link {
    pub(crate) from: NodeIndex,
    pub(crate) to: NodeIndex,
    /// Only from `from` to `to`.
    pub(crate) directed: bool,
    /// One end is a neighbour AS: it costs nothing and is one hop, whatever else it is.
    pub(crate) attachment: bool,
    pub(crate) metrics: LinkMetrics,
    pub(crate) spot: Spot,
}
