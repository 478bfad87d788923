//! RFC 7285 §7 and §11.4: the endpoint property service, row by row.

use alto::address::TypedAddress;
use alto::name::PropertyName;
use alto::request::EndpointPropertyQuery;
use alto_client::{CallError, Client};
use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::data;
use system_tests::http::{Answer, get, post};
use system_tests::maps::{Maps, cost_map, network_map};
use system_tests::resource::{
    DIRECTORY, ENDPOINT_PROPERTY, ENDPOINT_PROPERTY_PARAMS, NETWORK_MAP, PROPERTY,
};
use system_tests::scan::{Scan, germany50_peers, typed};
use system_tests::unis::Unis;
use tempfile::TempDir;

/// The network of the RFC's examples.
fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// Two networks: `rfc`, of the RFC's examples, and `old`, which knows IPv4 only. Its files live as
/// long as the first value.
fn two_networks() -> anyhow::Result<((Maps, TempDir), Unis)> {
    let network = json!({"here": {"ipv4": ["192.0.2.0/25"]}, "there": {"ipv4": ["0.0.0.0/0"]}});
    let costs = json!({"here": {"here": 0, "there": 1}, "there": {"here": 1}});
    let old = Maps::of(&[
        ("map.json", network_map(network)),
        ("costs.json", cost_map("routingcost", "numerical", costs)),
    ])?;
    let settings = format!(
        "[[network]]\nname = \"rfc\"\nsource = {:?}\n[[network]]\nname = \"old\"\nsource = {:?}\n",
        data::rfc7285(),
        old.sources(),
    );
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("unis.toml");
    std::fs::write(&path, settings)?;
    let unis = Unis::plain(&[], &["--config", &path.to_string_lossy()])?;
    Ok(((old, folder), unis))
}

/// The URL of a resource, as the directory says.
fn uri(unis: &Unis, id: &str) -> String {
    get(&unis.url).json()["resources"][id]["uri"].as_str().unwrap_or_default().to_owned()
}

fn ask(unis: &Unis, properties: &Value, endpoints: &Value) -> Answer {
    let query = json!({"properties": properties, "endpoints": endpoints});
    PROPERTY.post(unis, query.to_string())
}

/// The PIDs of endpoints in the one network map of a server.
fn pids(unis: &Unis, endpoints: &Value) -> Value {
    let answer = ask(unis, &json!(["network-map.pid"]), endpoints);
    assert_eq!(answer.status, 200, "{endpoints}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["endpoint-properties"].take()
}

fn pid(name: &str) -> Value {
    json!({"network-map.pid": name})
}

#[test]
fn h1_the_pid_is_a_property_in_every_network_map() {
    let unis = server().unwrap();
    let entry = get(&unis.url).json()["resources"]["endpoint-property"].take();
    assert_eq!(entry["capabilities"], json!({"prop-types": ["network-map.pid"]}));

    let (_files, unis) = two_networks().unwrap();
    let resources = get(&unis.url).json()["resources"].take();
    let maps = resources.as_object().unwrap().iter();
    let maps =
        maps.filter(|(_, entry)| entry["media-type"] == NETWORK_MAP && entry["accepts"].is_null());
    let mut expected: Vec<String> = maps.map(|(id, _)| format!("{id}.pid")).collect();
    expected.sort();
    assert_eq!(expected, ["old:network-map.pid", "rfc:network-map.pid"]);
    for id in ["rfc:endpoint-property", "old:endpoint-property"] {
        let types = resources[id]["capabilities"]["prop-types"].as_array().unwrap();
        let mut types: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
        types.sort_unstable();
        assert_eq!(types, expected, "{id}");
    }
}

/// The RFC's own example asks for a property of a map that is called otherwise (§11.4.1.7).
#[test]
fn h2_a_property_has_to_be_on_offer() {
    let unis = server().unwrap();
    let endpoints = json!(["ipv4:192.0.2.34"]);
    for property in [
        "priv:ietf-example-prop",
        "my-default-networkmap.pid",
        "network-map.asn",
        "cost-map-filtered.pid",
    ] {
        let expected = json!([400, "E_INVALID_FIELD_VALUE", "properties", property]);
        let alone = ask(&unis, &json!([property]), &endpoints);
        assert_eq!(alone.error(), expected);
        let behind = ask(&unis, &json!(["network-map.pid", property]), &endpoints);
        assert_eq!(behind.error(), expected);
    }
}

/// As bytes: a member given twice would be lost on the way through a JSON reader.
#[test]
fn h3_a_property_given_twice_counts_once() {
    let unis = server().unwrap();
    let endpoints = json!(["ipv4:192.0.2.34"]);
    let once = ask(&unis, &json!(["network-map.pid"]), &endpoints);
    let twice = ask(&unis, &json!(["network-map.pid", "network-map.pid"]), &endpoints);
    assert_eq!((once.status, twice.status), (200, 200));
    assert_eq!(once.body, twice.body);
}

#[test]
fn h4_an_endpoint_given_twice_counts_once_by_its_first_text() {
    let unis = server().unwrap();
    let properties = json!(["network-map.pid"]);
    for (once, again) in [
        ("ipv4:192.0.2.34", "ipv4:192.0.2.34"),
        ("ipv6:2001:db8::1", "ipv6:2001:DB8:0::1"),
        ("ipv6:2001:DB8:0:0:0:0:0:1", "ipv6:2001:db8::1"),
        ("ipv4:192.0.2.34", "ipv6:::ffff:192.0.2.34"),
        ("ipv6:::ffff:c000:0222", "ipv4:192.0.2.34"),
    ] {
        let other = "ipv4:198.51.100.130";
        let short = ask(&unis, &properties, &json!([once, other]));
        let long = ask(&unis, &properties, &json!([once, other, again, other]));
        assert_eq!((short.status, long.status), (200, 200), "{once} {again}");
        assert_eq!(short.body, long.body, "{once} {again}");
    }
}

#[test]
fn h5_both_lists_hold_something() {
    let unis = server().unwrap();
    let (properties, endpoints) = (json!(["network-map.pid"]), json!(["ipv4:192.0.2.34"]));
    for (asked, of, field) in
        [(&json!([]), &endpoints, "properties"), (&properties, &json!([]), "endpoints")]
    {
        let error = ask(&unis, asked, of).error();
        assert_eq!(error, json!([400, "E_INVALID_FIELD_VALUE", field, "[]"]));
    }
    for (query, field) in [
        (json!({"endpoints": endpoints}), "properties"),
        (json!({"properties": properties}), "endpoints"),
    ] {
        let error = PROPERTY.post(&unis, query.to_string()).error();
        assert_eq!(error, json!([400, "E_MISSING_FIELD", field, null]));
    }
}

/// Only properties of maps are on offer here, so there is always a map to depend on.
#[test]
fn h6_it_depends_on_every_map_whose_pid_is_asked_for() {
    let (_files, unis) = two_networks().unwrap();
    let vtag = |id: &str| get(&uri(&unis, id)).json()["meta"]["vtag"].take();
    let (rfc, old) = (vtag("rfc:network-map"), vtag("old:network-map"));
    assert_ne!(rfc, old);
    let service = uri(&unis, "rfc:endpoint-property");
    for (properties, expected) in [
        (json!(["rfc:network-map.pid"]), json!([rfc])),
        (json!(["old:network-map.pid"]), json!([old])),
        (json!(["rfc:network-map.pid", "old:network-map.pid"]), json!([rfc, old])),
    ] {
        let query = json!({"properties": properties, "endpoints": ["ipv4:192.0.2.1"]});
        let answer = post(&service, ENDPOINT_PROPERTY_PARAMS, query.to_string()).json();
        assert_eq!(answer["meta"], json!({"dependent-vtags": expected}), "{properties}");
    }
}

/// An IPv6 address has no place in a map that holds IPv4 only.
#[test]
fn h7_every_endpoint_has_a_member_though_nothing_be_known() {
    let (_files, unis) = two_networks().unwrap();
    let query = json!({
        "properties": ["old:network-map.pid"],
        "endpoints": ["ipv6:2001:db8::1", "ipv4:192.0.2.1", "ipv6:::1"],
    });
    let service = uri(&unis, "old:endpoint-property");
    let answer = post(&service, ENDPOINT_PROPERTY_PARAMS, query.to_string());
    let expected = json!({
        "ipv6:2001:db8::1": {},
        "ipv4:192.0.2.1": {"old:network-map.pid": "here"},
        "ipv6:::1": {},
    });
    assert_eq!((answer.status, &answer.json()["endpoint-properties"]), (200, &expected));
}

#[test]
fn h8_an_undefined_value_is_left_out_for_that_endpoint_alone() {
    let (_files, unis) = two_networks().unwrap();
    let query = json!({
        "properties": ["old:network-map.pid", "rfc:network-map.pid"],
        "endpoints": ["ipv6:2001:db8::1", "ipv4:192.0.2.200"],
    });
    let service = uri(&unis, "rfc:endpoint-property");
    let answer = post(&service, ENDPOINT_PROPERTY_PARAMS, query.to_string()).json();
    let expected = json!({
        "ipv6:2001:db8::1": {"rfc:network-map.pid": "PID3"},
        "ipv4:192.0.2.200": {"old:network-map.pid": "there", "rfc:network-map.pid": "PID1"},
    });
    assert_eq!(answer["endpoint-properties"], expected);
}

#[tokio::test]
async fn h9_values_are_strings_and_the_client_takes_nothing_else() {
    let unis = server().unwrap();
    let answer = pids(&unis, &json!(["ipv4:192.0.2.34", "ipv6:::1"]));
    for (endpoint, properties) in answer.as_object().unwrap() {
        assert!(properties["network-map.pid"].is_string(), "{endpoint}: {properties}");
    }

    let root = json!({
        "meta": {"default-alto-network-map": "m"},
        "resources": {
            "m": {"uri": "/map", "media-type": NETWORK_MAP},
            "p": {
                "uri": "/properties", "media-type": ENDPOINT_PROPERTY,
                "accepts": ENDPOINT_PROPERTY_PARAMS, "capabilities": {"prop-types": ["m.pid"]},
            },
        },
    });
    let properties = vec![PropertyName::parse("m.pid").unwrap()];
    let endpoints = vec![TypedAddress::parse("ipv4:192.0.2.34").unwrap()];
    let query = EndpointPropertyQuery { properties, endpoints };
    for (value, taken) in
        [(json!("1"), true), (json!(1), false), (json!(null), false), (json!(["1"]), false)]
    {
        let vtag = json!({"resource-id": "m", "tag": "1"});
        let body = json!({
            "meta": {"dependent-vtags": [vtag]},
            "endpoint-properties": {"ipv4:192.0.2.34": {"m.pid": value}},
        });
        let answers = vec![
            ("/root", Canned::ok(DIRECTORY, &root)),
            ("/properties", Canned::ok(ENDPOINT_PROPERTY, body)),
        ];
        let canned = Server::start(answers).unwrap();
        let http = link::client::Client::builder().plaintext(true).build();
        let client = Client::connect(&canned.at("/root"), http).await.unwrap();
        match client.endpoint_properties(&query).await {
            Ok(_) => assert!(taken, "{value}"),
            Err(error) => {
                assert!(matches!(error, CallError::Document { .. }) && !taken, "{value}: {error}");
            }
        }
    }
}

#[test]
fn h10_an_endpoint_is_called_as_the_client_wrote_it() {
    let unis = server().unwrap();
    let texts = [
        "ipv6:2001:DB8:0::1",
        "ipv6:2001:0db8:0000:0000:0000:0000:0000:0002",
        "ipv6:::ffff:198.51.100.130",
        "ipv4:192.0.2.34",
    ];
    let answer = pids(&unis, &json!(texts));
    let expected: Value =
        texts.into_iter().zip(["PID3", "PID3", "PID2", "PID1"].map(pid)).collect();
    assert_eq!(answer, expected);
}

/// Against a look at every prefix, and against where the makers of the swarm put it.
#[test]
fn h11_the_pid_is_that_of_the_longest_prefix() {
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    let scan = Scan::of(&get(&unis.at("network-map")).json()["network-map"]);
    let peers = germany50_peers();
    assert_eq!(peers.len(), 2000);
    let endpoints: Vec<String> = peers.iter().map(|(address, _)| typed(*address)).collect();
    let answer = pids(&unis, &json!(endpoints));
    for (endpoint, (address, pop)) in endpoints.iter().zip(&peers) {
        let found = answer[endpoint]["network-map.pid"].as_str();
        assert_eq!(found, scan.pid_of(*address), "{endpoint}");
        assert_eq!(found, Some(pop.as_str()), "{endpoint}");
    }
    let strangers = json!(["ipv4:198.51.100.1", "ipv6:2001:db8::1", "ipv4:255.255.255.255"]);
    for (endpoint, property) in pids(&unis, &strangers).as_object().unwrap() {
        assert_eq!(*property, pid("default"), "{endpoint}");
    }
}

#[test]
fn h12_a_text_that_is_no_address_is_an_invalid_value() {
    let unis = server().unwrap();
    let properties = json!(["network-map.pid"]);
    for bad in [
        "ipv4:300.1.1.1",
        "ipv4:1.2.3",
        "ipv4:01.2.3.4",
        "ipv4:1.2.3.4 ",
        "ipv4:2001:db8::1",
        "ipv6:1.2.3.4",
        "ipv6:2001:db8:::1",
        "ipv6:fe80::1%eth0",
        "ipv5:1",
        "mac48:00-00-5e-00-53-00",
        "1.2.3.4",
        "2001:db8::1",
        "ipv4:",
        "",
    ] {
        let answer = ask(&unis, &properties, &json!(["ipv4:192.0.2.34", bad]));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", "endpoints", bad]));
    }
    let number = ask(&unis, &properties, &json!([4]));
    assert_eq!(number.error(), json!([400, "E_INVALID_FIELD_VALUE", "endpoints", "4"]));
    let text = ask(&unis, &properties, &json!("ipv4:192.0.2.34"));
    assert_eq!(text.error(), json!([400, "E_INVALID_FIELD_TYPE", "endpoints", null]));
}

/// §10.8.1: `pid` belongs to a map.
#[test]
fn h13_a_pid_of_no_map_is_an_invalid_value() {
    let unis = server().unwrap();
    for bare in ["pid", ".pid", "network-map.", "network-map", "network-map.pid.pid", "PID", ""] {
        let answer = ask(&unis, &json!([bare]), &json!(["ipv4:192.0.2.34"]));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", "properties", bare]));
    }
}
