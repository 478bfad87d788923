//! Filters of cost maps (RFC 7285 §11.3.2.3).
#![no_main]

use alto::request::CostMapFilter as Query;

libfuzzer_sys::fuzz_target!(|body: &[u8]| fuzz::body::check(body, Query::parse, Query::to_json));
