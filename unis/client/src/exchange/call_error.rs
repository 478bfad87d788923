//! What a call can come to other than a document.

use std::time::Duration;

use alto::document::DocumentError;
use alto::fault::Fault;
use http::StatusCode;

use crate::url::Url;

/// Why a call brought no document.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The directory lists nothing that could answer.
    #[error("the server offers no {0}")]
    NotOffered(String),
    /// The server cannot be reached, its certificate is refused, or the connection broke.
    #[error("{url}: {reason}")]
    Transport {
        /// What was asked.
        url: Url,
        /// What happened, with its causes.
        reason: String,
    },
    /// No whole answer in time.
    #[error("{url}: no answer in time")]
    Deadline {
        /// What was asked.
        url: Url,
    },
    /// An answer larger than the bound, as sent or unpacked.
    #[error("{url}: the answer is larger than {max_bytes} bytes")]
    TooLarge {
        /// What was asked.
        url: Url,
        /// The bound.
        max_bytes: usize,
    },
    /// An ALTO error (RFC 7285 §8.5).
    #[error("{url}: status {}: {fault}", .status.as_u16())]
    Refused {
        /// What was asked.
        url: Url,
        /// The HTTP status that came with it.
        status: StatusCode,
        /// What the server says is wrong.
        fault: Box<Fault>,
        /// How long the server wants not to be asked.
        retry_after: Option<Duration>,
    },
    /// A status other than success, without an ALTO error.
    #[error("{url}: status {}", .status.as_u16())]
    Status {
        /// What was asked.
        url: Url,
        /// The HTTP status.
        status: StatusCode,
        /// How long the server wants not to be asked.
        retry_after: Option<Duration>,
    },
    /// Success, but not with the media type that was asked for (§8.3.4.2).
    #[error("{url}: got {got:?} in place of {expected}")]
    MediaType {
        /// What was asked.
        url: Url,
        /// What the directory promised.
        expected: &'static str,
        /// What came; empty where nothing was said.
        got: String,
    },
    /// A content coding that is unknown or does not unpack.
    #[error("{url}: content coding {coding:?}: {reason}")]
    Coding {
        /// What was asked.
        url: Url,
        /// The coding.
        coding: String,
        /// What is wrong.
        reason: String,
    },
    /// A redirection that leads nowhere.
    #[error("{url}: redirected: {reason}")]
    Redirect {
        /// What was asked last.
        url: Url,
        /// What is wrong.
        reason: String,
    },
    /// The document is not what its media type says.
    #[error("{url}: {source}")]
    Document {
        /// What was asked.
        url: Url,
        /// Where and why.
        source: DocumentError,
    },
}

impl CallError {
    /// The HTTP status, where there was one that says no.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// How long the server wants not to be asked (RFC 7285 §8.5.3).
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// "Not modified" where nothing is there that could be.
    pub(crate) fn unasked(url: Url) -> Self {
        Self::Status { url, status: StatusCode::NOT_MODIFIED, retry_after: None }
    }

    /// Whether it hints that the directory has changed: what it listed is no longer there.
    pub(crate) fn blames_directory(&self) -> bool {
        const GONE: [StatusCode; 3] =
            [StatusCode::NOT_FOUND, StatusCode::GONE, StatusCode::METHOD_NOT_ALLOWED];
        match self {
            Self::MediaType { .. } | Self::Redirect { .. } | Self::NotOffered(_) => true,
            other => other.status().is_some_and(|status| GONE.contains(&status)),
        }
    }
}
