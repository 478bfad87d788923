//! Answers of the endpoint cost service (RFC 7285 §11.5.1.6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cost::CostType;

/// Costs from source endpoints to destination endpoints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointCostMap {
    /// About the costs.
    pub meta: Meta,
    /// `map[source][destination]`, keyed by typed addresses; pairs without cost are left out.
    /// Members that appear twice and costs that are no numbers are refused.
    #[serde(rename = "endpoint-cost-map", with = "crate::costs")]
    pub map: BTreeMap<String, BTreeMap<String, f64>>,
}

/// About an endpoint cost answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Meta {
    /// What the costs are.
    pub cost_type: CostType,
}
