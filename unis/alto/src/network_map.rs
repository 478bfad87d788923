//! Network maps: which prefixes belong to which PID (RFC 7285 §11.2.1).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::address;
use crate::document::{self, DocumentError};
use crate::object::Unique;

/// Which content of which resource; two are equal when both texts are (§10.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VersionTag {
    /// The resource.
    pub resource_id: String,
    /// Its content, up to 64 of U+0021 to U+007E.
    pub tag: String,
}

/// Prefixes by address type, as they were written (§10.4.5).
pub type AddressGroup = BTreeMap<String, Vec<String>>;

/// A network map, whole or filtered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkMap {
    /// About the map.
    pub meta: Meta,
    /// `map[pid][address type]`: prefixes as they were written. Address types other than `ipv4`
    /// and `ipv6` are kept by name, without what they hold (§11.2.1.7); members that appear twice
    /// are refused.
    #[serde(rename = "network-map", deserialize_with = "pids")]
    pub map: BTreeMap<String, AddressGroup>,
}

/// About a network map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The version of the whole map, also where the answer is filtered (§11.3.1.6).
    pub vtag: VersionTag,
}

/// Reads a network map, with the place of what is wrong in it.
pub fn parse(text: &str) -> Result<NetworkMap, DocumentError> {
    document::parse(text)
}

fn pids<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<String, AddressGroup>, D::Error> {
    Unique(GroupReader).deserialize(input)
}

/// Reads an endpoint address group: prefixes by address type (§10.4.5).
#[derive(Clone, Copy)]
struct GroupReader;

impl<'de> DeserializeSeed<'de> for GroupReader {
    type Value = AddressGroup;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for GroupReader {
    type Value = AddressGroup;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of prefixes by address type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut group = AddressGroup::new();
        while let Some(kind) = object.next_key::<String>()? {
            if group.contains_key(&kind) {
                return Err(A::Error::custom(format_args!("duplicate member {kind:?}")));
            }
            let prefixes = match kind.as_str() {
                address::IPV4 | address::IPV6 => object.next_value()?,
                // What an unknown type holds is not this reader's business (§11.2.1.7).
                _ => {
                    object.next_value::<IgnoredAny>()?;
                    Vec::new()
                }
            };
            group.insert(kind, prefixes);
        }
        Ok(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of one PID with this endpoint address group, on line 2.
    fn with_group(group: &str) -> String {
        let meta = r#"{"vtag": {"resource-id": "m", "tag": "1"}}"#;
        format!("{{\"meta\": {meta},\n\"network-map\": {{\"PID1\": {group}}}}}")
    }

    #[test]
    fn d12_unknown_address_types_are_ignored_and_their_pid_is_valid() {
        for strange in [r#"["00-00-5E"]"#, r#"{"a": [1]}"#, "null"] {
            let read = parse(&with_group(&format!(r#"{{"mac": {strange}}}"#))).unwrap();
            assert_eq!(read.map["PID1"]["mac"], Vec::<String>::new());
        }
    }

    #[test]
    fn duplicate_members_are_refused_with_their_line() {
        for twice in ["ipv4", "mac"] {
            let error = parse(&with_group(&format!(r#"{{"{twice}": [], "{twice}": []}}"#)));
            let error = error.unwrap_err();
            assert_eq!(error.line, 2);
            assert_eq!(error.message, format!("duplicate member \"{twice}\""));
        }
        let error = parse(&with_group(r#"{}, "PID1": {}"#)).unwrap_err();
        assert_eq!(error.message, r#"duplicate member "PID1""#);
        assert!(error.to_string().starts_with("line 2, column "), "{error}");
    }

    #[test]
    fn prefixes_are_strings() {
        let error = parse(&with_group(r#"{"ipv4": [1]}"#)).unwrap_err();
        assert_eq!(error.message, "invalid type: integer `1`, expected a string");
        assert!(parse(&with_group(r#"{"ipv4": "10.0.0.0/8"}"#)).is_err());
    }
}
