//! Objects that a peer signs with the key of its certificate: they carry that key, and its hash is
//! the peer's id, so that anybody can check them without asking.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::PeerId;
use crate::signed::envelope::{self, Kind, SignedError};
use crate::signed::key::{KeyError, SigningKey, VerifyingKey};

/// Longest key read, bytes of base64url: one on P-256 has 122.
const MAX_KEY_TEXT: usize = 256;

/// A peer's public key: SubjectPublicKeyInfo (DER), base64url on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeerKey {
    der: Box<[u8]>,
    key: VerifyingKey,
}

/// An object that names its signer and carries the signer's key.
pub trait ByPeer: DeserializeOwned + Serialize {
    /// What it is.
    const KIND: Kind;
    /// Longest text read, bytes.
    const MAX_BYTES: usize;

    /// Who has to have signed.
    fn signer(&self) -> &PeerId;

    /// With which key.
    fn key(&self) -> &PeerKey;
}

impl PeerKey {
    /// Reads a SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// It is no Ed25519 or P-256 key.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        Ok(Self { key: VerifyingKey::from_spki(der)?, der: der.into() })
    }

    /// The public half of `key`.
    ///
    /// # Errors
    /// The library gives no public key.
    pub fn of(key: &SigningKey) -> Result<Self, KeyError> {
        let key = key.verifying()?;
        Ok(Self { der: key.to_spki().into(), key })
    }

    /// The peer that has this key.
    #[must_use]
    pub fn peer_id(&self) -> PeerId {
        let mut bytes = [0; 32];
        // SHA-256 has as many.
        bytes.copy_from_slice(digest(&SHA256, &self.der).as_ref());
        PeerId::of_digest(bytes)
    }

    /// To check signatures with.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.key
    }
}

impl JsonSchema for PeerKey {
    fn schema_name() -> Cow<'static, str> {
        "PeerKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "maxLength": MAX_KEY_TEXT,
            "pattern": "^[A-Za-z0-9_-]+$",
            "description": "The public key of a peer's certificate, on P-256 or Ed25519: \
                SubjectPublicKeyInfo (DER), base64url without padding.",
        })
    }
}

/// Signs an object of a peer's.
///
/// # Errors
/// `key` is not the one that the object carries, or cannot sign; or nobody would read what is so
/// long.
pub fn seal_own<T: ByPeer>(object: &T, key: &SigningKey) -> Result<String, SignedError> {
    if key.verifying()? != object.key().key {
        return Err(SignedError::Signer);
    }
    let sealed = envelope::seal(T::KIND, object, key)?;
    if sealed.len() > T::MAX_BYTES { Err(SignedError::Form) } else { Ok(sealed) }
}

/// Opens an object of a peer's: the key that it carries is its signer's and signed it. What else it
/// says is for the caller to check.
///
/// # Errors
/// [`SignedError`].
pub fn open_own<T: ByPeer>(text: &str) -> Result<T, SignedError> {
    if text.len() > T::MAX_BYTES {
        return Err(SignedError::Form);
    }
    let claimed: T = envelope::peek(text)?;
    if claimed.key().peer_id() != *claimed.signer() {
        return Err(SignedError::Signer);
    }
    envelope::open(T::KIND, text, &claimed.key().key)
}

impl fmt::Display for PeerKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&URL_SAFE_NO_PAD.encode(&self.der))
    }
}

impl Serialize for PeerKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PeerKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let der = (text.len() <= MAX_KEY_TEXT).then(|| URL_SAFE_NO_PAD.decode(&*text).ok());
        let read = der.flatten().ok_or(KeyError::Public).and_then(|der| Self::from_spki(&der));
        read.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Public keys and the hashes of their SubjectPublicKeyInfo, as openssl makes them.
    const KEYS: [(&str, &str); 2] = [
        (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEc178icEts72FT9OkpI3i-sH8BFJi_KmiQtuLeWl3oILn9Jpl5T\
             SpvB19cpaTGfYw4Vpt31ta8gOvxOBjbaEQAg",
            "4334c158d817f3461db45e2b8210c72464e0241ab934954bc4afe08907a59217",
        ),
        (
            "MCowBQYDK2VwAyEA_6TIcTb-k6f8sLB8CkCZHjt2R_cmzTS-ih9R0Pn1XlI",
            "a5599c065e38d70ee3af091211fecd96a69f6dc744a57d47706380fcf7a8c1c8",
        ),
    ];

    #[test]
    fn a_peer_is_called_after_its_key_as_its_certificate_says() {
        for (text, id) in KEYS {
            let key: PeerKey = serde_json::from_value(text.into()).unwrap();
            assert_eq!(&*key.peer_id().digits(), id);
            assert_eq!(serde_json::to_value(&key).unwrap(), text);
            assert_eq!(key.verifying().to_spki(), URL_SAFE_NO_PAD.decode(text).unwrap());
        }
    }

    #[test]
    fn other_bytes_are_no_key_of_a_peer() {
        let p256 = KEYS[0].0;
        for bad in ["", "AAAA", &p256[1..], &p256[..80], &format!("{p256}AAAA"), &"A".repeat(9999)]
        {
            assert!(serde_json::from_value::<PeerKey>((*bad).into()).is_err(), "{bad}");
        }
    }
}
