//! Information resource directories: what a server offers, and where (RFC 7285 §9.2).

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer};
use serde::{Deserialize, Serialize};

use crate::cost::{CostType, Mode};
use crate::document::{self, DocumentError};
use crate::object::Unique;

/// An information resource directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// About the directory.
    #[serde(default)]
    pub meta: Meta,
    /// The resources by id; an id that appears twice is refused (§9.1.1).
    #[serde(deserialize_with = "unique")]
    pub resources: BTreeMap<String, Entry>,
}

/// About a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Meta {
    /// Cost types by the names that this directory gives them. When read, those of a mode that
    /// RFC 7285 does not define are left out: other clients may know what to do with them.
    #[serde(default, deserialize_with = "cost_types", skip_serializing_if = "BTreeMap::is_empty")]
    pub cost_types: BTreeMap<String, CostType>,
    /// The network map for clients that use only one; always there in a root directory.
    #[serde(rename = "default-alto-network-map", default, skip_serializing_if = "Option::is_none")]
    pub default_network_map: Option<String>,
}

/// One information resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// Where it is, possibly relative to the directory (RFC 3986 §5).
    pub uri: String,
    /// Media type of the answer.
    pub media_type: String,
    /// Media type of the request: POST where there is one, GET where there is none.
    #[serde(default, deserialize_with = "accepts", skip_serializing_if = "Option::is_none")]
    pub accepts: Option<String>,
    /// What the resource can do; absent means empty.
    #[serde(default, skip_serializing_if = "Capabilities::is_empty")]
    pub capabilities: Capabilities,
    /// Ids of the resources that it depends on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
}

/// What a resource can do (§11.2.3.4, §11.3.2.4, §11.4.1.4, §11.5.1.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Capabilities {
    /// Names of cost types, as the directory's `meta` defines them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_type_names: Vec<String>,
    /// Whether requests may hold constraints; absent means no.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cost_constraints: bool,
    /// Endpoint properties that may be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prop_types: Vec<String>,
}

impl Capabilities {
    /// Whether nothing is said, so that nothing need be written.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Reads a directory, with the place of what is wrong in it.
pub fn parse(text: &str) -> Result<Directory, DocumentError> {
    document::parse(text)
}

fn unique<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, Entry>, D::Error> {
    Unique(PhantomData).deserialize(input)
}

/// An empty text says the same as none (§9.2.2).
fn accepts<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(input)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// A cost type whose mode may be one that an extension defines.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct AnyCostType {
    cost_metric: String,
    cost_mode: String,
    description: Option<String>,
}

fn cost_types<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, CostType>, D::Error> {
    let all = Unique(PhantomData::<AnyCostType>).deserialize(input)?;
    let known = all.into_iter().filter_map(|(name, any)| {
        let mode = Mode::parse(&any.cost_mode)?;
        Some((name, CostType { metric: any.cost_metric, mode, description: any.description }))
    });
    Ok(known.collect())
}
