//! The answer to a player: a file, or a range of it (RFC 9110 §14, §15.3.7).

use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_RANGE, RANGE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use link::body::{Body, channel, empty, full};
use link::server::Lasting;

use crate::stream::range::{Wanted, wanted};
use crate::stream::{Reel, kind};

/// Pieces that wait for the player.
const AHEAD_PIECES: usize = 4;

/// What strangers publish is played, and never becomes a document with rights on this machine.
const FIXED: [(HeaderName, &str); 5] = [
    (ACCEPT_RANGES, "bytes"),
    (CACHE_CONTROL, "no-store"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        CONTENT_SECURITY_POLICY,
        "sandbox; default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'",
    ),
];

/// Answers a request for a file; the bytes go out as they come.
#[must_use]
pub fn show(reel: Reel, method: &Method, asked: &HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        let mut answer = told(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // A range of another version is none of this one (RFC 9110 §13.1.5); HEAD knows no ranges.
    let is_same = text(IF_RANGE).is_none_or(|tag| tag == reel.tag);
    let range = text(RANGE).filter(|_| is_same && method == Method::GET);
    let (status, range) = match wanted(range, reel.size) {
        Wanted::Whole => (StatusCode::OK, 0..reel.size),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => {
            let mut answer = told(StatusCode::RANGE_NOT_SATISFIABLE, "no such bytes\n");
            field(&mut answer, CONTENT_RANGE, &format!("bytes */{}", reel.size));
            return answer;
        }
    };
    let mut answer = Response::new(empty());
    *answer.status_mut() = status;
    for (name, value) in FIXED {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    field(&mut answer, CONTENT_TYPE, kind::of(&reel.name));
    field(&mut answer, ETAG, &reel.tag);
    field(&mut answer, CONTENT_LENGTH, &(range.end - range.start).to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let part = format!("bytes {}-{}/{}", range.start, range.end - 1, reel.size);
        field(&mut answer, CONTENT_RANGE, &part);
    }
    if method == Method::GET && !range.is_empty() {
        let (out, body) = channel(AHEAD_PIECES);
        tokio::spawn(reel.play(range, out));
        *answer.body_mut() = body;
        answer.extensions_mut().insert(Lasting);
    }
    answer
}

/// A refusal in a line.
pub(crate) fn told(status: StatusCode, line: &'static str) -> Response<Body> {
    let mut answer = Response::new(full(line));
    *answer.status_mut() = status;
    field(&mut answer, CONTENT_TYPE, "text/plain; charset=utf-8");
    answer
}

fn field(answer: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
