//! Resources by what one looks for: the maps of a network, cost types, services.

use std::collections::BTreeMap;

use alto::cost::CostType;
use alto::media;
use alto::name::PropertyName;

use crate::url::Url;

/// Everything that a server's directories list together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    pub(crate) resources: BTreeMap<String, Resource>,
    pub(crate) default_network_map: Option<String>,
    pub(crate) skipped: Vec<Skipped>,
}

/// One information resource (RFC 7285 §9.2.2), its names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its id, unique among all directories of the server (§9.1.1).
    pub id: String,
    /// Where it is.
    pub url: Url,
    /// Media type of the answer, in lower case.
    pub media_type: String,
    /// Media type of the request, in lower case; none where it is asked by GET.
    pub accepts: Option<String>,
    /// The cost types on offer, as the names of its own directory mean them.
    pub cost_types: Vec<CostType>,
    /// Whether requests may hold constraints.
    pub cost_constraints: bool,
    /// Endpoint properties that may be asked for.
    pub prop_types: Vec<String>,
    /// Ids of the resources that it depends on.
    pub uses: Vec<String>,
}

/// An entry or a whole directory that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Id of the entry in its directory.
    pub id: String,
    /// Why it is left out.
    pub reason: String,
}

impl Catalogue {
    /// All resources, by id.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &Resource> {
        self.resources.values()
    }

    /// The resource of this id.
    pub fn resource(&self, id: &str) -> Option<&Resource> {
        self.resources.get(id)
    }

    /// What was left out while reading the directories.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The network map that the root directory names as default (§9.2.2), else the only one.
    pub fn default_network_map(&self) -> Option<&Resource> {
        if let Some(id) = &self.default_network_map {
            return self.network_map(id);
        }
        let mut maps = self.resources().filter(|resource| resource.is_get(media::NETWORK_MAP));
        maps.next().filter(|_| maps.next().is_none())
    }

    /// The network map of this id (§11.2.1).
    pub fn network_map(&self, id: &str) -> Option<&Resource> {
        self.resource(id).filter(|resource| resource.is_get(media::NETWORK_MAP))
    }

    /// The cost map of this type over a network map (§11.2.3).
    pub fn cost_map(&self, network_map: &str, cost_type: &CostType) -> Option<&Resource> {
        self.cost_maps(network_map).find(|resource| resource.offers(cost_type))
    }

    /// All cost maps over a network map.
    pub fn cost_maps(&self, network_map: &str) -> impl Iterator<Item = &Resource> {
        self.resources().filter(move |resource| {
            resource.is_get(media::COST_MAP) && resource.rests_on(network_map)
        })
    }

    /// The service that filters a network map (§11.3.1).
    pub fn filtered_network_map(&self, network_map: &str) -> Option<&Resource> {
        self.resources().find(|resource| {
            resource.is_post(media::NETWORK_MAP, media::NETWORK_MAP_FILTER)
                && resource.rests_on(network_map)
        })
    }

    /// The service that filters a cost map of this type, with constraints where they are needed
    /// (§11.3.2).
    pub fn filtered_cost_map(
        &self,
        network_map: &str,
        cost_type: &CostType,
        constraints: bool,
    ) -> Option<&Resource> {
        self.resources().find(|resource| {
            resource.is_post(media::COST_MAP, media::COST_MAP_FILTER)
                && resource.rests_on(network_map)
                && resource.serves(cost_type, constraints)
        })
    }

    /// The endpoint cost service for this type, with constraints where they are needed (§11.5.1).
    pub fn endpoint_cost(&self, cost_type: &CostType, constraints: bool) -> Option<&Resource> {
        self.resources().find(|resource| {
            resource.is_post(media::ENDPOINT_COST, media::ENDPOINT_COST_PARAMS)
                && resource.serves(cost_type, constraints)
        })
    }

    /// The endpoint property service that knows all these properties (§11.4.1).
    pub fn endpoint_property(&self, properties: &[PropertyName]) -> Option<&Resource> {
        let names: Vec<String> = properties.iter().map(PropertyName::to_string).collect();
        self.resources().find(|resource| {
            resource.is_post(media::ENDPOINT_PROPERTY, media::ENDPOINT_PROPERTY_PARAMS)
                && names.iter().all(|name| resource.prop_types.contains(name))
        })
    }
}

impl Resource {
    /// Whether it offers costs of this metric and mode.
    pub fn offers(&self, cost_type: &CostType) -> bool {
        self.cost_types.iter().any(|offered| offered.is_same(cost_type))
    }

    /// Whether it depends on this network map; a server that says nothing of what its resource
    /// uses leaves that to the version tags.
    fn rests_on(&self, network_map: &str) -> bool {
        self.uses.is_empty() || self.uses.iter().any(|id| id == network_map)
    }

    fn serves(&self, cost_type: &CostType, constraints: bool) -> bool {
        self.offers(cost_type) && (self.cost_constraints || !constraints)
    }

    fn is_get(&self, media_type: &str) -> bool {
        self.media_type == media_type && self.accepts.is_none()
    }

    fn is_post(&self, media_type: &str, accepts: &str) -> bool {
        self.media_type == media_type && self.accepts.as_deref() == Some(accepts)
    }
}
