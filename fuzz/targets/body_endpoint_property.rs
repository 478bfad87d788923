//! Queries for endpoint properties (RFC 7285 §11.4.1.3).
#![no_main]

use alto::request::EndpointPropertyQuery as Query;

libfuzzer_sys::fuzz_target!(|body: &[u8]| fuzz::body::check(body, Query::parse, Query::to_json));
