//! The flat list of fragment hashes, as it stands in an index file: base64url of all of them, one
//! after the other.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fragment::{FragmentHash, MAX_FRAGMENTS};

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Hashes of the fragments of a content, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hashes(pub Vec<FragmentHash>);

impl JsonSchema for Hashes {
    fn schema_name() -> Cow<'static, str> {
        "Hashes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]*$",
            "description": "The hashes of all fragments (`FragmentHash`), 32 bytes each, one after \
                the other, base64url without padding; empty of a service.",
        })
    }
}

impl Serialize for Hashes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let flat: Vec<u8> = self.0.iter().flat_map(|hash| hash.0).collect();
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(flat))
    }
}

impl<'de> Deserialize<'de> for Hashes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let most = usize::try_from(MAX_FRAGMENTS).unwrap_or(usize::MAX) * HASH_BYTES;
        if text.len() > most.div_ceil(3) * 4 {
            return Err(D::Error::custom(format!("more than {MAX_FRAGMENTS} fragments")));
        }
        let flat = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let (hashes, rest) = flat.as_chunks::<HASH_BYTES>();
        match rest {
            [] if hashes.len() * HASH_BYTES <= most => {
                Ok(Self(hashes.iter().copied().map(FragmentHash).collect()))
            }
            _ => Err(D::Error::custom("a list of fragments has whole hashes of 32 bytes")),
        }
    }
}
