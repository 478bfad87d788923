//! Filters of network maps (RFC 7285 §11.3.1.3).
#![no_main]

use alto::request::NetworkMapFilter as Query;

libfuzzer_sys::fuzz_target!(|body: &[u8]| fuzz::body::check(body, Query::parse, Query::to_json));
