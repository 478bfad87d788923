//! What a response is worth: a document of the type asked for, "not modified", or an error.

use alto::document::{self, DocumentError};
use alto::fault::Fault;
use alto::media;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName};
use serde::de::DeserializeOwned;

use crate::exchange::call_error::CallError;
use crate::exchange::gzip::{self, GzipError};
use crate::exchange::retry::retry_after;
use crate::url::Url;

/// Longest entity tag that is sent back; with a longer one the resource is fetched anew.
const MAX_ETAG_BYTES: usize = 1024;

/// Longest piece of a foreign text in an error message, in characters.
const MAX_QUOTED_CHARS: usize = 100;

/// A body of the media type asked for, uncompressed.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it came from, redirects followed.
    pub(crate) url: Url,
    /// Its entity tag, to ask whether it has changed.
    pub(crate) etag: Option<String>,
    pub(crate) body: Bytes,
}

/// What a conditional request brings.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// What the client has is still right (304).
    Unchanged,
    /// This is right now.
    Fresh(Answer),
}

impl Answer {
    /// Takes the content of a response with status 200, of the right media type.
    pub(crate) fn read(
        url: Url,
        headers: &HeaderMap,
        body: Bytes,
        max_bytes: usize,
    ) -> Result<Self, CallError> {
        let body = decode(&url, headers, body, max_bytes)?;
        let etag = headers.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.filter(|etag| etag.len() <= MAX_ETAG_BYTES).map(str::to_owned);
        Ok(Self { url, etag, body })
    }

    /// Reads the document.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let wrong = |source| CallError::Document { url: self.url.clone(), source };
        match std::str::from_utf8(&self.body) {
            Ok(text) => document::parse(text).map_err(wrong),
            Err(error) => {
                let before = self.body.get(..error.valid_up_to()).unwrap_or_default();
                let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
                let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
                Err(wrong(DocumentError { line, column, message: "invalid UTF-8".to_owned() }))
            }
        }
    }
}

/// Success alone says nothing: a client must not assume what the type is (§8.3.4.2).
pub(crate) fn check_media_type(
    url: &Url,
    headers: &HeaderMap,
    expected: &'static str,
) -> Result<(), CallError> {
    let got = text(headers, CONTENT_TYPE);
    if is_media_type(got, expected) {
        return Ok(());
    }
    Err(CallError::MediaType { url: url.clone(), expected, got: quoted(got) })
}

/// The error behind a status that says no.
pub(crate) fn refusal(
    url: Url,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    max_bytes: usize,
) -> CallError {
    let retry_after = retry_after(headers);
    let is_fault = is_media_type(text(headers, CONTENT_TYPE), media::ERROR);
    let body = if is_fault { decode(&url, headers, body, max_bytes).ok() } else { None };
    match body.and_then(|body| Fault::from_json(&body).ok()).map(Box::new) {
        Some(fault) => CallError::Refused { url, status, fault, retry_after },
        None => CallError::Status { url, status, retry_after },
    }
}

fn decode(
    url: &Url,
    headers: &HeaderMap,
    body: Bytes,
    max_bytes: usize,
) -> Result<Bytes, CallError> {
    let coding = text(headers, CONTENT_ENCODING);
    let wrong = |reason: String| {
        let coding = quoted(coding);
        CallError::Coding { url: url.clone(), coding, reason }
    };
    match coding.to_ascii_lowercase().as_str() {
        "" | "identity" if body.len() > max_bytes => {
            Err(CallError::TooLarge { url: url.clone(), max_bytes })
        }
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => gzip::unpack(&body, max_bytes).map_err(|error| match error {
            GzipError::TooLarge { max_bytes } => {
                CallError::TooLarge { url: url.clone(), max_bytes }
            }
            GzipError::Broken(_) => wrong(error.to_string()),
        }),
        _ => Err(wrong("unknown".to_owned())),
    }
}

/// Whether a `Content-Type` names this media type, whatever its parameters say.
fn is_media_type(content_type: &str, expected: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(expected)
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}

fn quoted(text: &str) -> String {
    text.chars().take(MAX_QUOTED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderValue;

    use super::*;

    fn url() -> Url {
        Url::parse("https://alto.example.com/costmap").unwrap()
    }

    fn typed(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))])
    }

    fn check(headers: &HeaderMap) -> Result<(), CallError> {
        check_media_type(&url(), headers, media::COST_MAP)
    }

    fn read(headers: &HeaderMap, body: &'static str) -> Result<Answer, CallError> {
        Answer::read(url(), headers, Bytes::from_static(body.as_bytes()), 16)
    }

    #[test]
    fn a14_the_content_type_is_checked_never_assumed() {
        for right in [media::COST_MAP, "Application/ALTO-costmap+json ; charset=utf-8"] {
            assert!(check(&typed(right)).is_ok(), "{right}");
        }
        for wrong in ["", "application/json", media::NETWORK_MAP, "text/html"] {
            let error = check(&typed(wrong)).unwrap_err();
            assert!(matches!(error, CallError::MediaType { .. }), "{wrong}");
            assert!(error.blames_directory());
        }
        assert!(check(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_fault_is_passed_on_with_its_status_and_the_wait() {
        let mut headers = typed(media::ERROR);
        headers.insert("retry-after", HeaderValue::from_static("7"));
        let body = Bytes::from(Fault::missing("cost-type/cost-metric").to_json());
        let error = refusal(url(), StatusCode::BAD_REQUEST, &headers, body, 1024);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert_eq!(
            error.to_string(),
            "https://alto.example.com/costmap: status 400: \
             E_MISSING_FIELD: field cost-type/cost-metric"
        );
    }

    #[test]
    fn an_error_of_another_kind_is_its_status() {
        let body = Bytes::from_static(b"<html>");
        let error = refusal(url(), StatusCode::NOT_FOUND, &typed("text/html"), body, 1024);
        assert!(matches!(error, CallError::Status { .. }));
        assert!(error.blames_directory());
    }

    #[test]
    fn the_bound_holds_and_codings_are_known_ones() {
        let large = read(&typed(media::COST_MAP), "12345678901234567");
        assert!(matches!(large, Err(CallError::TooLarge { max_bytes: 16, .. })));
        let mut packed = typed(media::COST_MAP);
        packed.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        assert!(matches!(read(&packed, "{}"), Err(CallError::Coding { .. })));
    }

    #[test]
    fn invalid_utf_8_has_its_place() {
        let body = Bytes::from_static(b"{\n \xff");
        let answer = Answer { url: url(), etag: None, body };
        let error = answer.parse::<alto::cost_map::CostMap>().unwrap_err();
        assert!(error.to_string().ends_with("line 2, column 2: invalid UTF-8"), "{error}");
    }
}
