//! What a network is made of, before it is frozen into a snapshot.

use netmap::{CostMatrix, IpNet, Pid, PidName};

use crate::graph::NodeIndex;

/// PIDs with their nodes, prefixes and costs.
pub(crate) struct Made {
    /// Ascending.
    pub(crate) pids: Vec<PidName>,
    /// By PID: the node that it stands for; `None` for the default PID.
    pub(crate) nodes_of_pids: Vec<Option<NodeIndex>>,
    /// By node.
    pub(crate) pids_of_nodes: Vec<Pid>,
    /// Each once, in any order.
    pub(crate) prefixes: Vec<(IpNet, Pid)>,
    /// One for each metric, over all PIDs; `routingcost` is the first.
    pub(crate) matrices: Vec<CostMatrix>,
}
