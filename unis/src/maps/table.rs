//! Which resources this server has: their ids, paths, media types and what they use (RFC 7285
//! §9.2.2).
//!
//! The directory, the router, the authorisation and the metrics all read this table; nothing else
//! lists resources.

use std::sync::Arc;

use alto::cost::Mode;
use alto::media;
use alto::name::ID_MAX;

use crate::access::Operation;
use crate::maps::network::ServedNetwork;
use crate::maps::rendered::Rendered;

/// Path of the information resource directory.
pub const DIRECTORY_PATH: &str = "/directory";

/// What a resource is (RFC 7285 §9.2, §11).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// §11.2.1
    NetworkMap,
    /// §11.3.1
    FilteredNetworkMap,
    /// §11.2.3: of one metric in one mode.
    CostMap {
        /// The metric.
        metric: String,
        /// The mode.
        mode: Mode,
    },
    /// §11.3.2
    FilteredCostMap,
    /// §11.4.1
    EndpointProperty,
    /// §11.5.1
    EndpointCost,
}

impl Kind {
    /// Media type of its answers.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        match self {
            Self::NetworkMap | Self::FilteredNetworkMap => media::NETWORK_MAP,
            Self::CostMap { .. } | Self::FilteredCostMap => media::COST_MAP,
            Self::EndpointProperty => media::ENDPOINT_PROPERTY,
            Self::EndpointCost => media::ENDPOINT_COST,
        }
    }

    /// Media type of its queries; `None` for those that are fetched by GET.
    #[must_use]
    pub const fn accepts(&self) -> Option<&'static str> {
        match self {
            Self::NetworkMap | Self::CostMap { .. } => None,
            Self::FilteredNetworkMap => Some(media::NETWORK_MAP_FILTER),
            Self::FilteredCostMap => Some(media::COST_MAP_FILTER),
            Self::EndpointProperty => Some(media::ENDPOINT_PROPERTY_PARAMS),
            Self::EndpointCost => Some(media::ENDPOINT_COST_PARAMS),
        }
    }

    /// What a client does by asking it, for the role × operation table.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::NetworkMap | Self::FilteredNetworkMap => Operation::NetworkMap,
            Self::CostMap { .. } | Self::FilteredCostMap => Operation::CostMap,
            Self::EndpointProperty => Operation::EndpointProperty,
            Self::EndpointCost => Operation::EndpointCost,
        }
    }
}

/// One resource of one network.
pub struct Resource {
    /// Id in the directory (RFC 7285 §10.2).
    pub id: Arc<str>,
    /// Path on this server.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Of which network.
    pub network: Arc<ServedNetwork>,
    /// Whether its bytes are made while they are sent, being too many to keep.
    pub streamed: bool,
    /// Its bytes, where they are kept.
    pub rendered: Rendered,
}

impl Resource {
    /// The tag of the content (RFC 7285 §6.3), for maps fetched by GET. The two modes of a metric
    /// are two resources, with a tag each.
    #[must_use]
    pub fn tag(&self) -> Option<String> {
        match &self.kind {
            Kind::NetworkMap => Some(self.network.network_tag().to_owned()),
            Kind::CostMap { metric, mode } => {
                let tag = self.network.snapshot().cost_tag(metric)?;
                Some(format!("{}-{mode}", tag.as_str()))
            }
            _ => None,
        }
    }
}

/// All resources of `networks`, in the order in which the directory lists them.
#[must_use]
pub fn resources(networks: &[Arc<ServedNetwork>], max_rendered_pairs: usize) -> Vec<Arc<Resource>> {
    networks
        .iter()
        .flat_map(|network| of_network(network, max_rendered_pairs))
        .map(Arc::new)
        .collect()
}

fn of_network(network: &Arc<ServedNetwork>, max_rendered_pairs: usize) -> Vec<Resource> {
    let resource = |name: &str, kind: Kind, streamed: bool| {
        let id = network.id(name);
        let path = format!("/{}", id.replacen(':', "/", 1));
        Resource {
            id: id.into(),
            path,
            kind,
            network: Arc::clone(network),
            streamed,
            rendered: Rendered::default(),
        }
    };
    let mut all = vec![
        resource("network-map", Kind::NetworkMap, false),
        resource("network-map-filtered", Kind::FilteredNetworkMap, false),
    ];
    for matrix in network.snapshot().matrices() {
        for mode in [Mode::Numerical, Mode::Ordinal] {
            let metric = matrix.metric().to_owned();
            let name = cost_map_name(network, &metric, mode);
            let streamed = matrix.pairs() > max_rendered_pairs;
            all.push(resource(&name, Kind::CostMap { metric, mode }, streamed));
        }
    }
    all.push(resource("cost-map-filtered", Kind::FilteredCostMap, false));
    all.push(resource("endpoint-cost", Kind::EndpointCost, false));
    all.push(resource("endpoint-property", Kind::EndpointProperty, false));
    all
}

/// `cost-map-METRIC-MODE`. Where that would make an id longer than one may be (RFC 7285 §10.2),
/// the metric is cut short and told from its like by a hash.
fn cost_map_name(network: &ServedNetwork, metric: &str, mode: Mode) -> String {
    let name_of = |metric: &str| format!("cost-map-{}-{mode}", metric.replace('.', "_"));
    let name = name_of(metric);
    let Some(excess @ 1..) = network.id(&name).len().checked_sub(ID_MAX) else { return name };
    let hash = blake3::hash(metric.as_bytes()).to_hex();
    let mark = format!("-{}", &hash.as_str()[..8]);
    let kept = metric.len().saturating_sub(excess + mark.len());
    name_of(&format!("{}{mark}", metric.get(..kept).unwrap_or_default()))
}
