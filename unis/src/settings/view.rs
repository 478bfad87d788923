//! What a client gets to see of a network (RFC 7285 §15.3.2, §16.2.4).

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A client's view, from nothing to everything.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Every request is refused.
    #[default]
    None,
    /// Network maps, and ranks instead of numerical costs.
    Ordinal,
    /// Every resource.
    Full,
}

impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ViewVisitor)
    }
}

struct ViewVisitor;

impl Visitor<'_> for ViewVisitor {
    type Value = View;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("\"none\", \"ordinal\" or \"full\" (or false, true)")
    }

    fn visit_bool<E: de::Error>(self, on: bool) -> Result<View, E> {
        Ok(if on { View::Full } else { View::None })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<View, E> {
        match text {
            "none" => Ok(View::None),
            "ordinal" => Ok(View::Ordinal),
            "full" => Ok(View::Full),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }
}
