//! What clients ask with POST (RFC 7285 §11.3.1.3, §11.3.2.3, §11.4.1.3, §11.5.1.3).
//!
//! `parse` checks syntax and grammar, and turns the first error that it meets into the fault that
//! the client is told. The order is fixed: the syntax of the whole body; then, in each object, the
//! required members that are absent, then member by member as the RFC lists them, each with all
//! that is inside it. Unknown members are ignored at every depth (§8.3.7), names are
//! case-sensitive, and what is given twice in a list counts once, where it came first.
//!
//! `to_json` writes the body that a client sends.

// One file per request.
mod cost_map_filter;
mod endpoint_cost_query;
mod endpoint_property_query;
mod network_map_filter;
mod packed_query;

// How they are read: exactly, and quickly where a query is well formed.
mod endpoints;
mod fields;
mod parts;
mod quad;
mod quads;
mod quick;
mod scan;

pub use cost_map_filter::{CostMapFilter, PidFilter};
pub use endpoint_cost_query::EndpointCostQuery;
pub use endpoint_property_query::EndpointPropertyQuery;
pub use endpoints::{Addresses, Endpoints};
pub use network_map_filter::NetworkMapFilter;
pub use packed_query::PackedQuery;
#[cfg(any(test, fuzzing))]
pub use packed_query::ways_agree;
