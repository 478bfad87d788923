//! RFC 7285 §9: the information resource directory, row by row.

use std::collections::{BTreeMap, BTreeSet};

use alto::cost::CostType;
use serde_json::{Value, json};
use system_tests::data;
use system_tests::http::{exchange, get, post, request};
use system_tests::maps::{Maps, cost_map};
use system_tests::resource::{
    ASKED, COST_MAP, COST_MAP_FILTER, DIRECTORY, ENDPOINT_PROPERTY, NETWORK_MAP, NETWORK_MAP_FILTER,
};
use system_tests::unis::Unis;

fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// A server of two networks, and its settings: `north` of RFC 7285's examples, `south` of the
/// small inventory.
fn two_networks() -> anyhow::Result<(Unis, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("unis.toml");
    let network = |name: &str, sources: Vec<String>| {
        format!("[[network]]\nname = {name:?}\nsource = {sources:?}\n")
    };
    std::fs::write(&file, network("north", data::rfc7285()) + &network("south", data::small()))?;
    let unis = Unis::plain(&[], &["--config", &file.display().to_string()])?;
    Ok((unis, folder))
}

/// The entries of a server's directory.
fn entries(unis: &Unis) -> BTreeMap<String, Value> {
    let resources = get(&unis.url).json()["resources"].clone();
    serde_json::from_value(resources).unwrap_or_default()
}

/// Strings of an array; none where it is absent.
fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn text<'a>(entry: &'a Value, member: &str) -> &'a str {
    entry[member].as_str().unwrap_or_default()
}

fn is_fetched(entry: &Value) -> bool {
    text(entry, "accepts").is_empty()
}

fn network_maps(entries: &BTreeMap<String, Value>) -> Vec<&str> {
    let is_map = |entry: &Value| text(entry, "media-type") == NETWORK_MAP && is_fetched(entry);
    entries.iter().filter(|(_, entry)| is_map(entry)).map(|(id, _)| id.as_str()).collect()
}

#[test]
fn c1_one_directory_is_fetched_from_the_url_that_the_server_says() {
    let unis = server().unwrap();
    assert!(unis.url.ends_with("/directory"), "{}", unis.url);
    let answer = get(&unis.url);
    assert_eq!(answer.status, 200);
    assert!(answer.json()["resources"].is_object());
    assert!(
        entries(&unis).values().all(|entry| text(entry, "media-type") != DIRECTORY),
        "there is no other"
    );
}

#[test]
fn c2_the_directory_has_its_media_type() {
    let unis = server().unwrap();
    assert_eq!(get(&unis.url).header("content-type"), Some("application/alto-directory+json"));
}

#[test]
fn c3_the_default_network_map_is_one_that_is_listed() {
    let (unis, _folder) = two_networks().unwrap();
    let default = get(&unis.url).json()["meta"]["default-alto-network-map"].clone();
    assert_eq!(default, "north:network-map", "the first network of the settings");
    assert_eq!(network_maps(&entries(&unis)), ["north:network-map", "south:network-map"]);
}

#[test]
fn c4_every_name_of_a_cost_type_is_defined() {
    let (unis, _folder) = two_networks().unwrap();
    let cost_types = get(&unis.url).json()["meta"]["cost-types"].clone();
    let defined: BTreeSet<&str> =
        cost_types.as_object().unwrap().keys().map(String::as_str).collect();
    let entries = entries(&unis);
    let named =
        entries.values().flat_map(|entry| strings(&entry["capabilities"]["cost-type-names"]));
    assert_eq!(named.collect::<BTreeSet<_>>(), defined, "none is undefined, none without use");
    for (name, cost_type) in cost_types.as_object().unwrap() {
        assert!(["numerical", "ordinal"].contains(&text(cost_type, "cost-mode")), "{name}");
        assert!(["routingcost", "hopcount"].contains(&text(cost_type, "cost-metric")), "{name}");
    }
}

#[test]
fn c5_uris_are_relative_where_the_client_names_no_host() {
    let unis = server().unwrap();
    let bytes = "GET /directory HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n";
    let answers = exchange(unis.authority(), bytes, &["GET"]).unwrap();
    assert_eq!(answers[0].json()["resources"]["network-map"]["uri"], "/network-map");
}

#[test]
fn c7_what_accepts_nothing_is_fetched_by_get() {
    let (unis, _folder) = two_networks().unwrap();
    let entries = entries(&unis);
    let fetched: Vec<_> = entries.iter().filter(|(_, entry)| is_fetched(entry)).collect();
    // A network map and two modes of one metric; a network map and two modes of two metrics.
    assert_eq!(fetched.len(), 3 + 5);
    for (id, entry) in fetched {
        assert_eq!(get(text(entry, "uri")).status, 200, "{id}");
    }
}

#[test]
fn c8_what_accepts_a_type_is_asked_by_post_of_that_type() {
    let unis = server().unwrap();
    let entries = entries(&unis);
    let accepted: Vec<_> = entries.iter().filter(|(_, entry)| !is_fetched(entry)).collect();
    assert_eq!(accepted.len(), ASKED.len());
    for (id, entry) in accepted {
        let accepts = text(entry, "accepts");
        let asked = ASKED.into_iter().find(|asked| asked.accepts == accepts).unwrap();
        assert_eq!(post(text(entry, "uri"), accepts, asked.query).status, 200, "{id}");
    }
}

#[test]
fn c9_a_uri_with_one_entry_takes_one_of_get_and_post() {
    let unis = server().unwrap();
    let entries = entries(&unis);
    let uris: BTreeSet<&str> = entries.values().map(|entry| text(entry, "uri")).collect();
    assert_eq!(uris.len(), entries.len(), "each entry has a URI of its own");
    for (id, entry) in &entries {
        let other = if is_fetched(entry) { "POST" } else { "GET" };
        assert_eq!(request(other, text(entry, "uri")).send().status, 405, "{id}");
    }
}

#[test]
fn c10_options_says_which_methods_there_are() {
    let unis = server().unwrap();
    assert_eq!(request("OPTIONS", &unis.url).send().header("allow"), Some("GET, HEAD, OPTIONS"));
    for (id, entry) in entries(&unis) {
        let answer = request("OPTIONS", text(&entry, "uri")).send();
        let allow = if is_fetched(&entry) { "GET, HEAD, OPTIONS" } else { "POST, OPTIONS" };
        assert_eq!((answer.status, answer.header("allow")), (204, Some(allow)), "{id}");
    }
}

#[test]
fn c11_uses_names_the_network_map_of_costs_and_filters_in_the_same_directory() {
    let (unis, _folder) = two_networks().unwrap();
    let entries = entries(&unis);
    for (id, entry) in &entries {
        let network = id.split(':').next().unwrap();
        let map = format!("{network}:network-map");
        let rests = [COST_MAP, NETWORK_MAP].contains(&text(entry, "media-type")) && *id != map;
        let expected = if rests { vec![map.as_str()] } else { Vec::new() };
        assert_eq!(strings(&entry["uses"]), expected, "{id}");
        assert!(strings(&entry["uses"]).iter().all(|used| entries.contains_key(*used)), "{id}");
    }
}

#[test]
fn c12_an_id_is_one_resource_in_all_that_a_client_sees() {
    let (unis, _folder) = two_networks().unwrap();
    let body = String::from_utf8(get(&unis.url).body).unwrap();
    let entries = entries(&unis);
    // Seven resources of one network, nine of the other, which has hops as well.
    assert_eq!(entries.len(), 7 + 9);
    for id in entries.keys() {
        assert_eq!(body.matches(&format!("{id:?}:{{")).count(), 1, "{id}");
    }
}

#[test]
fn c13_ids_stay_when_the_data_change() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let before = (entries(&unis), get(&unis.at("network-map")).json());
    let vtag = before.1["meta"]["vtag"].clone();
    let pids = json!({"PID1": {"ipv4": ["0.0.0.0/0"]}, "PID9": {"ipv6": ["::/0"]}});
    maps.put("network-map.json", &json!({"meta": {"vtag": vtag}, "network-map": pids})).unwrap();
    maps.put("cost-map.json", &cost_map("routingcost", "numerical", json!({"PID1": {"PID9": 2}})))
        .unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("map reloaded").unwrap();
    assert_ne!(get(&unis.at("network-map")).json()["meta"]["vtag"]["tag"], vtag["tag"]);
    assert_eq!(entries(&unis), before.0);
}

/// An id says what the resource is, so that it cannot come to mean another.
#[test]
fn c14_an_id_that_goes_away_is_not_given_to_another_resource() {
    let hops = cost_map("hopcount", "numerical", json!({"PID1": {"PID2": 1}}));
    let routing = cost_map("routingcost", "numerical", json!({"PID1": {"PID2": 9}}));
    let pids = json!({"PID1": {"ipv4": ["0.0.0.0/0"]}, "PID2": {"ipv4": ["192.0.2.0/24"]}});
    let network = system_tests::maps::network_map(pids);
    let maps =
        Maps::of(&[("network.json", network), ("a.json", hops), ("b.json", routing)]).unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let before = entries(&unis);
    let other = cost_map("priv:load", "numerical", json!({"PID1": {"PID2": 5}}));
    maps.put("a.json", &other).unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("map reloaded").unwrap();
    let after = entries(&unis);
    assert!(before.contains_key("cost-map-hopcount-numerical"));
    assert!(!after.contains_key("cost-map-hopcount-numerical"));
    assert_eq!(get(&unis.at("cost-map-hopcount-numerical")).status, 404);
    for id in before.keys().filter(|id| after.contains_key(*id) && is_fetched(&before[*id])) {
        assert_eq!(before[id], after[id], "{id}");
    }
}

#[test]
fn c15_ids_are_64_characters_of_a_small_alphabet() {
    let folder = tempfile::tempdir().unwrap();
    // As long as a metric may be (§10.6).
    let metric = format!("priv:{}", "m".repeat(27));
    let maps = Maps::of(&[
        ("network.json", system_tests::maps::network_map(json!({"P": {"ipv4": ["0.0.0.0/0"]}}))),
        ("costs.json", cost_map(&metric, "numerical", json!({"P": {"P": 1}}))),
    ])
    .unwrap();
    for length in [1, 12, 16, 32] {
        let file = folder.path().join(format!("{length}.toml"));
        let network =
            |name: &str| format!("[[network]]\nname = {name:?}\nsource = {:?}\n", maps.sources());
        let both = network(&"n".repeat(length)) + &network(&"o".repeat(length));
        std::fs::write(&file, both).unwrap();
        let unis = Unis::plain(&[], &["--config", &file.display().to_string()]).unwrap();
        for id in entries(&unis).keys() {
            assert!((1..=64).contains(&id.len()), "{} characters: {id}", id.len());
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "-:@_".contains(c)), "{id}");
        }
    }
}

/// This server offers both filters.
#[test]
fn c17_both_filters_are_listed() {
    let unis = server().unwrap();
    let entries = entries(&unis);
    for (media_type, accepts) in [(NETWORK_MAP, NETWORK_MAP_FILTER), (COST_MAP, COST_MAP_FILTER)] {
        let filters = |entry: &&Value| {
            text(entry, "media-type") == media_type && text(entry, "accepts") == accepts
        };
        assert_eq!(entries.values().filter(filters).count(), 1, "{accepts}");
    }
}

#[test]
fn c18_the_directory_keeps_to_the_members_of_the_rfc() {
    let unis = server().unwrap();
    let known = ["uri", "media-type", "accepts", "capabilities", "uses"];
    for (id, entry) in entries(&unis) {
        let members = entry.as_object().unwrap().keys();
        assert!(
            members.into_iter().all(|member| known.contains(&member.as_str())),
            "{id}: {entry}"
        );
    }
}

#[test]
fn c19_the_pid_of_every_network_map_can_be_looked_up() {
    let (unis, _folder) = two_networks().unwrap();
    let entries = entries(&unis);
    let expected: Vec<String> =
        network_maps(&entries).iter().map(|id| format!("{id}.pid")).collect();
    let services = entries.values().filter(|entry| text(entry, "media-type") == ENDPOINT_PROPERTY);
    for entry in services {
        assert_eq!(strings(&entry["capabilities"]["prop-types"]), expected);
        let query = json!({"properties": expected, "endpoints": ["ipv4:192.0.2.1"]});
        let answer = post(text(entry, "uri"), text(entry, "accepts"), query.to_string()).json();
        let pids = json!({"north:network-map.pid": "PID1", "south:network-map.pid": "MI"});
        assert_eq!(answer["endpoint-properties"]["ipv4:192.0.2.1"], pids);
    }
}

#[test]
fn c20_every_network_has_a_cost_map_of_routingcost() {
    let (unis, _folder) = two_networks().unwrap();
    let cost_types: BTreeMap<String, CostType> =
        serde_json::from_value(get(&unis.url).json()["meta"]["cost-types"].clone()).unwrap();
    let entries = entries(&unis);
    for map in network_maps(&entries) {
        let routing = entries.values().filter(|entry| {
            let names = strings(&entry["capabilities"]["cost-type-names"]);
            let of_routing = names.iter().any(|name| cost_types[*name].metric == "routingcost");
            text(entry, "media-type") == COST_MAP
                && is_fetched(entry)
                && strings(&entry["uses"]) == [map]
                && of_routing
        });
        assert_eq!(routing.count(), 2, "{map}: numerical and ordinal");
    }
}

#[test]
fn c21_there_is_a_network_map() {
    let unis = server().unwrap();
    assert_eq!(network_maps(&entries(&unis)), ["network-map"]);
    assert!(!get(&unis.at("network-map")).json()["network-map"].as_object().unwrap().is_empty());
}

#[test]
fn c22_every_uri_answers_with_the_type_that_the_directory_says() {
    let (unis, _folder) = two_networks().unwrap();
    for (id, entry) in entries(&unis) {
        let (uri, accepts) = (text(&entry, "uri"), text(&entry, "accepts"));
        let answer = match ASKED.iter().find(|asked| asked.accepts == accepts) {
            None => get(uri),
            // `network-map.pid` carries the network's name among several.
            Some(asked) => {
                post(uri, accepts, asked.query.replace("network-map.pid", "south:network-map.pid"))
            }
        };
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, entry["media-type"].as_str()),
            "{id}"
        );
    }
}
