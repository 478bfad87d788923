//! Names of peers: 32 bytes in place, for stores and lists hold millions of them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{DIGEST_DIGITS, IdError, is_digest};

/// A peer: SHA-256 of its public key (SubjectPublicKeyInfo, DER); as text 64 lower-case hex digits.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerId([u8; 32]);

/// The 64 lower-case hex digits of a digest; a text in place.
#[derive(Clone, Copy)]
pub struct Digits([u8; DIGEST_DIGITS]);

impl PeerId {
    /// Reads a name.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if !is_digest(text) {
            return Err(IdError::of("peer id", "64 lower-case hex digits are", text));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(pair[0]) << 4 | nibble(pair[1]);
        }
        Ok(Self(bytes))
    }

    /// Of a digest.
    #[must_use]
    pub const fn of_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 64 bits: a hash already.
    #[must_use]
    pub const fn first_bits(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The name as text.
    #[must_use]
    pub fn digits(&self) -> Digits {
        let mut digits = [0; DIGEST_DIGITS];
        // Without a branch or a table, so that the compiler takes many bytes at once.
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = digit(byte >> 4);
            pair[1] = digit(byte & 15);
        }
        Digits(digits)
    }
}

impl Digits {
    /// The same as bytes, which are ASCII.
    #[must_use]
    pub const fn as_ascii(&self) -> &[u8; DIGEST_DIGITS] {
        &self.0
    }
}

/// Of a lower-case hex digit.
const fn nibble(digit: u8) -> u8 {
    if digit > b'9' { digit - b'a' + 10 } else { digit - b'0' }
}

/// Of a number below 16.
const fn digit(nibble: u8) -> u8 {
    nibble + b'0' + (nibble > 9) as u8 * (b'a' - b'0' - 10)
}

impl Deref for Digits {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits are.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.digits())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PeerId({self})")
    }
}

impl FromStr for PeerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl Serialize for PeerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.digits())
    }
}

impl JsonSchema for PeerId {
    fn schema_name() -> Cow<'static, str> {
        "PeerId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "A peer: SHA-256 of its public key (SubjectPublicKeyInfo, DER), 64 \
                lower-case hex digits.",
        })
    }
}

impl<'de> Deserialize<'de> for PeerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_digest_is_its_hex_digits_and_back() {
        let text = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        let peer = PeerId::parse(text).unwrap();
        assert_eq!((peer.first_bits(), peer.digest()[31]), (0x9f86_d081_884c_7d65, 8));
        assert_eq!((&*peer.digits(), peer.to_string().as_str()), (text, text));
        assert_eq!(PeerId::of_digest(*peer.digest()), peer);
        assert_eq!(format!("{peer:?}"), format!("PeerId({text})"));
        assert_eq!(serde_json::to_string(&peer).unwrap(), format!("\"{text}\""));
    }

    /// Sorted by bytes or by text: the same order, for what was kept by its text.
    #[test]
    fn names_are_in_the_order_of_their_texts() {
        let texts = ["0a", "9f", "a0", "ff"].map(|head| format!("{head}{}", "0".repeat(62)));
        let peers = texts.each_ref().map(|text| PeerId::parse(text).unwrap());
        assert!(peers.is_sorted() && texts.is_sorted());
    }
}
