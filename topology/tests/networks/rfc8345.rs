//! RFC 8345 and RFC 8346 documents, of our own and, where `MP2P_DATA` names a folder that has
//! them, those of others.

use std::path::PathBuf;

use serde_json::{Value, json};
use topology::{Network, Options, Source, code};

use crate::files::{Files, hopcount, node_of, noted, routingcost, warned, without_penalties};

const L3_TYPE: &str = "ietf-l3-unicast-topology:l3-unicast-topology";

fn document(networks: &Value) -> String {
    serde_json::to_string_pretty(&json!({"ietf-network:networks": {"network": networks}})).unwrap()
}

fn node(id: &str, name: &str, prefixes: &Value) -> Value {
    let attributes = json!({"name": name, "router-id": ["192.0.2.1"], "prefix": prefixes});
    json!({"node-id": id, "ietf-l3-unicast-topology:l3-node-attributes": attributes})
}

fn link(from: &str, to: &str, metrics: &Value) -> Value {
    json!({"link-id": format!("{from},{to}"),
        "source": {"source-node": from, "source-tp": "1"}, "destination": {"dest-node": to},
        "ietf-l3-unicast-topology:l3-link-attributes": metrics})
}

fn network(id: &str, nodes: &Value, links: &Value) -> Value {
    json!({"network-id": id, "network-types": {L3_TYPE: {}}, "node": nodes,
        "ietf-network-topology:link": links})
}

/// Two nodes with different metrics there and back, and prefixes on both.
fn pair() -> Value {
    let a = json!([{"prefix": "198.51.100.0/24", "metric": 5}, {"prefix": "192.0.2.0/24"}]);
    let b = json!([{"prefix": "198.51.100.0/24", "metric": 2}, {"prefix": "192.0.2.0/24",
        "metric": 9, "flag": []}, {"prefix": "192.168,10.0/24"}, {"prefix": "0.0.0.0/0"},
        {"prefix": "2001:db8::1/32"}]);
    let links = json!([
        link("a", "b", &json!({"metric1": "10", "metric2": 99})),
        link("b", "a", &json!({"metric2": 20}))
    ]);
    network("ip", &json!([node("a", "A", &a), node("b", "", &b)]), &links)
}

fn load(text: &str) -> Network {
    Files::new().with("rfc8345", "n.json", text).load(&without_penalties()).unwrap()
}

fn codes(network: &Network) -> Vec<&'static str> {
    warned(network).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn the_models_of_the_draft_are_read_too() {
    let node = |id: &str, name: &str, prefix: &str| {
        json!({"node-id": id, "igp-node-attributes": {"name": name,
            "prefix": [{"prefix": prefix, "metric": "10"}]}})
    };
    let link = |from: &str, to: &str, metric: &str| {
        json!({"link-id": from, "source": {"source-node": from}, "destination":
            {"dest-node": to}, "l3-unicast-igp-topology:igp-link-attributes": {"metric": metric}})
    };
    let topology = json!({"topology-id": "bgp-ls", "topology-types":
        {"odl-bgp-topology-types:bgp-linkstate-topology": null},
        "node": [node("bgpls://1", "A", "192.0.2.0/24"), node("bgpls://2", "B", "198.51.100.0/24")],
        "link": [link("bgpls://1", "bgpls://2", "10"), link("bgpls://2", "bgpls://1", "20")]});
    for document in [
        json!({"topology": topology}),
        json!({"network-topology:network-topology": {"topology": [topology,
            {"topology-id": "flow:1"}]}}),
    ] {
        let network = load(&document.to_string());
        assert_eq!(warned(&network), []);
        assert_eq!(routingcost(&network, "A", "B"), Some(10.0));
        assert_eq!(routingcost(&network, "B", "A"), Some(20.0));
        assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("B"));
    }
    let xml = Files::new().with("rfc8345", "n.xml", "<networks/>").refusal();
    assert_eq!(xml, "n.xml:1: is XML; write it as JSON (RFC 7951)");
}

#[test]
fn metrics_have_directions_and_the_lowest_prefix_metric_wins() {
    let network = load(&document(&json!([pair()])));
    assert_eq!(routingcost(&network, "A", "b"), Some(10.0));
    assert_eq!(routingcost(&network, "b", "A"), Some(20.0));
    assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("b"));
    // A metric that is missing is the highest.
    assert_eq!(node_of(&network, "192.0.2.1").as_deref(), Some("b"));
    assert_eq!(node_of(&network, "2001:db8::7").as_deref(), Some("b"));
    let expected = [
        code::SKIPPED_PREFIX,
        code::SKIPPED_PREFIX,
        code::HOST_BITS,
        code::DUPLICATE_PREFIX,
        code::DUPLICATE_PREFIX,
    ];
    assert_eq!(codes(&network), expected);
    assert!(network.warnings().iter().all(|warning| warning.line.is_some()));
    assert!(noted(&network, "skipped prefixes: 2"));
    assert!(noted(&network, "n.json: network `ip` of 1: nodes 2, links 2, prefixes 5"));
}

#[test]
fn equal_metrics_leave_a_prefix_to_the_lower_key() {
    let prefix = json!([{"prefix": "203.0.113.0/24", "metric": 0}]);
    let nodes = json!([node("1", "Z", &prefix), node("2", "M", &prefix)]);
    let links = json!([link("1", "2", &json!({})), link("2", "1", &json!({}))]);
    let network = load(&document(&json!([self::network("x", &nodes, &links)])));
    assert_eq!(node_of(&network, "203.0.113.1").as_deref(), Some("M"));
    assert_eq!(codes(&network), [code::DUPLICATE_PREFIX]);
}

#[test]
fn names_of_members_may_have_modules_or_not_and_envelopes_are_opened() {
    let expected = load(&document(&json!([pair()])));
    let bare = document(&json!([pair()]))
        .replace("ietf-network-topology:", "")
        .replace("ietf-l3-unicast-topology:", "")
        .replace("ietf-network:", "");
    let full = document(&json!([pair()]))
        .replace("\"network\"", "\"ietf-network:network\"")
        .replace("\"node\"", "\"ietf-network:node\"")
        .replace("\"source\"", "\"ietf-network-topology:source\"");
    let state = document(&json!([pair()]))
        .replace("ietf-network:", "ietf-network-state:")
        .replace("ietf-network-topology:", "ietf-network-topology-state:")
        .replace("ietf-l3-unicast-topology:l3-", "ietf-l3-unicast-topology-state:l3-");
    let alone = json!({"ietf-network:network": [pair()]}).to_string();
    let whole: Value = serde_json::from_str(&document(&json!([pair()]))).unwrap();
    let datastore = json!({"ietf-restconf:data": whole}).to_string();
    let instance = json!({"ietf-yang-instance-data:instance-data-set":
        {"name": "x", "content-data": whole}});
    for text in [bare, full, state, alone, datastore, instance.to_string()] {
        let network = load(&text);
        assert_eq!(network.snapshot().network_tag(), expected.snapshot().network_tag());
        assert_eq!(
            network.snapshot().cost_tag("routingcost"),
            expected.snapshot().cost_tag("routingcost")
        );
    }
}

#[test]
fn a_link_of_one_direction_is_one_and_said_to_be() {
    let nodes = json!([node("a", "", &json!([])), node("b", "", &json!(["192.0.2.0/24"]))]);
    let links = json!([link("a", "b", &json!({"metric1": 3})), {"link-id": "l"},
        link("a", "zz", &json!({}))]);
    let network = load(&document(&json!([self::network("x", &nodes, &links)])));
    assert_eq!(routingcost(&network, "a", "b"), Some(3.0));
    assert_eq!(routingcost(&network, "b", "a"), None);
    let expected =
        [code::DANGLING_LINK, code::ONE_WAY_LINK, code::DANGLING_LINK, code::UNREACHABLE_PAIRS];
    assert_eq!(codes(&network), expected);
}

#[test]
fn a_link_without_metric_costs_1_where_others_have_one() {
    let nodes = json!([node("a", "", &json!([])), node("b", "", &json!(["192.0.2.0/24"]))]);
    let links = json!([link("a", "b", &json!({"metric1": 3})), link("b", "a", &json!({}))]);
    let network = load(&document(&json!([self::network("x", &nodes, &links)])));
    assert_eq!(routingcost(&network, "b", "a"), Some(1.0));
    assert_eq!(codes(&network), [code::MISSING_IGP]);
}

#[test]
fn shared_names_take_node_ids_and_keep_their_prefixes() {
    let nodes = json!([
        node("r1", "process_1", &json!([{"prefix": "192.0.2.0/24"}])),
        node("r2", "process_1", &json!([{"prefix": "198.51.100.0/24"}]))
    ]);
    let links = json!([link("r1", "r2", &json!({})), link("r2", "r1", &json!({}))]);
    let network = load(&document(&json!([self::network("x", &nodes, &links)])));
    assert_eq!(node_of(&network, "198.51.100.1").as_deref(), Some("process_1#r2"));
    assert_eq!(codes(&network), [code::DUPLICATE_LABEL; 2]);
}

/// An overlay on an underlay (one by supporting-node, one by supporting-network), and layer 2.
fn layers() -> String {
    let over = |id: &str, nodes: Value| network(id, &nodes, &json!([]));
    let mut overlay = over(
        "bgp",
        json!([{"node-id": "o", "supporting-node":
        [{"network-ref": "ip", "node-ref": "a"}, {"network-ref": "bgp", "node-ref": "o"}]}]),
    );
    overlay["supporting-network"] = json!([{"network-ref": "l2"}]);
    let mut vpn = over("vpn#1", json!([{"node-id": "v"}]));
    vpn["supporting-network"] = json!({"network-ref": "ip"});
    let mut ip = pair();
    ip["supporting-network"] = json!([{"network-ref": "l2"}, {"network-ref": "ip"}]);
    let l2 = json!({"network-id": "l2", "network-types": {}, "node": [{"node-id": "s"}]});
    document(&json!([overlay, vpn, l2, ip]))
}

fn load_named(text: &str, id: &str) -> Result<Network, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("n.json");
    std::fs::write(&file, text).unwrap();
    let path = PathBuf::from(format!("{}#{id}", file.display()));
    let source = Source { format: "rfc8345".parse().unwrap(), path };
    assert_eq!(source.file(), file);
    let folder = format!("{}/", dir.path().display());
    topology::load(&[source], &Options::default(), &())
        .map_err(|error| error.to_string().replace(&folder, ""))
}

#[test]
fn the_network_at_the_bottom_is_read_or_the_one_that_is_named() {
    assert!(noted(&load(&layers()), "network `ip` of 4"));
    assert!(noted(&load_named(&layers(), "bgp").unwrap(), "network `bgp` of 4"));
    assert!(noted(&load_named(&layers(), "vpn#1").unwrap(), "network `vpn#1` of 4"));
    assert!(noted(&load_named(&layers(), "").unwrap(), "network `ip` of 4"));
    assert_eq!(
        load_named(&layers(), "l2").err().unwrap(),
        "n.json:1: network `l2` is not of type l3-unicast-topology; those that are: bgp, vpn#1, ip"
    );
    let message = load_named(&layers(), "IP").err().unwrap();
    assert!(message.contains("holds no network `IP`"), "{message}");
    let twins = document(&json!([
        network("a", &json!([]), &json!([])),
        network("b", &json!([]), &json!([]))
    ]));
    let message = load_named(&twins, "").err().unwrap();
    assert!(message.ends_with("name one as PATH#NETWORK-ID: a, b"), "{message}");
}

#[test]
fn a_number_sign_may_be_part_of_the_name_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a#b.json", "plain.json"] {
        std::fs::write(dir.path().join(name), layers()).unwrap();
    }
    let network = |name: &str| {
        let source = Source { format: "rfc8345".parse().unwrap(), path: dir.path().join(name) };
        topology::load(&[source], &Options::default(), &()).unwrap()
    };
    assert!(noted(&network("a#b.json"), "network `ip`"));
    assert!(noted(&network("a#b.json#bgp"), "network `bgp`"));
    assert!(noted(&network("plain.json#vpn#1"), "network `vpn#1`"));
}

#[test]
fn what_has_no_network_is_refused_with_its_line() {
    let refusal = |text: &str| Files::new().with("rfc8345", "n.json", text).refusal();
    assert!(refusal("{\n\"a\": 1,}").starts_with("n.json:2: is no JSON object"));
    assert!(refusal("[]").contains("`document` is []; expected an object"));
    assert!(refusal("{}").ends_with("has no member `ietf-network:networks`"));
    assert!(refusal("{\"networks\":\n[]}").starts_with("n.json:2: `networks` is []"));
    assert!(refusal("{\"networks\": {}}").contains("holds no network of type"));
    let networks = |networks: Value| refusal(&document(&networks));
    assert_eq!(networks(json!([{}])), "n.json:4: network has no `network-id`");
    let one = json!({"network-id": "x", "network-types": {L3_TYPE: {}}});
    assert!(networks(json!([one, one])).ends_with("network-id `x` occurs twice"));
    assert!(networks(json!([one])).contains("no graph has a node"));
    let with = |nodes: Value, links: Value| networks(json!([network("x", &nodes, &links)]));
    assert!(with(json!([{}]), json!([])).ends_with("node has no `node-id`"));
    assert!(with(json!(7), json!([])).ends_with("`node` is 7; expected a list"));
    let twice = json!([{"node-id": "a"}, {"node-id": "a"}]);
    assert!(with(twice, json!([])).contains("node id `a` is also that of line"));
    let negative = json!([link("a", "b", &json!({"metric1": -4}))]);
    assert!(with(json!([{"node-id": "a"}]), negative).contains("`metric1` is -4; expected"));
}

/// A document of others; `None`, and a line that says so, without the data.
fn of_others(name: &str, id: &str) -> Option<Network> {
    let Some(data) = std::env::var_os("MP2P_DATA") else {
        eprintln!("MP2P_DATA is not set: {name} is not tested");
        return None;
    };
    let mut path = PathBuf::from(data).join("rfc8345").join(name).into_os_string();
    path.push(id);
    let source = Source { format: "rfc8345".parse().unwrap(), path: path.into() };
    Some(topology::load(&[source], &without_penalties(), &()).unwrap())
}

#[test]
fn batfish_has_three_l3_layers_and_the_lowest_is_layer3() {
    let Some(network) = of_others("bf_l3s1.json", "") else { return };
    assert!(noted(&network, "network `layer3` of 5: nodes 9, links 20"));
    assert_eq!(hopcount(&network, "border01", "border21"), Some(3.0));
    // On border11 and core01 with the same metric: the lower key keeps it.
    assert_eq!(node_of(&network, "10.0.0.33").as_deref(), Some("core01"));
    assert_eq!(node_of(&network, "10.0.0.35").as_deref(), Some("border11"));
    assert!(codes(&network).iter().all(|code| *code == code::DUPLICATE_PREFIX));
    for (id, counts) in [("#bgp-proc", "nodes 9, links 18"), ("#ospf-proc", "nodes 5, links 12")] {
        let Some(network) = of_others("bf_l3s1.json", id) else { return };
        assert!(noted(&network, counts), "{id}");
    }
}

#[test]
fn a_document_made_by_hand_has_malformed_prefixes() {
    let Some(network) = of_others("target3.json", "") else { return };
    assert!(noted(&network, "network `target-L3` of 4: nodes 10, links 24"));
    let count = |code| codes(&network).iter().filter(|known| **known == code).count();
    // `192.168,10.0/24` is on six nodes.
    assert_eq!(count(code::SKIPPED_PREFIX), 6);
    assert_eq!(node_of(&network, "192.168.20.1").as_deref(), Some("GRT-vRT"));
    assert_eq!(hopcount(&network, "VM1", "SV2"), Some(4.0));
}
