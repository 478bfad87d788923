//! Answers of the endpoint property service (RFC 7285 §11.4.1.6).

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer};
use serde::{Deserialize, Serialize};

use crate::network_map::VersionTag;
use crate::object::Unique;

/// Properties of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointProperties {
    /// About the properties.
    #[serde(default)]
    pub meta: Meta,
    /// `map[endpoint][property]`: one member per endpoint that was asked for, without the
    /// properties that it does not have. Members that appear twice and values that are no
    /// strings are refused.
    #[serde(rename = "endpoint-properties", deserialize_with = "endpoints")]
    pub map: BTreeMap<String, BTreeMap<String, String>>,
}

/// About an endpoint property answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Meta {
    /// The versions of all network maps whose `pid` was asked for; may be empty.
    #[serde(default)]
    pub dependent_vtags: Vec<VersionTag>,
}

fn endpoints<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, D::Error> {
    Unique(Unique(PhantomData::<String>)).deserialize(input)
}
