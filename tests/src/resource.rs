//! The resources over the network of RFC 7285's examples, with a good query for each.

use crate::http::{Answer, get, post};
use crate::unis::Unis;

/// Media types of answers (RFC 7285 §14.1).
pub const DIRECTORY: &str = "application/alto-directory+json";
/// §11.2.1.1
pub const NETWORK_MAP: &str = "application/alto-networkmap+json";
/// §11.2.3.1
pub const COST_MAP: &str = "application/alto-costmap+json";
/// §11.4.1.1
pub const ENDPOINT_PROPERTY: &str = "application/alto-endpointprop+json";
/// §11.5.1.1
pub const ENDPOINT_COST: &str = "application/alto-endpointcost+json";
/// §8.5.1
pub const ERROR: &str = "application/alto-error+json";

/// Media types of queries (§11.3.1.3).
pub const NETWORK_MAP_FILTER: &str = "application/alto-networkmapfilter+json";
/// §11.3.2.3
pub const COST_MAP_FILTER: &str = "application/alto-costmapfilter+json";
/// §11.4.1.3
pub const ENDPOINT_PROPERTY_PARAMS: &str = "application/alto-endpointpropparams+json";
/// §11.5.1.3
pub const ENDPOINT_COST_PARAMS: &str = "application/alto-endpointcostparams+json";

/// A resource that is fetched by GET.
#[derive(Clone, Copy, Debug)]
pub struct Fetched {
    /// Where it is on the server.
    pub path: &'static str,
    /// Media type of the answer.
    pub media_type: &'static str,
    /// The member with the data.
    pub data: &'static str,
}

/// A resource that is asked by POST.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Where it is on the server.
    pub path: &'static str,
    /// Media type of the query.
    pub accepts: &'static str,
    /// A query that has an answer.
    pub query: &'static str,
    /// Media type of the answer.
    pub media_type: &'static str,
    /// The member with the data.
    pub data: &'static str,
}

impl Fetched {
    /// Fetches it.
    ///
    /// # Panics
    /// The server does not answer.
    #[must_use]
    pub fn get(&self, unis: &Unis) -> Answer {
        get(&unis.at(self.path))
    }
}

impl Asked {
    /// Puts a query to it.
    ///
    /// # Panics
    /// The server does not answer.
    #[must_use]
    pub fn post(&self, unis: &Unis, query: impl AsRef<[u8]>) -> Answer {
        post(&unis.at(self.path), self.accepts, query)
    }
}

/// What is fetched by GET.
pub const FETCHED: [Fetched; 4] = [
    Fetched { path: "directory", media_type: DIRECTORY, data: "resources" },
    Fetched { path: "network-map", media_type: NETWORK_MAP, data: "network-map" },
    Fetched { path: "cost-map-routingcost-numerical", media_type: COST_MAP, data: "cost-map" },
    Fetched { path: "cost-map-routingcost-ordinal", media_type: COST_MAP, data: "cost-map" },
];

/// §11.3.1
pub const NETWORK_MAP_FILTERED: Asked = Asked {
    path: "network-map-filtered",
    accepts: NETWORK_MAP_FILTER,
    query: r#"{"pids":["PID2"]}"#,
    media_type: NETWORK_MAP,
    data: "network-map",
};

/// §11.3.2
pub const COST_MAP_FILTERED: Asked = Asked {
    path: "cost-map-filtered",
    accepts: COST_MAP_FILTER,
    query: r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"},
        "pids":{"srcs":["PID1"],"dsts":["PID3"]}}"#,
    media_type: COST_MAP,
    data: "cost-map",
};

/// §11.4.1
pub const PROPERTY: Asked = Asked {
    path: "endpoint-property",
    accepts: ENDPOINT_PROPERTY_PARAMS,
    query: r#"{"properties":["network-map.pid"],"endpoints":["ipv4:192.0.2.34"]}"#,
    media_type: ENDPOINT_PROPERTY,
    data: "endpoint-properties",
};

/// §11.5.1
pub const COST: Asked = Asked {
    path: "endpoint-cost",
    accepts: ENDPOINT_COST_PARAMS,
    query: r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"},
        "endpoints":{"srcs":["ipv4:192.0.2.2"],"dsts":["ipv4:198.51.100.130"]}}"#,
    media_type: ENDPOINT_COST,
    data: "endpoint-cost-map",
};

/// What is asked by POST.
pub const ASKED: [Asked; 4] = [NETWORK_MAP_FILTERED, COST_MAP_FILTERED, PROPERTY, COST];
