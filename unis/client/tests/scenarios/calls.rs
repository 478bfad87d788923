//! One question, one answer, over real sockets (RFC 7285 §8.3, §8.5, §9.2, §11).

use std::io::Write;
use std::time::Duration;

use alto::address::TypedAddress;
use alto::cost::{CostType, Mode};
use alto::fault::Code;
use alto::media;
use alto::name::PropertyName;
use alto::request::{CostMapFilter, EndpointCostQuery, EndpointPropertyQuery, NetworkMapFilter};
use alto_client::{CallError, Client, ClientLimits, WalkLimits};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::origin::{Origin, Page, http};

/// After RFC 7285 §9.2.3, with relative URIs and one directory that delegates back.
const ROOT: &str = r#"{
  "meta": {
    "cost-types": {
      "num-routing": {"cost-mode": "numerical", "cost-metric": "routingcost"},
      "ord-routing": {"cost-mode": "ordinal", "cost-metric": "routingcost"}
    },
    "default-alto-network-map": "my-default-network-map"
  },
  "resources": {
    "my-default-network-map": {
      "uri": "networkmap", "media-type": "application/alto-networkmap+json"
    },
    "numerical-routing-cost-map": {
      "uri": "../costmap/num/routingcost?v=1", "media-type": "application/alto-costmap+json",
      "capabilities": {"cost-type-names": ["num-routing"]}, "uses": ["my-default-network-map"]
    },
    "delegated": {"uri": "/more/", "media-type": "application/alto-directory+json"}
  }
}"#;

/// After RFC 7285 §9.2.4.
const MORE: &str = r#"{
  "meta": {"cost-types": {"num": {"cost-mode": "numerical", "cost-metric": "routingcost"}}},
  "resources": {
    "back": {"uri": "/alto/directory", "media-type": "application/alto-directory+json"},
    "filtered-network-map": {
      "uri": "networkmap", "media-type": "application/alto-networkmap+json",
      "accepts": "application/alto-networkmapfilter+json", "uses": ["my-default-network-map"]
    },
    "filtered-cost-map": {
      "uri": "costmap", "media-type": "application/alto-costmap+json",
      "accepts": "application/alto-costmapfilter+json",
      "capabilities": {"cost-type-names": ["num"]}, "uses": ["my-default-network-map"]
    },
    "endpoint-cost": {
      "uri": "./endpointcost", "media-type": "application/alto-endpointcost+json",
      "accepts": "application/alto-endpointcostparams+json",
      "capabilities": {"cost-type-names": ["num"], "cost-constraints": true}
    },
    "endpoint-property": {
      "uri": "endpointprop", "media-type": "application/alto-endpointprop+json",
      "accepts": "application/alto-endpointpropparams+json",
      "capabilities": {"prop-types": ["my-default-network-map.pid", "priv:ietf-example"]}
    }
  }
}"#;

/// RFC 7285 §11.2.1.7.
const NETWORK_MAP: &str = r#"{
  "meta": {"vtag": {
    "resource-id": "my-default-network-map", "tag": "da65eca2eb7a10ce8b059740b0b2e3f8eb1d4785"}},
  "network-map": {
    "PID1": {"ipv4": ["192.0.2.0/24", "198.51.100.0/25"]},
    "PID2": {"ipv4": ["198.51.100.128/25"]},
    "PID3": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]}
  }
}"#;

async fn served() -> (Origin, Client) {
    let origin = Origin::start();
    origin.set("/alto/directory", Page::new(200, media::DIRECTORY, ROOT));
    origin.set("/more/", Page::new(200, media::DIRECTORY, MORE));
    origin.set("/alto/networkmap", Page::new(200, media::NETWORK_MAP, NETWORK_MAP));
    let client = Client::connect(&origin.url("/alto/directory"), http()).await.unwrap();
    (origin, client)
}

fn routingcost() -> CostType {
    CostType::new("routingcost", Mode::Numerical)
}

fn endpoint(text: &str) -> TypedAddress {
    TypedAddress::parse(text).unwrap()
}

#[tokio::test]
async fn c16_the_directories_are_walked_and_a_loop_ends() {
    let (origin, client) = served().await;
    assert_eq!(origin.paths(), ["/alto/directory", "/more/"]);
    let catalogue = client.catalogue();
    assert_eq!(catalogue.resources().len(), 6);
    assert_eq!(catalogue.default_network_map().unwrap().id, "my-default-network-map");
    let url = |id: &str| catalogue.resource(id).unwrap().url.to_string();
    let costmap = origin.url("/costmap/num/routingcost?v=1");
    assert_eq!(url("numerical-routing-cost-map"), costmap);
    assert_eq!(url("endpoint-cost"), origin.url("/more/endpointcost"));
}

#[tokio::test]
async fn maps_are_fetched_by_get_with_the_types_that_are_understood() {
    let (origin, client) = served().await;
    origin.seen();
    let map = client.network_map().await.unwrap();
    assert_eq!(map.map["PID2"]["ipv4"], ["198.51.100.128/25"]);
    let seen = origin.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/alto/networkmap"));
    let accept = "application/alto-networkmap+json, application/alto-error+json";
    assert_eq!(seen.headers["accept"], accept);
    assert_eq!(seen.headers["accept-encoding"], "gzip");
}

#[tokio::test]
async fn a2_a3_filters_are_posted_with_their_type() {
    let (origin, client) = served().await;
    origin.set("/more/networkmap", Page::new(200, media::NETWORK_MAP, NETWORK_MAP));
    origin.seen();
    let filter = NetworkMapFilter { pids: vec!["PID1".to_owned()], address_types: Vec::new() };
    client.filtered_network_map(&filter).await.unwrap();
    let seen = origin.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/more/networkmap"));
    assert_eq!(seen.headers["content-type"], media::NETWORK_MAP_FILTER);
    assert_eq!(seen.body, r#"{"pids":["PID1"]}"#);
}

/// RFC 7285 §11.5.1.7.
#[tokio::test]
async fn endpoint_costs_are_asked_for_and_read() {
    let (origin, client) = served().await;
    let answer = r#"{"meta": {"cost-type": {
        "cost-mode": "numerical", "cost-metric": "routingcost"}},
      "endpoint-cost-map": {"ipv4:192.0.2.2": {
        "ipv4:192.0.2.89": 1, "ipv4:198.51.100.34": 2, "ipv4:203.0.113.45": 3}}}"#;
    origin.set("/more/endpointcost", Page::new(200, media::ENDPOINT_COST, answer));
    let query = EndpointCostQuery {
        cost_type: routingcost(),
        constraints: None,
        srcs: vec![endpoint("ipv4:192.0.2.2")],
        dsts: vec![endpoint("ipv4:192.0.2.89"), endpoint("ipv4:198.51.100.34")],
    };
    let costs = client.endpoint_costs(&query).await.unwrap();
    assert_eq!(costs.map["ipv4:192.0.2.2"]["ipv4:198.51.100.34"], 2.0);
    let not_numbers = answer.replace("2,", "\"2\",");
    origin.set("/more/endpointcost", Page::new(200, media::ENDPOINT_COST, not_numbers));
    let e12 = client.endpoint_costs(&query).await.unwrap_err();
    assert!(matches!(e12, CallError::Document { .. }), "{e12}");
}

/// RFC 7285 §11.4.1.7.
#[tokio::test]
async fn h9_endpoint_properties_are_strings() {
    let (origin, client) = served().await;
    let answer = r#"{"meta": {"dependent-vtags": [{
        "resource-id": "my-default-network-map",
        "tag": "7915dc0290c2705481c491a2b4ffbec482b3cf62"}]},
      "endpoint-properties": {
        "ipv4:192.0.2.34": {"my-default-network-map.pid": "PID1", "priv:ietf-example": "1"},
        "ipv4:203.0.113.129": {"my-default-network-map.pid": "PID3"}}}"#;
    origin.set("/more/endpointprop", Page::new(200, media::ENDPOINT_PROPERTY, answer));
    let property = |name| PropertyName::parse(name).unwrap();
    let mut query = EndpointPropertyQuery {
        properties: vec![property("my-default-network-map.pid"), property("priv:ietf-example")],
        endpoints: vec![endpoint("ipv4:192.0.2.34"), endpoint("ipv4:203.0.113.129")],
    };
    let properties = client.endpoint_properties(&query).await.unwrap();
    assert_eq!(properties.map["ipv4:192.0.2.34"]["priv:ietf-example"], "1");
    let number = answer.replace("\"1\"", "1");
    origin.set("/more/endpointprop", Page::new(200, media::ENDPOINT_PROPERTY, number));
    assert!(client.endpoint_properties(&query).await.is_err());
    query.properties.push(property("priv:other"));
    let error = client.endpoint_properties(&query).await.unwrap_err();
    assert!(matches!(error, CallError::NotOffered(_)));
}

#[tokio::test]
async fn g3_constraints_are_not_sent_where_they_are_not_taken() {
    let (origin, client) = served().await;
    origin.seen();
    let (cost_type, constraints) = (routingcost(), Some(Vec::new()));
    let filter = CostMapFilter { cost_type, constraints, pids: None };
    let error = client.filtered_cost_map(&filter).await.unwrap_err();
    let expected =
        "the server offers no filtered cost map with constraints of numerical routingcost";
    assert_eq!(error.to_string(), expected);
    let error = client.cost_map("hopcount", Mode::Ordinal).await.unwrap_err();
    assert_eq!(error.to_string(), "the server offers no cost map of ordinal hopcount");
    assert!(origin.seen().is_empty());
}

/// RFC 7285 §8.5.2.
#[tokio::test]
async fn faults_are_passed_on_with_their_status() {
    let (origin, client) = served().await;
    let fault = r#"{"meta": {"code": "E_INVALID_FIELD_VALUE",
        "field": "cost-type/cost-mode", "value": "foo"}}"#;
    origin.set("/more/costmap", Page::new(400, media::ERROR, fault));
    let filter = CostMapFilter { cost_type: routingcost(), constraints: None, pids: None };
    match client.filtered_cost_map(&filter).await.unwrap_err() {
        CallError::Refused { status, fault, .. } => {
            assert_eq!((status.as_u16(), fault.code), (400, Code::InvalidFieldValue));
            assert_eq!(fault.field.as_deref(), Some("cost-type/cost-mode"));
        }
        other => panic!("{other}"),
    }
    origin.set("/more/costmap", Page::new(503, "text/plain", "busy").with("retry-after", "3"));
    let error = client.filtered_cost_map(&filter).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn a14_success_with_another_type_is_no_success() {
    let (origin, client) = served().await;
    origin.set("/alto/networkmap", Page::new(200, "application/json", NETWORK_MAP));
    let error = client.network_map().await.unwrap_err();
    assert!(matches!(&error, CallError::MediaType { got, .. } if got == "application/json"));
    origin.set("/alto/directory", Page::new(200, media::NETWORK_MAP, ROOT));
    assert!(Client::connect(&origin.url("/alto/directory"), http()).await.is_err());
}

#[tokio::test]
async fn packed_answers_are_unpacked_within_the_bound() {
    let (origin, _) = served().await;
    let pack = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let packed = encoder.finish().unwrap();
        Page::new(200, media::NETWORK_MAP, packed).with("content-encoding", "gzip")
    };
    let limits = ClientLimits { answer_bytes: 4096, ..ClientLimits::default() };
    let builder = Client::builder(&origin.url("/alto/directory"), http()).unwrap().limits(limits);
    let client = builder.connect().await.unwrap();
    origin.set("/alto/networkmap", pack(NETWORK_MAP));
    assert_eq!(client.network_map().await.unwrap().map.len(), 3);
    let bomb = pack(&format!("{NETWORK_MAP}{}", " ".repeat(100_000)));
    assert!(bomb.body.len() < 4096);
    let plain = Page::new(200, media::NETWORK_MAP, " ".repeat(4097));
    for large in [bomb, plain] {
        origin.set("/alto/networkmap", large);
        let error = client.network_map().await.unwrap_err();
        assert!(matches!(error, CallError::TooLarge { max_bytes: 4096, .. }), "{error}");
    }
}

#[tokio::test]
async fn directories_are_bounded_together() {
    let (origin, _) = served().await;
    let walk = WalkLimits { bytes: ROOT.len() + MORE.len() - 1, ..WalkLimits::default() };
    let limits = ClientLimits { walk, ..ClientLimits::default() };
    let builder = Client::builder(&origin.url("/alto/directory"), http()).unwrap().limits(limits);
    let client = builder.connect().await.unwrap();
    assert_eq!(client.catalogue().resources().len(), 2);
    assert_eq!(client.catalogue().skipped().len(), 1);
}

#[tokio::test]
async fn redirections_are_followed_but_not_in_circles() {
    let (origin, client) = served().await;
    let to = |status, place: &str| Page::new(status, "text/plain", "").with("location", place);
    origin.set("/alto/networkmap", to(307, "/moved/map"));
    origin.set("/moved/map", Page::new(200, media::NETWORK_MAP, NETWORK_MAP));
    assert_eq!(client.network_map().await.unwrap().map.len(), 3);
    // A7: a filtered map that can be cached.
    origin.set("/more/networkmap", to(303, "/moved/map"));
    origin.seen();
    client.filtered_network_map(&NetworkMapFilter::default()).await.unwrap();
    let methods: Vec<_> = origin.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["POST", "GET"]);
    origin.set("/moved/map", to(307, "map"));
    let error = client.network_map().await.unwrap_err();
    assert!(matches!(error, CallError::Redirect { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_says_nothing_is_an_error_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/directory", silent.local_addr().unwrap());
    let hasty = link::client::Client::builder().plaintext(true);
    let hasty = hasty.response_timeout(Duration::from_millis(50)).build();
    let error = Client::builder(&url, hasty).unwrap().connect().await.unwrap_err();
    assert!(matches!(error, CallError::Deadline { .. }), "{error}");
    drop(silent);
    let error = Client::builder(&url, http()).unwrap().connect().await.unwrap_err();
    assert!(matches!(error, CallError::Transport { .. }), "{error}");
}
