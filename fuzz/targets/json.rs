//! The parser of request bodies against serde_json.
#![no_main]

use serde_json::Value;

/// What ours refuses though it is JSON: each is a choice that the documentation names.
const STRICTER: [&str; 3] = ["duplicate member", "nested too deeply", "byte order mark"];

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let theirs = serde_json::from_slice::<Value>(body);
    match (alto::json::parse(body), theirs) {
        (Ok(ours), Ok(theirs)) => {
            let written = ours.to_string();
            assert_eq!(alto::json::parse(written.as_bytes()).ok().as_ref(), Some(&ours));
            assert_eq!(serde_json::from_str::<Value>(&written).ok(), Some(theirs));
        }
        // A number that no double holds is JSON all the same (RFC 8259 §6).
        (Ok(_), Err(error)) => assert!(error.to_string().starts_with("number out of range")),
        (Err(fault), Ok(_)) => {
            let why = fault.syntax_error.unwrap_or_default();
            assert!(STRICTER.iter().any(|choice| why.contains(choice)), "{why}");
        }
        (Err(_), Err(_)) => {}
    }
});
