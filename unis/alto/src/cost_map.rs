//! Cost maps: what it costs from one PID to another (RFC 7285 §11.2.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cost::CostType;
use crate::document::{self, DocumentError};
use crate::network_map::VersionTag;

/// A cost map, whole or filtered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostMap {
    /// About the map.
    pub meta: Meta,
    /// `map[source pid][destination pid]`, in the metric's unit or as ranks. Pairs without cost
    /// are left out; members that appear twice and costs that are no numbers are refused.
    #[serde(rename = "cost-map", with = "crate::costs")]
    pub map: BTreeMap<String, BTreeMap<String, f64>>,
}

/// About a cost map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Meta {
    /// The version of the network map whose PIDs these are: one element.
    pub dependent_vtags: Vec<VersionTag>,
    /// What the costs are.
    pub cost_type: CostType,
}

/// Reads a cost map, with the place of what is wrong in it.
pub fn parse(text: &str) -> Result<CostMap, DocumentError> {
    document::parse(text)
}
