//! Which resources of a server are followed.

use alto::cost::{CostType, Mode};

use crate::directory::Catalogue;
use crate::follow::settings::FollowSettings;
use crate::url::Url;

/// The resources to fetch, network map first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Id of the network map.
    pub(crate) network_map: String,
    pub(crate) network: Url,
    pub(crate) costs: Vec<(CostType, Url)>,
}

/// Why the server cannot be followed: its directory lacks something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No network map of the id asked for, or no default one.
    #[error("the directory lists no {0}")]
    NoNetworkMap(String),
    /// No cost map of a metric over the network map.
    #[error("the directory lists no cost map of {metric} over network map {network_map}")]
    NoCostMap {
        /// The metric.
        metric: String,
        /// Id of the network map.
        network_map: String,
    },
}

impl Plan {
    /// Finds what the settings ask for. Numerical costs say more than ordinal ones and rank alike.
    pub(crate) fn draw(
        catalogue: &Catalogue,
        settings: &FollowSettings,
    ) -> Result<Self, PlanError> {
        let (map, name) = match &settings.network_map {
            Some(id) => (catalogue.network_map(id), format!("network map {id}")),
            None => (catalogue.default_network_map(), "default network map".to_owned()),
        };
        let map = map.ok_or(PlanError::NoNetworkMap(name))?;
        let mut costs = Vec::new();
        for metric in &settings.metrics {
            let modes = [Mode::Numerical, Mode::Ordinal];
            let found = modes.into_iter().find_map(|mode| {
                let kind = CostType::new(metric, mode);
                let url = catalogue.cost_map(&map.id, &kind)?.url.clone();
                Some((kind, url))
            });
            costs.push(found.ok_or_else(|| PlanError::NoCostMap {
                metric: metric.clone(),
                network_map: map.id.clone(),
            })?);
        }
        Ok(Self { network_map: map.id.clone(), network: map.url.clone(), costs })
    }
}
