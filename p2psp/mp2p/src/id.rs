//! Names of peers, users, overlays and contents (TR 20002 §7.5.1, §7.6.1).
//!
//! One user has many peers. A peer is named by its key, so that nobody else can be it; a content is
//! named by its bytes; users and overlays have names that somebody chose.

mod peer;
mod short;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use crate::id::peer::{Digits, PeerId};
use crate::id::short::Short;

/// Hex digits of a digest of 256 bits.
const DIGEST_DIGITS: usize = 64;
/// Longest name that somebody chooses.
const MAX_NAME_BYTES: usize = 64;

/// A text that is no name of its kind.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{text:?} is no {kind}: {rule}")]
pub struct IdError {
    kind: &'static str,
    rule: &'static str,
    text: String,
}

impl IdError {
    fn of(kind: &'static str, rule: &'static str, text: &str) -> Self {
        Self { kind, rule, text: text.chars().take(MAX_TOLD_CHARS).collect() }
    }
}

/// Most of a text that an error repeats.
const MAX_TOLD_CHARS: usize = 80;

macro_rules! name_type {
    (
        $about:literal, $name:ident, $kind:literal, $rule:literal, $pattern:literal, $is_good:expr
    ) => {
        #[doc = $about]
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Short);

        impl $name {
            /// Reads a name.
            ///
            /// # Errors
            /// It has another form.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let is_good: fn(&str) -> bool = $is_good;
                match is_good(text) {
                    true => Ok(Self(Short::new(text))),
                    false => Err(IdError::of($kind, $rule, text)),
                }
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "description": $about})
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    "A user: 1 to 64 characters of `a-z`, `0-9`, `.`, `_`, `-`, as chosen at the sign-up.",
    UserId,
    "user id",
    "1 to 64 of a-z 0-9 . _ - are",
    "^[a-z0-9._-]{1,64}$",
    |text| is_name(text, false)
);
name_type!(
    "An overlay: 1 to 64 characters of `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`.",
    OverlayId,
    "overlay id",
    "1 to 64 of A-Z a-z 0-9 . _ - are",
    "^[A-Za-z0-9._-]{1,64}$",
    |text| is_name(text, true)
);
name_type!(
    "A content: BLAKE3 of its bytes, 64 lower-case hex digits.",
    ContentId,
    "content id",
    "64 lower-case hex digits are",
    "^[0-9a-f]{64}$",
    is_digest
);

impl ContentId {
    /// Of a digest of 256 bits.
    #[must_use]
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        Self(Short::new(&PeerId::of_digest(*digest).digits()))
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A name can stand in a path and in a SPIFFE name as it is.
fn is_name(text: &str, upper: bool) -> bool {
    let fits = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => true,
        b'A'..=b'Z' => upper,
        _ => false,
    };
    (1..=MAX_NAME_BYTES).contains(&text.len())
        && text.bytes().all(fits)
        && !matches!(text, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_can_stand_in_a_path() {
        for good in ["anna", "a", "0.b_c-d", &"x".repeat(64)] {
            assert_eq!(UserId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "Anna", "a/b", "a b", "..", ".", "ä", "%61", &"x".repeat(65)] {
            assert!(UserId::parse(bad).is_err(), "{bad}");
        }
        assert!(OverlayId::parse("Film-1").is_ok());
    }

    #[test]
    fn a_digest_has_one_text() {
        let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        assert!(PeerId::parse(digest).is_ok());
        assert!(ContentId::parse(digest).is_ok());
        assert!(PeerId::parse(&digest.to_uppercase()).is_err());
        let error = PeerId::parse("9f86").unwrap_err().to_string();
        assert_eq!(error, "\"9f86\" is no peer id: 64 lower-case hex digits are");
    }

    #[test]
    fn a_name_on_the_wire_is_checked_while_it_is_read() {
        assert!(serde_json::from_str::<UserId>("\"an/na\"").is_err());
        assert_eq!(serde_json::to_string(&UserId::parse("anna").unwrap()).unwrap(), "\"anna\"");
    }
}
