//! The exact reader of requests against a general reader of JSON (RFC 8259).

#![allow(clippy::unwrap_used, reason = "a text that does not hold fails its test")]

use alto::json::parse;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

/// Texts that are JSON, or nearly.
fn almost_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[\\[\\]{},: \\n\"]",
        "-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
        prop_oneof![Just("true".to_owned()), Just("false".to_owned()), Just("null".to_owned())],
        "\"[a-c]{0,2}\"",
        "\"\\\\(u[0-9a-fA-F]{3,4}|[bfnrtx/\"\\\\])\"",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn agree(text: &str) {
    let general = |text: &str| serde_json::from_str::<serde_json::Value>(text);
    match (parse(text.as_bytes()), general(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(general(&ours.to_string()).unwrap(), theirs),
        // Only the exact reader keeps numbers that no double holds, and refuses repeated members.
        (Ok(_), Err(error)) => assert!(error.to_string().contains("out of range"), "{text}"),
        (Err(fault), Ok(_)) => assert!(fault.to_string().contains("duplicate"), "{text}"),
        (Err(_), Err(_)) => {}
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_general_reader_agrees_on_nearly_json(text in almost_json()) {
        agree(&text);
    }

    #[test]
    fn a_general_reader_agrees_on_json(value in json()) {
        assert!(parse(value.to_string().as_bytes()).is_ok());
        agree(&serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&bytes);
    }
}
