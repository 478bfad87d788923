//! Answers of servers and files of operators: RFC 7285 §9.2, §11.2 to §11.5.

#![allow(clippy::unwrap_used, reason = "a fixture that does not hold fails its test")]

use alto::cost::{CostType, Mode};
use alto::endpoint_cost::EndpointCostMap;
use alto::endpoint_property::EndpointProperties;
use alto::{cost_map, directory, network_map};

/// §9.2.3, without the comma too many after the endpoint property's capabilities.
const DIRECTORY: &str = include_str!("rfc7285/directory.json");

/// §11.2.1.7.
const NETWORK_MAP: &str = include_str!("rfc7285/network-map.json");

/// §11.2.3.7.
const COST_MAP: &str = include_str!("rfc7285/cost-map.json");

/// §11.4.1.7, the answer.
const ENDPOINT_PROPERTIES: &str = include_str!("rfc7285/endpoint-properties.json");

/// §11.5.1.7, the answer.
const ENDPOINT_COSTS: &str = include_str!("rfc7285/endpoint-costs.json");

/// What is written must be what was read, whatever the order of members and blanks.
fn assert_writes_back<T: serde::Serialize>(value: &T, original: &str) {
    let original: serde_json::Value = serde_json::from_str(original).unwrap();
    let written = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), original);
}

#[test]
fn c2_the_directory_example_is_read_and_written() {
    let read = directory::parse(DIRECTORY).unwrap();
    assert_eq!(read.meta.default_network_map.as_deref(), Some("my-default-network-map"));
    let mut described = CostType::new("routingcost", Mode::Numerical);
    described.description = Some("My default".to_owned());
    assert_eq!(read.meta.cost_types["num-routing"], described);
    assert_eq!(read.resources.len(), 6);
    let map = &read.resources["numerical-routing-cost-map"];
    assert_eq!(map.capabilities.cost_type_names, ["num-routing"]);
    assert_eq!(map.uses, ["my-default-network-map"]);
    let costs = &read.resources["endpoint-cost"];
    assert_eq!(costs.accepts.as_deref(), Some(alto::media::ENDPOINT_COST_PARAMS));
    assert!(costs.capabilities.cost_constraints);
    assert_writes_back(&read, DIRECTORY);
}

#[test]
fn c6_absent_or_empty_accepts_and_capabilities_are_the_same() {
    let entry = |more: &str| {
        let text = format!(r#"{{"resources": {{"a": {{"uri": "u", "media-type": "m"{more}}}}}}}"#);
        directory::parse(&text).unwrap().resources["a"].clone()
    };
    let bare = entry("");
    assert!(bare.accepts.is_none() && bare.capabilities.is_empty() && bare.uses.is_empty());
    assert_eq!(entry(r#", "accepts": "", "capabilities": {}, "uses": []"#), bare);
}

#[test]
fn c12_an_id_may_not_appear_twice() {
    let text = r#"{"resources": {"a": {"uri": "u", "media-type": "m"},
                                 "a": {"uri": "v", "media-type": "m"}}}"#;
    let error = directory::parse(text).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (2, r#"duplicate member "a""#));
}

#[test]
fn what_extensions_add_to_a_directory_is_ignored() {
    let text = r#"{"meta": {"x": 1, "cost-types": {
            "path": {"cost-metric": "ane-path", "cost-mode": "array"},
            "hop": {"cost-metric": "hopcount", "cost-mode": "ordinal", "cost-context": {}}}},
        "resources": {"p": {"uri": "p", "media-type": "application/alto-propmap+json",
            "capabilities": {"mappings": {"ipv4": ["pid"]}}, "y": null}}, "z": []}"#;
    let read = directory::parse(text).unwrap();
    assert_eq!(read.meta.cost_types.into_keys().collect::<Vec<_>>(), ["hop"]);
    assert!(read.resources["p"].capabilities.is_empty());
}

#[test]
fn d2_the_network_map_example_is_read_and_written() {
    let read = network_map::parse(NETWORK_MAP).unwrap();
    assert_eq!(read.meta.vtag.resource_id, "my-default-network-map");
    assert_eq!(read.meta.vtag.tag, "da65eca2eb7a10ce8b059740b0b2e3f8eb1d4785");
    assert_eq!(read.map["PID1"]["ipv4"], ["192.0.2.0/24", "198.51.100.0/25"]);
    assert_eq!(read.map["PID3"]["ipv6"], ["::/0"]);
    assert_writes_back(&read, NETWORK_MAP);
}

#[test]
fn e9_e15_the_cost_map_example_is_read_and_written() {
    let read = cost_map::parse(COST_MAP).unwrap();
    assert_eq!(read.meta.dependent_vtags.len(), 1);
    assert_eq!(read.meta.cost_type, CostType::new("routingcost", Mode::Numerical));
    assert_eq!(read.map["PID1"]["PID3"], 10.0);
    assert_eq!(read.map["PID3"]["PID1"], 20.0);
    assert_eq!(read.map["PID3"].get("PID3"), None);
    assert_writes_back(&read, COST_MAP);
}

#[test]
fn e12_a_cost_that_is_no_number_has_its_line() {
    let text = COST_MAP.replace("\"PID3\": 15", "\"PID3\": \"15\"");
    let error = cost_map::parse(&text).unwrap_err();
    let line = 1 + text.lines().position(|line| line.contains("\"15\"")).unwrap();
    assert_eq!(error.line, line);
    assert_eq!(error.message, "invalid type: string \"15\", expected f64");
}

#[test]
fn a_pair_that_appears_twice_has_its_line() {
    let text = COST_MAP.replace("\"PID3\": 15", "\"PID1\": 15");
    let error = cost_map::parse(&text).unwrap_err();
    let line = 1 + text.lines().position(|line| line.contains("\"PID1\": 15")).unwrap();
    assert_eq!((error.line, error.message.as_str()), (line, "duplicate member \"PID1\""));
    assert!(error.to_string().starts_with(&format!("line {line}, column ")));
}

#[test]
fn what_is_no_document_is_refused() {
    for bad in ["", "{}", "[]", &NETWORK_MAP[..99], &format!("{NETWORK_MAP} x")] {
        assert!(network_map::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn h8_h9_the_endpoint_property_example_is_read_and_written() {
    let read: EndpointProperties = serde_json::from_str(ENDPOINT_PROPERTIES).unwrap();
    assert_eq!(read.map["ipv4:192.0.2.34"]["my-default-network-map.pid"], "PID1");
    assert_eq!(read.map["ipv4:203.0.113.129"].len(), 1);
    assert_writes_back(&read, ENDPOINT_PROPERTIES);
    let number = ENDPOINT_PROPERTIES.replace("\"1\"", "1");
    assert!(serde_json::from_str::<EndpointProperties>(&number).is_err());
}

#[test]
fn i9_i11_the_endpoint_cost_example_is_read_and_written() {
    let read: EndpointCostMap = serde_json::from_str(ENDPOINT_COSTS).unwrap();
    assert_eq!(read.meta.cost_type, CostType::new("routingcost", Mode::Ordinal));
    assert_eq!(read.map["ipv4:192.0.2.2"]["ipv4:203.0.113.45"], 3.0);
    assert_writes_back(&read, ENDPOINT_COSTS);
}
