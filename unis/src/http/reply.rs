//! Responses and their header fields (RFC 7285 §8.3.3, RFC 9110 §8).

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName,
    HeaderValue, VARY,
};
use http::{Response, StatusCode};
use link::body::{self, Body};

use crate::maps::rendered::Coding;

/// Maps are revalidated at each use: it costs a 304, and nobody ranks by an old map.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Answers to a POST are not stored.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// What a GET's representation is chosen by.
const CHOSEN_BY: HeaderValue = HeaderValue::from_static("accept, accept-encoding");

/// A representation that a client can keep and revalidate.
pub struct Representation {
    /// Media type.
    pub media_type: &'static str,
    /// Coding of the body.
    pub coding: Coding,
    /// Strong entity tag of this coding.
    pub etag: String,
}

/// 200 with a representation.
#[must_use]
pub fn representation(of: &Representation, body: Body, length: Option<u64>) -> Response<Body> {
    let mut response = with_type(StatusCode::OK, HeaderValue::from_static(of.media_type), body);
    describe(&mut response, of);
    put_coding(&mut response, of.coding, length);
    response
}

fn put_coding(response: &mut Response<Body>, coding: Coding, length: Option<u64>) {
    if let Some(length) = length {
        put(response, CONTENT_LENGTH, HeaderValue::from(length));
    }
    if coding != Coding::Identity {
        put(response, CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
}

/// 304: the client has it.
#[must_use]
pub fn not_modified(of: &Representation) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    describe(&mut response, of);
    response
}

fn describe(response: &mut Response<Body>, of: &Representation) {
    put(response, CACHE_CONTROL, CACHE);
    put(response, VARY, CHOSEN_BY);
    if let Ok(etag) = HeaderValue::try_from(&of.etag) {
        put(response, ETAG, etag);
    }
}

/// 200 with the answer to a query; the length where it is known.
#[must_use]
pub fn answer(
    media_type: &'static str,
    coding: Coding,
    body: Body,
    length: Option<u64>,
) -> Response<Body> {
    let mut response = with_type(StatusCode::OK, HeaderValue::from_static(media_type), body);
    put(&mut response, CACHE_CONTROL, NO_STORE);
    put_coding(&mut response, coding, length);
    response
}

/// A refusal with an ALTO error message (RFC 7285 §8.5.1).
#[must_use]
pub fn fault(fault: &alto::fault::Fault) -> Response<Body> {
    let text = Bytes::from(fault.to_json());
    let length = Some(text.len() as u64);
    let mut response = answer(alto::media::ERROR, Coding::Identity, body::full(text), length);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

/// A refusal outside ALTO, with a sentence for the person at the other end.
#[must_use]
pub fn plain(status: StatusCode, sentence: &str) -> Response<Body> {
    let text = format!("{sentence}\n");
    let length = text.len() as u64;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    let mut response = with_type(status, kind, body::full(Bytes::from(text)));
    put(&mut response, CONTENT_LENGTH, HeaderValue::from(length));
    put(&mut response, CACHE_CONTROL, NO_STORE);
    response
}

/// 204 that says which methods there are.
#[must_use]
pub fn options(allow: &'static str) -> Response<Body> {
    let mut response = Response::new(body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    put(&mut response, ALLOW, HeaderValue::from_static(allow));
    response
}

/// Sets one header field.
pub fn put(response: &mut Response<Body>, name: HeaderName, value: HeaderValue) {
    response.headers_mut().insert(name, value);
}

fn with_type(status: StatusCode, media_type: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    put(&mut response, CONTENT_TYPE, media_type);
    response
}
