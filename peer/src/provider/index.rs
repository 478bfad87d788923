//! IXS (R6): contents, their index files, and search.

use http::Method;
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::IndexFile;
use mp2p::message::content::{Found, SignedDenylist};
use serde::Deserialize;
use serde_json::json;

use crate::provider::{Provider, ProviderError};

/// Where a content is exchanged, and what it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Indexed {
    /// The signed index file.
    pub index_file: String,
}

impl Provider {
    /// Registers a content by its signed index file, or a new version of it.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn register(&self, index_file: &str) -> Result<(), ProviderError> {
        let body = json!({"index-file": index_file});
        self.tell(Method::POST, "/ixs/content", Some(&body)).await
    }

    /// Registers a content in the place of another one of the same overlay.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn replace(&self, old: &ContentId, index_file: &str) -> Result<(), ProviderError> {
        let body = json!({"index-file": index_file, "replaces": old});
        self.tell(Method::PUT, "/ixs/content", Some(&body)).await
    }

    /// Publishes a content no more, and ends the overlay that was made for it alone: another user
    /// may publish it there then.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn withdraw(&self, index: &IndexFile) -> Result<(), ProviderError> {
        let (content, overlay) = (&index.content_id, &index.overlay_id);
        self.remove(content).await?;
        if overlay.as_str() != content.as_str() {
            return Ok(());
        }
        let path = format!("/oms/overlay?overlay-id={overlay}");
        match self.tell(Method::DELETE, &path, None::<&()>).await {
            // Ended already.
            Err(error) if !error.is_passing() => Ok(()),
            told => told,
        }
    }

    /// Publishes a content no more; its overlay stays.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn remove(&self, content: &ContentId) -> Result<(), ProviderError> {
        let path = format!("/ixs/content?content-id={content}");
        self.tell(Method::DELETE, &path, None::<&()>).await
    }

    /// The index file of a content.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn index(&self, content: &ContentId) -> Result<Indexed, ProviderError> {
        self.get(&format!("/ixs/index?content-id={content}")).await
    }

    /// What became forbidden after change `after`, signed.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn denylist(&self, after: u64) -> Result<SignedDenylist, ProviderError> {
        self.get(&format!("/ixs/denylist/page?after={after}")).await
    }

    /// Contents of an overlay, the oldest first.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn contents(&self, overlay: &OverlayId) -> Result<Found, ProviderError> {
        self.get(&format!("/ixs/overlay?overlay-id={}", escape(overlay.as_str()))).await
    }

    /// Contents by words of their titles and descriptions, best first.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn search(&self, words: &str) -> Result<Found, ProviderError> {
        self.get(&format!("/ixs/content?q={}", escape(words))).await
    }
}

/// Percent-encoding of everything that is not unreserved (RFC 3986 §2.3).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                for digit in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
                    out.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_into_an_address_as_they_are() {
        assert_eq!(escape("a b&q=ü"), "a%20b%26q%3D%C3%BC");
    }
}
