//! The document against the table and the types.

use std::collections::BTreeSet;

use mp2p::message::join::JoinRequest;
use serde_json::{Value, json};

use crate::api::access::lines;
use crate::api::openapi::{LINE, document};

/// Each line stands in the document with its roles, and nothing else does.
#[test]
fn the_document_is_the_table() {
    let document = document();
    let mut operations = 0;
    for line in lines().chain([&LINE]) {
        let told = &document["paths"][line.path][line.method.as_str()];
        assert_eq!(told["operationId"], line.name);
        let roles: Vec<&str> =
            told["x-roles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let allowed: Vec<&str> = line.roles.iter().map(|role| role.as_str()).collect();
        assert_eq!(roles, allowed, "{}", line.name);
        assert!(!line.about.is_empty(), "{}", line.name);
        operations += 1;
    }
    let paths = document["paths"].as_object().unwrap().values();
    let told: usize = paths.map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(told, operations);
}

/// The join, member by member, as TR 20002 §8.3.1 step 1 and Q.4103 have it.
#[test]
fn a_body_is_described_as_it_is_read() {
    let document = document();
    let join = &document["paths"]["/oms/peer"]["post"];
    let schema = &join["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["overlay-id", "peer-id"]));
    let members: BTreeSet<&str> =
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    // Those of §8.3.3 beside them: ways through NAT, and a relay that does not answer.
    let expected = [
        "nat",
        "overlay-id",
        "peer-id",
        "peer_addr",
        "peer_num",
        "relay-failed",
        "rendezvous",
        "sharing-policy",
    ];
    assert_eq!(members, expected.into());
    assert_eq!(schema["properties"]["peer-id"]["pattern"], "^[0-9a-f]{64}$");
    assert_eq!(schema["properties"]["peer_addr"]["maxItems"], 8);
    let least = json!({"overlay-id": "film", "peer-id": "a".repeat(64)});
    assert!(serde_json::from_value::<JoinRequest>(least).is_ok());
    assert_eq!(
        join["responses"]["200"]["content"]["application/json"]["schema"],
        json!({
            "$ref": "#/components/schemas/JoinAnswer",
        })
    );
}

#[test]
fn queries_are_parameters_and_what_may_be_absent_says_so() {
    let document = document();
    let parameters = &document["paths"]["/oms/explain"]["get"]["parameters"];
    let told: Vec<(&str, bool)> = parameters
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["required"].as_bool().unwrap()))
        .collect();
    assert_eq!(told, [("overlay-id", true), ("peer-id", true)]);
    let history = &document["paths"]["/pams/history"]["get"]["parameters"][0];
    assert_eq!((&history["name"], &history["required"]), (&json!("peer-id"), &json!(false)));
    assert_eq!(
        document["paths"]["/oms/overlay"]["delete"]["responses"]["204"]["content"],
        json!(null)
    );
}

/// Every reference leads somewhere.
#[test]
fn references_lead_to_what_there_is() {
    let document = document();
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            let pointer = path.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{path}");
            references += 1;
        }
    }
    assert!(references > 500, "{references}");
}
