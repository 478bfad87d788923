//! RFC 7285 §9 from the client's side: what it makes of directories, row by row.

use alto::cost::Mode;
use alto::request::NetworkMapFilter;
use alto_client::{CallError, Client, ConnectError};
use serde_json::json;
use system_tests::canned::{Canned, Server};
use system_tests::resource::{COST_MAP, DIRECTORY, NETWORK_MAP, NETWORK_MAP_FILTER};

/// §11.2.1.7, cut short.
const MAP: &str =
    r#"{"meta":{"vtag":{"resource-id":"m","tag":"1"}},"network-map":{"P":{"ipv4":["0.0.0.0/0"]}}}"#;

async fn client(url: &str) -> Result<Client, ConnectError> {
    let http = link::client::Client::builder().plaintext(true).build();
    Client::connect(url, http).await
}

/// RFC 3986 §5.4.1 has these references and what they resolve to.
#[tokio::test]
async fn c5_relative_uris_are_resolved_against_the_directory() {
    for (uri, path) in [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("/g", "/g"),
        ("../g", "/b/g"),
        ("../../g", "/g"),
        ("?y", "/b/c/d?y"),
    ] {
        let entry = json!({"uri": uri, "media-type": NETWORK_MAP});
        let root = json!({"meta": {"default-alto-network-map": "m"}, "resources": {"m": entry}});
        let answers =
            vec![("/b/c/d", Canned::ok(DIRECTORY, root)), (path, Canned::ok(NETWORK_MAP, MAP))];
        let canned = Server::start(answers).unwrap();
        client(&canned.at("/b/c/d")).await.unwrap().network_map().await.unwrap();
        assert!(canned.requests()[1].starts_with(&format!("get {path} http/1.1")), "{uri}");
    }
}

#[tokio::test]
async fn c6_absent_accepts_is_empty_and_absent_capabilities_are_none() {
    for entry in [
        json!({"uri": "/m", "media-type": NETWORK_MAP}),
        json!({"uri": "/m", "media-type": NETWORK_MAP, "accepts": "", "capabilities": {}}),
    ] {
        let costs = json!({"uri": "/c", "media-type": COST_MAP, "uses": ["m"]});
        let resources = json!({"m": entry, "c": costs});
        let meta = json!({"default-alto-network-map": "m"});
        let root = json!({"meta": meta, "resources": resources});
        let answers =
            vec![("/d", Canned::ok(DIRECTORY, root)), ("/m", Canned::ok(NETWORK_MAP, MAP))];
        let canned = Server::start(answers).unwrap();
        let client = client(&canned.at("/d")).await.unwrap();
        client.network_map().await.unwrap();
        assert!(canned.requests()[1].starts_with("get /m "));
        let error = client.cost_map("routingcost", Mode::Numerical).await.unwrap_err();
        assert!(matches!(error, CallError::NotOffered(_)), "no capability, no cost type: {error}");
        let cost_constraints = client.catalogue().resource("c").unwrap().cost_constraints;
        assert!(!cost_constraints);
    }
}

#[tokio::test]
async fn c12_a_second_resource_of_an_id_is_not_taken_for_the_first() {
    let more = json!({"uri": "/more", "media-type": DIRECTORY});
    let first = json!({"m": {"uri": "/m", "media-type": NETWORK_MAP}, "more": more});
    let second = json!({"m": {"uri": "/other", "media-type": NETWORK_MAP}});
    let answers = vec![
        (
            "/d",
            Canned::ok(
                DIRECTORY,
                json!({"meta": {"default-alto-network-map": "m"}, "resources": first}),
            ),
        ),
        ("/more", Canned::ok(DIRECTORY, json!({"meta": {}, "resources": second}))),
    ];
    let canned = Server::start(answers).unwrap();
    let client = client(&canned.at("/d")).await.unwrap();
    assert_eq!(client.catalogue().resource("m").unwrap().url.to_string(), canned.at("/m"));
    assert_eq!(client.catalogue().skipped()[0].id, "m");
}

#[tokio::test]
async fn c16_a_client_walks_delegated_directories_and_stops_in_a_circle() {
    let back = json!({"uri": "/d", "media-type": DIRECTORY});
    let more = json!({"uri": "/maps", "media-type": DIRECTORY});
    let root =
        json!({"m": {"uri": "/m", "media-type": NETWORK_MAP}, "custom-maps-resources": more});
    let entry = json!({
        "uri": "/filter", "media-type": NETWORK_MAP, "accepts": NETWORK_MAP_FILTER, "uses": ["m"],
    });
    let answers = vec![
        (
            "/d",
            Canned::ok(
                DIRECTORY,
                json!({"meta": {"default-alto-network-map": "m"}, "resources": root}),
            ),
        ),
        (
            "/maps",
            Canned::ok(
                DIRECTORY,
                json!({"meta": {}, "resources": {"back": back, "filter": entry}}),
            ),
        ),
        ("/filter", Canned::ok(NETWORK_MAP, MAP)),
    ];
    let canned = Server::start(answers).unwrap();
    let client = client(&canned.at("/d")).await.unwrap();
    let ids: Vec<&str> =
        client.catalogue().resources().map(|resource| resource.id.as_str()).collect();
    assert_eq!(ids, ["filter", "m"]);
    let directories = canned.requests().len();
    assert_eq!(directories, 2, "each directory is fetched once");
    let filter = NetworkMapFilter { pids: vec!["P".to_owned()], address_types: Vec::new() };
    client.filtered_network_map(&filter).await.unwrap();
}

#[tokio::test]
async fn c17_a_filter_that_is_not_listed_is_not_asked_for() {
    let root = json!({"m": {"uri": "/m", "media-type": NETWORK_MAP}});
    let root = json!({"meta": {"default-alto-network-map": "m"}, "resources": root});
    let canned = Server::start(vec![("/d", Canned::ok(DIRECTORY, root))]).unwrap();
    let client = client(&canned.at("/d")).await.unwrap();
    let filter = NetworkMapFilter { pids: Vec::new(), address_types: Vec::new() };
    let error = client.filtered_network_map(&filter).await.unwrap_err();
    assert!(matches!(error, CallError::NotOffered(_)), "{error}");
    assert_eq!(canned.requests().len(), 1, "what is not offered is not asked for");
}

#[tokio::test]
async fn c18_what_the_rfc_does_not_know_is_not_in_the_way() {
    let root = json!({
        "x": [], "meta": {
            "default-alto-network-map": "m", "priv:x": 1,
            "cost-types": {"new": {"cost-mode": "array", "cost-metric": "ane-path", "x": {}}},
        },
        "resources": {
            "m": {"uri": "/m", "media-type": NETWORK_MAP, "capabilities": {"x": {}}, "x": 1},
            "stream": {"uri": "/s", "media-type": "text/event-stream", "accepts": "a/x+json"},
        },
    });
    let canned = Server::start(vec![
        ("/d", Canned::ok(DIRECTORY, root)),
        ("/m", Canned::ok(NETWORK_MAP, MAP)),
    ]);
    client(&canned.unwrap().at("/d")).await.unwrap().network_map().await.unwrap();
}
