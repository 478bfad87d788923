//! Queries for endpoint costs (RFC 7285 §11.5.1.3): the quick way agrees with the exact way.
#![no_main]

use alto::request::EndpointCostQuery as Query;
use alto::request::ways_agree;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    assert!(ways_agree(body));
    fuzz::body::check(body, Query::parse, Query::to_json);
});
