//! Media types of RFC 7285 (§9.2.1, §11, registered in §14.1).
//!
//! None carries a `charset` parameter: JSON is UTF-8, and clients compare these texts whole.

/// Information resource directory (§9.2.1).
pub const DIRECTORY: &str = "application/alto-directory+json";

/// Network map, whole or filtered (§11.2.1.1).
pub const NETWORK_MAP: &str = "application/alto-networkmap+json";

/// Request for a filtered network map (§11.3.1.3).
pub const NETWORK_MAP_FILTER: &str = "application/alto-networkmapfilter+json";

/// Cost map, whole or filtered (§11.2.3.1).
pub const COST_MAP: &str = "application/alto-costmap+json";

/// Request for a filtered cost map (§11.3.2.3).
pub const COST_MAP_FILTER: &str = "application/alto-costmapfilter+json";

/// Properties of endpoints (§11.4.1.1).
pub const ENDPOINT_PROPERTY: &str = "application/alto-endpointprop+json";

/// Request for properties of endpoints (§11.4.1.3).
pub const ENDPOINT_PROPERTY_PARAMS: &str = "application/alto-endpointpropparams+json";

/// Costs between endpoints (§11.5.1.1).
pub const ENDPOINT_COST: &str = "application/alto-endpointcost+json";

/// Request for costs between endpoints (§11.5.1.3).
pub const ENDPOINT_COST_PARAMS: &str = "application/alto-endpointcostparams+json";

/// Error (§8.5.1).
pub const ERROR: &str = "application/alto-error+json";
