//! Identifiers: PID names, resource ids, cost metrics, property names (RFC 7285 §10.1-10.8).
//!
//! The separator `.` is reserved everywhere and refused, but where §10.8.1 puts it between a
//! resource id and a property name.

use std::borrow::Borrow;
use std::fmt;

/// Longest PID name and resource id, in characters (§10.1, §10.2).
pub const ID_MAX: usize = 64;

/// Longest cost metric and property name, in characters (§10.6, §10.8.2).
pub const IDENTIFIER_MAX: usize = 32;

/// Longest tag of a version tag, in characters (§10.3).
pub const TAG_MAX: usize = 64;

/// Prefix of identifiers for private use; something must follow it (§10.6, §10.8.2).
pub const PRIVATE: &str = "priv:";

/// A text that is not the identifier that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct NameError {
    text: String,
    what: &'static str,
}

impl NameError {
    fn new(text: &str, what: &'static str) -> Self {
        Self { text: text.to_owned(), what }
    }
}

/// Whether `text` may name a PID: 1 to 64 of `[0-9A-Za-z:@_-]` (§10.1).
pub fn is_pid_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":@_-".contains(&byte);
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether `text` may stand as the tag of a version tag: up to 64 of U+0021 to U+007E (§10.3).
pub fn is_tag(text: &str) -> bool {
    text.len() <= TAG_MAX && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether `text` may name an address type: `[0-9A-Za-z]+` (§10.4.2). It need not be a known one.
pub fn is_address_type(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The grammar that cost metrics and property names share (§10.6, §10.8.2).
fn is_identifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
    (1..=IDENTIFIER_MAX).contains(&text.len()) && text.bytes().all(allowed) && text != PRIVATE
}

/// Id of an information resource: 1 to 64 of `[0-9A-Za-z:@_-]` (§10.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(String);

impl ResourceId {
    /// Reads an id; anything outside the grammar is refused.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !is_pid_name(text) {
            return Err(NameError::new(text, "a resource id"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as it stands in messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ResourceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Name of a cost metric: 1 to 32 of `[0-9A-Za-z:_-]`, and not `priv:` alone (§10.6).
///
/// The colon also joins a metric and its statistic, as in `delay-ow:p95` (RFC 9439).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CostMetric(String);

impl CostMetric {
    /// Reads a metric; anything outside the grammar is refused.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !is_identifier(text) {
            return Err(NameError::new(text, "a cost metric"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The metric as it stands in messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<CostMetric> for String {
    fn from(metric: CostMetric) -> Self {
        metric.0
    }
}

impl fmt::Display for CostMetric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Name of an endpoint property: global, or of one resource (§10.8). Displays as it is sent.
///
/// That `pid` means nothing without a resource is not grammar: the server, which knows its
/// properties, refuses it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyName {
    /// The resource before the `.`, none for a global property.
    pub resource: Option<String>,
    /// The property, such as `pid`.
    pub name: String,
}

impl PropertyName {
    /// Reads `name` or `resource.name`; anything outside the grammar is refused.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (resource, name) = match text.split_once('.') {
            Some((resource, name)) => (Some(resource), name),
            None => (None, text),
        };
        if !resource.is_none_or(is_pid_name) || !is_identifier(name) {
            return Err(NameError::new(text, "an endpoint property"));
        }
        Ok(Self { resource: resource.map(str::to_owned), name: name.to_owned() })
    }
}

impl fmt::Display for PropertyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(resource) = &self.resource {
            write!(formatter, "{resource}.")?;
        }
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d6_pid_names_keep_to_their_alphabet_and_length() {
        for good in ["PID1", "a", "a:b@c_d-e", "0", &"x".repeat(64)] {
            assert!(is_pid_name(good), "{good}");
        }
        for bad in ["", "a.b", "a b", "é", "a/b", "a\n", &"x".repeat(65)] {
            assert!(!is_pid_name(bad), "{bad}");
        }
    }

    #[test]
    fn c15_resource_ids_follow_pid_names() {
        assert_eq!(ResourceId::parse("garr:network-map").unwrap().as_str(), "garr:network-map");
        let error = ResourceId::parse("a.b").unwrap_err();
        assert_eq!(error.to_string(), r#""a.b" is not a resource id"#);
    }

    #[test]
    fn d5_tags_are_printable_ascii_without_space() {
        assert!(is_tag("da65eca2eb7a10ce8b059740b0b2e3f8eb1d4785"));
        assert!(is_tag("!~"));
        for bad in ["a b", "é", "\u{7f}", &"x".repeat(65)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }

    #[test]
    fn cost_metrics_follow_section_10_6() {
        for good in ["routingcost", "hopcount", "priv:x", "delay-ow:p95", &"m".repeat(32)] {
            assert_eq!(CostMetric::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "priv:", "a.b", "a@b", "a b", &"m".repeat(33)] {
            assert!(CostMetric::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn properties_are_global_or_of_one_resource() {
        let pid = PropertyName::parse("my-default-network-map.pid").unwrap();
        assert_eq!(pid.resource.as_deref(), Some("my-default-network-map"));
        assert_eq!(pid.name, "pid");
        assert_eq!(pid.to_string(), "my-default-network-map.pid");
        let private = PropertyName::parse("priv:ietf-example-prop").unwrap();
        assert_eq!(private.resource, None);
        for bad in ["", ".", ".pid", "map.", "a.b.c", "priv:", "map.priv:", "a@b", "a b.pid"] {
            assert!(PropertyName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn h13_a_bare_pid_is_kept_as_a_global_property_for_the_server_to_refuse() {
        let bare = PropertyName::parse("pid").unwrap();
        assert_eq!(bare, PropertyName { resource: None, name: "pid".to_owned() });
    }

    #[test]
    fn address_types_are_alphanumeric() {
        assert!(is_address_type("ipv4") && is_address_type("X25"));
        assert!(!is_address_type("") && !is_address_type("ip-v4") && !is_address_type("ipv4 "));
    }
}
