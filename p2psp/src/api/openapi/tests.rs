//! The document against the table and the types.

use std::collections::BTreeSet;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::event::Event;
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
    let paths = document["paths"].as_object().unwrap();
    let of_table = paths.iter().filter(|(path, _)| !path.starts_with("/pki/"));
    let told: usize = of_table.map(|(_, path)| path.as_object().unwrap().len()).sum();
    assert_eq!(told, operations);
    // `link::pki::service` has a table of them.
    let of_ca = paths.keys().filter(|path| path.starts_with("/pki/"));
    let expected = ["/pki/ca.pem", "/pki/crl.pem", "/pki/enroll", "/pki/renew"];
    assert_eq!(of_ca.collect::<BTreeSet<_>>(), expected.map(str::to_owned).iter().collect());
}

/// The join, member by member, as TR 20002 §8.3.1 step 1 and Q.4103 have it.
#[test]
fn a_body_is_described_as_it_is_read() {
    let document = document();
    let join = &document["paths"]["/oms/peer"]["post"];
    let schema = &join["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["overlay-id", "peer-id", "peer_addr"]));
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
    let addresses = &schema["properties"]["peer_addr"];
    assert_eq!((&addresses["minItems"], &addresses["maxItems"]), (&json!(1), &json!(8)));
    let mut least = json!({"overlay-id": "film", "peer-id": "a".repeat(64)});
    assert!(serde_json::from_value::<JoinRequest>(least.clone()).is_err());
    least["peer_addr"] = json!([{"ip_address": "192.0.2.1", "port": 7000}]);
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

/// Whoever reads the document sees none of the code that it comes from.
#[test]
fn descriptions_are_in_plain_words() {
    let text = document().to_string();
    assert!(!text.contains("[`") && !text.contains("crate::"));
}

/// The members of a receipt and of a passkey, as `docs/provider.md` and RFC 7519 have them.
#[test]
fn payloads_of_signed_objects_are_described() {
    let document = document();
    let signed = document["x-signed-objects"].as_object().unwrap();
    assert_eq!(signed.len(), 8);
    let members = |kind: &str| -> BTreeSet<&str> {
        let path = signed[kind]["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        let schema = document.pointer(path).unwrap();
        schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
    };
    let passkey = ["iss", "sub", "peer-id", "overlay-id", "class", "epoch", "iat", "exp", "cnf"];
    assert_eq!(members("passkey+jwt"), passkey.into());
    let receipt = [
        "bytes",
        "consumer",
        "consumer-key",
        "content-id",
        "contributor",
        "epoch",
        "fragments",
        "overlay-id",
        "rejected",
        "seq",
        "ts",
        "via",
    ];
    assert_eq!(members("receipt+jws"), receipt.into());
}

/// Each event that a server can tell of, with the members that it has then.
#[test]
fn events_of_the_stream_are_described() {
    let document = document();
    let told = document["x-events"].as_object().unwrap();
    let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    let expected = [
        "cache-attach",
        "cache-release",
        "expelled",
        "released",
        "rendezvous",
        "reorganised",
        "reservation",
        "status-request",
        "stop",
    ];
    assert_eq!(names, expected.into());
    let overlay_id = OverlayId::parse("film").unwrap();
    let event = Event::Expelled { overlay_id, peer_id: PeerId::of_digest([7; 32]), epoch: 3 };
    let sent: Value = serde_json::from_str(&event.data().unwrap()).unwrap();
    let sent: BTreeSet<&String> = sent.as_object().unwrap().keys().collect();
    let described = told[event.name()]["properties"].as_object().unwrap();
    assert_eq!(described.keys().collect::<BTreeSet<_>>(), sent);
    assert!(told.values().all(|one| one["description"].is_string()));
}

/// What another program has to know to name itself, sign and enrol.
#[test]
fn forms_of_ids_keys_and_tokens_are_told() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let forms = ["ContentId", "FragmentHash", "Hashes", "OverlayId", "PeerId", "PeerKey", "UserId"];
    for name in forms {
        assert!(schemas[name]["description"].is_string(), "{name}");
    }
    let secret = &schemas["EnrollRequest"]["properties"]["secret"]["description"];
    assert!(secret.as_str().unwrap().contains("mp2p1."));
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
