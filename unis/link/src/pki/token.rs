//! A one-time enrolment token: where to go, whom to believe there, and the secret to show.
//!
//! ```text
//!  mp2p1.  SHA-256 of the CA's certificate         secret  URL
//!  mp2p2.  SHA-256 of both CAs', while two are     secret  URL     (base64url without padding)
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// First characters of the text, and how many CAs it names then.
const PREFIXES: [(&str, usize); 2] = [("mp2p1.", 1), ("mp2p2.", 2)];
/// Bytes of a secret and of a SHA-256 fingerprint.
const PART_BYTES: usize = 32;
/// Longest text read.
const MAX_TEXT_BYTES: usize = 4096;

/// A token. [`fmt::Display`] writes the text to hand over; [`fmt::Debug`] leaves the secret out.
#[derive(Clone, Eq, PartialEq)]
pub struct Token {
    /// Scheme and authority of the server, `https://host:port`.
    pub url: String,
    /// SHA-256 of the certificates (DER) of the CAs that are trusted there: the server is known by
    /// one of them, now and when the next has taken over.
    pub ca_fingerprints: Vec<[u8; PART_BYTES]>,
    pub(crate) secret: [u8; PART_BYTES],
}

/// The text is no token, or damaged.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is no enrolment token")]
pub struct TokenError;

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, named) = PREFIXES[usize::from(self.ca_fingerprints.len() > 1)];
        let mut bytes = Vec::with_capacity((named + 1) * PART_BYTES + self.url.len());
        self.ca_fingerprints.iter().take(named).for_each(|ca| bytes.extend_from_slice(ca));
        bytes.extend_from_slice(&self.secret);
        bytes.extend_from_slice(self.url.as_bytes());
        write!(f, "{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("url", &self.url).finish_non_exhaustive()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let mut layouts = PREFIXES.iter();
        let coded = layouts.find_map(|(prefix, named)| Some((text.strip_prefix(prefix)?, *named)));
        let (coded, named) = coded.ok_or(TokenError)?;
        if coded.len() > MAX_TEXT_BYTES {
            return Err(TokenError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(coded).map_err(|_| TokenError)?;
        let (cas, rest) = bytes.split_at_checked(named * PART_BYTES).ok_or(TokenError)?;
        let ca_fingerprints: Vec<[u8; PART_BYTES]> =
            cas.chunks_exact(PART_BYTES).filter_map(|ca| ca.try_into().ok()).collect();
        let (secret, url) = rest.split_first_chunk().ok_or(TokenError)?;
        let url = String::from_utf8(url.to_vec()).map_err(|_| TokenError)?;
        Ok(Self { url, ca_fingerprints, secret: *secret })
    }
}

/// The secret as it goes over the wire.
pub(crate) fn secret_text(secret: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

/// See [`secret_text`].
pub(crate) fn secret_bytes(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        let url = "https://unis.example:8443".to_owned();
        Token { url, ca_fingerprints: vec![[7; 32]], secret: [9; 32] }
    }

    #[test]
    fn the_text_is_the_token() {
        assert_eq!(token().to_string().parse::<Token>().unwrap(), token());
        assert_eq!(format!(" {}\n", token()).parse::<Token>().unwrap(), token());
        let of_two = Token { ca_fingerprints: vec![[7; 32], [8; 32]], ..token() };
        assert_eq!(of_two.to_string().parse::<Token>().unwrap(), of_two);
        let texts = [token().to_string(), of_two.to_string()];
        assert!(texts[0].starts_with("mp2p1.") && texts[1].starts_with("mp2p2."));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "mp2p1.", "mp2p1.AAAA", "mp2p2.AAAA", "mp2p3.AAAA", "mp2p1.!!!!"] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }

    #[test]
    fn debugging_does_not_tell_the_secret() {
        assert!(!format!("{:?}", token()).contains('9'));
    }
}
