//! Sealing and opening.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::signed::key::{KeyError, SigningKey, VerifyingKey};

/// Longest signed object read; index files are the longest.
pub const MAX_SIGNED_BYTES: usize = 4 << 20;
/// Longest header read, base64url.
const MAX_HEADER_BYTES: usize = 256;

/// What is signed; stands as `typ` in the header.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Who a peer is and of which class (TR 20002 §8.3.9).
    Passkey,
    /// What a consumer got from a contributor (Req-User-060).
    Receipt,
    /// What a content consists of (X.609.7 index file).
    IndexFile,
    /// What a peer sent to another (Req-Net-080).
    Delivery,
    /// An end to a distribution (TR 20002 §8.3.4).
    Stop,
    /// A peer has ended it.
    StopAck,
    /// What a cache or relay server keeps free for somebody (§8.3.7).
    Reservation,
    /// What is forbidden (Req-Content-020).
    Denylist,
}

impl Kind {
    /// The `typ` in its header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey+jwt",
            Self::Receipt => "receipt+jws",
            Self::IndexFile => "index+jws",
            Self::Delivery => "delivery+jws",
            Self::Stop => "stop+jwt",
            Self::StopAck => "stop-ack+jws",
            Self::Reservation => "reservation+jwt",
            Self::Denylist => "denylist+jws",
        }
    }
}

/// Why a signed object is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// Not three parts of base64url, or too long.
    #[error("this is no signed object")]
    Form,
    /// Another kind of object, or an algorithm that is not the key's.
    #[error("this object is not a {expected} signed with {algorithm}")]
    Header {
        /// The kind that was asked for.
        expected: &'static str,
        /// The key's algorithm.
        algorithm: &'static str,
    },
    /// Somebody else's signature, or changed content.
    #[error("the signature is not of the key that is to have signed")]
    Signature,
    /// The key that it carries is not that of who it says has signed.
    #[error("the key in a signed object is not its signer's")]
    Signer,
    /// The content is not what its kind says.
    #[error("the content of a signed object is malformed: {0}")]
    Content(serde_json::Error),
    /// No signature can be made.
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[derive(Deserialize, Serialize)]
struct Header {
    alg: String,
    typ: String,
    /// Extensions that must be understood: none is (RFC 7515 §4.1.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// Signs `content` as an object of `kind`.
///
/// # Errors
/// The key cannot sign, or the content is no JSON.
pub fn seal(kind: Kind, content: &impl Serialize, key: &SigningKey) -> Result<String, SignedError> {
    let header =
        Header { alg: key.algorithm().to_owned(), typ: kind.as_str().to_owned(), crit: None };
    let header = serde_json::to_vec(&header).map_err(SignedError::Content)?;
    let content = serde_json::to_vec(content).map_err(SignedError::Content)?;
    let mut text = URL_SAFE_NO_PAD.encode(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(content, &mut text);
    let signature = key.sign(text.as_bytes())?;
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// The content of an object of `kind` that `key` signed. Dates and names in it are for the caller
/// to check.
///
/// # Errors
/// [`SignedError`]; nothing of the content is looked at before its signature is.
pub fn open<T: DeserializeOwned>(
    kind: Kind,
    text: &str,
    key: &VerifyingKey,
) -> Result<T, SignedError> {
    if text.len() > MAX_SIGNED_BYTES {
        return Err(SignedError::Form);
    }
    let (message, signature) = text.rsplit_once('.').ok_or(SignedError::Form)?;
    let (header, content) = message.split_once('.').ok_or(SignedError::Form)?;
    if header.len() > MAX_HEADER_BYTES {
        return Err(SignedError::Form);
    }
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| SignedError::Form);
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| SignedError::Form)?;
    let agrees = header.alg == key.algorithm() && header.typ == kind.as_str();
    if !agrees || header.crit.is_some() {
        return Err(SignedError::Header { expected: kind.as_str(), algorithm: key.algorithm() });
    }
    if !key.verifies(message.as_bytes(), &decode(signature)?) {
        return Err(SignedError::Signature);
    }
    serde_json::from_slice(&decode(content)?).map_err(SignedError::Content)
}

/// What `text` says, before anybody knows who signed it: to find the key to open it with.
pub(crate) fn peek<T: DeserializeOwned>(text: &str) -> Result<T, SignedError> {
    if text.len() > MAX_SIGNED_BYTES {
        return Err(SignedError::Form);
    }
    let content = text.split('.').nth(1).ok_or(SignedError::Form)?;
    let content = URL_SAFE_NO_PAD.decode(content).map_err(|_| SignedError::Form)?;
    serde_json::from_slice(&content).map_err(SignedError::Content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    fn with_header(header: &str, sealed: &str) -> String {
        let (_, rest) = sealed.split_once('.').unwrap();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
    }

    fn opened(text: &str, key: &SigningKey) -> Result<Vec<u32>, SignedError> {
        open(Kind::Passkey, text, &key.verifying().unwrap())
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let key = key();
        let sealed = seal(Kind::Passkey, &[1, 2], &key).unwrap();
        assert_eq!(opened(&sealed, &key).unwrap(), [1, 2]);
        assert!(matches!(opened(&sealed, &self::key()), Err(SignedError::Signature)));
    }

    /// RFC 8725 §3.1, §3.2: no algorithm that the key does not have, `none` least of all.
    #[test]
    fn a_forger_cannot_choose_the_algorithm_or_the_kind() {
        let key = key();
        let sealed = seal(Kind::Passkey, &[1], &key).unwrap();
        for header in [
            r#"{"alg":"none","typ":"passkey+jwt"}"#,
            r#"{"alg":"HS256","typ":"passkey+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"stop+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"passkey+jwt","crit":["exp"]}"#,
        ] {
            let forged = opened(&with_header(header, &sealed), &key);
            assert!(matches!(forged, Err(SignedError::Header { .. })), "{header}");
        }
    }

    #[test]
    fn damaged_objects_are_refused_wherever_they_are_damaged() {
        let key = key();
        let sealed = seal(Kind::Passkey, &[1, 2, 3], &key).unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(bytes).unwrap();
            assert!(opened(&damaged, &key).is_err(), "{at}");
        }
        for none in ["", ".", "..", "a.b.c", &"a".repeat(MAX_SIGNED_BYTES + 1)] {
            assert!(matches!(opened(none, &key), Err(SignedError::Form)));
        }
    }
}
