//! One network as it is served: its snapshot, and the names its resources carry.

use std::sync::Arc;

use alto::cost::{CostType, Mode};
use netmap::{CostMatrix, Snapshot};

/// One network of this server.
pub struct ServedNetwork {
    prefix: String,
    topology: topology::Network,
    metrics: Vec<String>,
}

impl ServedNetwork {
    /// A loaded network; `prefix` stands in front of its resource ids, and is empty where the
    /// network is the only one.
    #[must_use]
    pub fn new(prefix: String, topology: topology::Network) -> Self {
        let metrics = topology
            .snapshot()
            .matrices()
            .iter()
            .map(|matrix| matrix.metric().to_owned())
            .collect();
        Self { prefix, topology, metrics }
    }

    /// What stands in front of its resource ids.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// PIDs, prefixes and costs.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        self.topology.snapshot()
    }

    /// Where they come from.
    #[must_use]
    pub const fn topology(&self) -> &topology::Network {
        &self.topology
    }

    /// A resource id of this network (RFC 7285 §9.1.1): `network-map`, or `garr:network-map` among
    /// several networks.
    #[must_use]
    pub fn id(&self, resource: &str) -> String {
        format!("{}{resource}", self.prefix)
    }

    /// The cost metrics offered, `routingcost` among them (RFC 7285 §6.1.1.1).
    #[must_use]
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// The costs that `cost_type` asks for, or `None` if this network has no such metric.
    #[must_use]
    pub fn matrix(&self, cost_type: &CostType) -> Option<&CostMatrix> {
        self.snapshot().matrix(&cost_type.metric)
    }

    /// The tag of a resource's content: the network map's for all but costs (RFC 7285 §6.3).
    #[must_use]
    pub fn network_tag(&self) -> &str {
        self.snapshot().network_tag().as_str()
    }

    /// Whether a client sees the same: equal PIDs, prefixes and costs.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let tags = |network: &Self| -> Vec<Option<String>> {
            let tag =
                |metric: &String| Some(network.snapshot().cost_tag(metric)?.as_str().to_owned());
            network.metrics.iter().map(tag).collect()
        };
        self.prefix == other.prefix
            && self.network_tag() == other.network_tag()
            && self.metrics == other.metrics
            && tags(self) == tags(other)
    }
}

/// The name of a cost type in the directory's `cost-types`: `num-routingcost`, `ord-hopcount`, …
/// (RFC 7285 §9.2.2).
#[must_use]
pub fn cost_type_name(metric: &str, mode: Mode) -> String {
    match mode {
        Mode::Numerical => format!("num-{metric}"),
        Mode::Ordinal => format!("ord-{metric}"),
    }
}
