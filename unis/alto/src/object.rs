//! Reading a JSON object as a map whose members all differ, as a stream.
//!
//! Serde's own maps let the last of two equal members win; here the second one is an error.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// Reads an object into a map, each member's value by the seed `S`.
#[derive(Clone, Copy)]
pub(crate) struct Unique<S>(pub(crate) S);

impl<'de, S: DeserializeSeed<'de> + Clone> DeserializeSeed<'de> for Unique<S> {
    type Value = BTreeMap<String, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Clone> Visitor<'de> for Unique<S> {
    type Value = BTreeMap<String, S::Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(name) = object.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate member {name:?}")));
            }
            map.insert(name, object.next_value_seed(self.0.clone())?);
        }
        Ok(map)
    }
}
