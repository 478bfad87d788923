//! Keys of signed objects: Ed25519 for servers, ECDSA P-256 for peers, who sign with the key of
//! their certificate.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes of an Ed25519 public key.
const ED25519_BYTES: usize = 32;
/// Bytes of an uncompressed point on P-256.
const P256_BYTES: usize = 65;
/// What stands before an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
/// What stands before a point on P-256 in a SubjectPublicKeyInfo (RFC 5480 §2).
const P256_SPKI: [u8; 26] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
    \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// Bytes that are no key, or a signature that cannot be made.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The private key cannot be read.
    #[error("this is no Ed25519 or P-256 private key in PKCS #8")]
    Private,
    /// The public key cannot be read.
    #[error("this is no Ed25519 or P-256 public key")]
    Public,
    /// The library refuses to sign.
    #[error("the key cannot sign")]
    Sign,
}

/// A key that signs.
pub enum SigningKey {
    /// EdDSA over Ed25519 (RFC 8037).
    Ed25519(Ed25519KeyPair),
    /// ES256 (RFC 7518 §3.4).
    P256(EcdsaKeyPair),
}

/// A key that checks signatures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerifyingKey {
    /// EdDSA over Ed25519: 32 bytes.
    Ed25519([u8; ED25519_BYTES]),
    /// ES256: an uncompressed point, 65 bytes.
    P256([u8; P256_BYTES]),
}

impl SigningKey {
    /// A new Ed25519 key, as PKCS #8 (DER) to keep.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate_ed25519() -> Result<Vec<u8>, KeyError> {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        made.map(|document| document.as_ref().to_vec()).map_err(|_| KeyError::Sign)
    }

    /// Reads a key, PKCS #8 (DER).
    ///
    /// # Errors
    /// It is none of ours.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(key) = Ed25519KeyPair::from_pkcs8(der) {
            return Ok(Self::Ed25519(key));
        }
        let p256 = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_pkcs8(p256, der).map(Self::P256).map_err(|_| KeyError::Private)
    }

    /// The other half.
    ///
    /// # Errors
    /// The library gives a public key of another length than it has.
    pub fn verifying(&self) -> Result<VerifyingKey, KeyError> {
        match self {
            Self::Ed25519(key) => {
                let bytes = key.public_key().as_ref().try_into();
                bytes.map(VerifyingKey::Ed25519).map_err(|_| KeyError::Public)
            }
            Self::P256(key) => {
                let bytes = key.public_key().as_ref().try_into();
                bytes.map(VerifyingKey::P256).map_err(|_| KeyError::Public)
            }
        }
    }

    /// The name of its algorithm in a JWS header.
    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => EDDSA,
            Self::P256(_) => ES256,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Self::P256(key) => {
                let signed = key.sign(&SystemRandom::new(), message);
                signed.map(|made| made.as_ref().to_vec()).map_err(|_| KeyError::Sign)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.algorithm())
    }
}

const EDDSA: &str = "EdDSA";
const ES256: &str = "ES256";

impl VerifyingKey {
    /// Reads what [`VerifyingKey::to_text`] writes: the key's bytes, base64url.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.len() > P256_BYTES * 2 {
            return Err(KeyError::Public);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::Public)?;
        match bytes.len() {
            ED25519_BYTES => bytes.try_into().map(Self::Ed25519).map_err(|_| KeyError::Public),
            _ => bytes.try_into().map(Self::P256).map_err(|_| KeyError::Public),
        }
    }

    /// Reads a SubjectPublicKeyInfo, DER.
    ///
    /// # Errors
    /// It is none of ours.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let read = match (der.strip_prefix(&ED25519_SPKI), der.strip_prefix(&P256_SPKI)) {
            (Some(key), _) => key.try_into().map(Self::Ed25519),
            (None, Some(point)) => point.try_into().map(Self::P256),
            (None, None) => return Err(KeyError::Public),
        };
        read.map_err(|_| KeyError::Public)
    }

    /// The key as a SubjectPublicKeyInfo, DER.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        let prefix: &[u8] = match self {
            Self::Ed25519(_) => &ED25519_SPKI,
            Self::P256(_) => &P256_SPKI,
        };
        [prefix, self.bytes()].concat()
    }

    /// The key's bytes, base64url.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(bytes) => bytes,
            Self::P256(bytes) => bytes,
        }
    }

    /// The only algorithm that it takes.
    pub(crate) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => EDDSA,
            Self::P256(_) => ES256,
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let checked = match self {
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
            }
        };
        checked.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.1, test 2: public key, message 0x72 and signature.
    #[test]
    fn a_signature_of_the_standard_is_taken() {
        let key = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ));
        let key = VerifyingKey::Ed25519(key.try_into().unwrap());
        assert!(key.verifies(&[0x72], &signature));
        assert!(!key.verifies(&[0x73], &signature));
        assert_eq!(VerifyingKey::parse(&key.to_text()).unwrap(), key);
    }

    #[test]
    fn other_bytes_are_no_key() {
        assert_eq!(VerifyingKey::parse("AAAA").unwrap_err(), KeyError::Public);
        assert_eq!(VerifyingKey::parse(&"A".repeat(10_000)).unwrap_err(), KeyError::Public);
        assert!(SigningKey::from_pkcs8(b"nothing").is_err());
    }

    #[test]
    fn debugging_does_not_tell_the_key() {
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(EdDSA)");
    }

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }
}
