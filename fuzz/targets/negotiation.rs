//! `Accept`, `Accept-Encoding`, `If-Match` and `If-None-Match` (RFC 9110 §12, §13), a line each.
#![no_main]

use http::header::{ACCEPT, ACCEPT_ENCODING, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use unis::http::negotiate;

const NAMES: [HeaderName; 4] = [ACCEPT, ACCEPT_ENCODING, IF_MATCH, IF_NONE_MATCH];

libfuzzer_sys::fuzz_target!(|text: &[u8]| {
    let values = text.split(|byte| *byte == b'\n').map(HeaderValue::from_bytes);
    let headers = NAMES.into_iter().cycle().zip(values);
    let headers: HeaderMap =
        headers.filter_map(|(name, value)| Some((name, value.ok()?))).take(64).collect();
    let types = ["application/alto-costmap+json", "application/alto-networkmap+json"];
    let accepted = types.map(|media_type| negotiate::accepts(&headers, media_type));
    if !headers.contains_key(ACCEPT) {
        assert_eq!(accepted, [true, true]);
    }
    // Whoever takes an answer coded for good takes one coded for once.
    let (kept, once) = (negotiate::coding(&headers), negotiate::coding_once(&headers));
    assert_eq!(kept.is_some(), once.is_some());
    let _ = negotiate::may_match(&headers, "\"tag\"");
    let _ = negotiate::has_current(&headers, "\"tag\"");
});
