//! Ready ALTO maps.

use netmap::Pid;
use topology::{Kind, Network, Options, code};

use crate::files::{Files, warned};

const VTAG: &str = r#"{"resource-id": "m", "tag": "t1"}"#;

fn network_map(pids: &str) -> String {
    format!("{{\"meta\": {{\"vtag\": {VTAG}}},\n\"network-map\": {{{pids}}}}}")
}

fn cost_map(metric: &str, mode: &str, costs: &str) -> String {
    format!(
        "{{\"meta\": {{\"dependent-vtags\": [{VTAG}], \"cost-type\": {{\"cost-metric\": \
         \"{metric}\", \"cost-mode\": \"{mode}\"}}}},\n\"cost-map\": {{{costs}}}}}"
    )
}

const PIDS: &str = r#""one": {"ipv4": ["192.0.2.0/24"]},
    "rest": {"ipv4": ["0.0.0.0/1", "128.0.0.0/1"], "ipv6": ["::/0"]}"#;
const COSTS: &str = r#""one": {"one": 1, "rest": 5.5}, "rest": {"rest": 0}"#;

fn files(pids: &str) -> Files {
    Files::new().with("alto", "network.json", network_map(pids))
}

fn value(network: &Network, metric: &str, from: &str, to: &str) -> Option<f64> {
    let pid = |name| network.snapshot().pids().find(name).unwrap();
    let matrix = network.snapshot().matrix(metric)?;
    matrix.cost(pid(from), pid(to)).map(|cost| cost.value())
}

#[test]
fn maps_are_taken_as_they_are() {
    let network = files(PIDS)
        .with("alto", "cost.json", cost_map("routingcost", "numerical", COSTS))
        .with("alto", "hops.json", cost_map("hopcount", "numerical", r#""one": {"rest": 2}"#))
        .network();
    assert_eq!(warned(&network), []);
    let names: Vec<&str> = network.pids().iter().map(|entry| entry.pid.as_str()).collect();
    assert_eq!(names, ["one", "rest"]);
    assert_eq!(network.pids()[1].prefixes, 3);
    assert_eq!((network.pids()[0].kind, &network.pids()[0].node), (Kind::Internal, &None));
    assert_eq!(value(&network, "routingcost", "one", "rest"), Some(5.5));
    assert_eq!(value(&network, "routingcost", "one", "one"), Some(1.0));
    assert_eq!(value(&network, "routingcost", "rest", "one"), None);
    assert_eq!(value(&network, "hopcount", "one", "rest"), Some(2.0));
    assert_eq!(network.snapshot().pid_of("192.0.2.1".parse().unwrap()), Some(Pid::new(0)));
    let path = network.explain("routingcost", Pid::new(0), Pid::new(1)).unwrap();
    assert_eq!((path.steps.len(), path.total.value()), (0, 5.5));
}

#[test]
fn numerical_costs_stand_over_ranks_and_ranks_alone_are_costs() {
    let ranks = r#""one": {"rest": 9}"#;
    let network = files(PIDS)
        .with("alto", "ranks.json", cost_map("routingcost", "ordinal", ranks))
        .with("alto", "cost.json", cost_map("routingcost", "numerical", COSTS))
        .network();
    assert_eq!(warned(&network), []);
    assert_eq!(value(&network, "routingcost", "one", "rest"), Some(5.5));
    let network =
        files(PIDS).with("alto", "ranks.json", cost_map("routingcost", "ordinal", ranks)).network();
    assert_eq!(warned(&network), [(code::ORDINAL_ONLY, None)]);
    assert_eq!(value(&network, "routingcost", "one", "rest"), Some(9.0));
}

#[test]
fn no_routingcost_is_warned_about() {
    let network = files(PIDS).network();
    assert_eq!(warned(&network), [(code::NO_ROUTINGCOST, None)]);
    assert_eq!(network.snapshot().matrix("routingcost").unwrap().pairs(), 0);
}

#[test]
fn repairs_and_other_versions_are_warned_about() {
    let pids = r#""one": {"ipv4": ["192.0.2.9/24"],
        "priv:mac": ["x"]}, "rest": {"ipv4": ["0.0.0.0/0"]}"#;
    let costs = cost_map("routingcost", "numerical", COSTS).replace("\"t1\"", "\"t2\"");
    let network = files(pids).with("alto", "cost.json", costs).network();
    let expected = [
        (code::HOST_BITS, Some(2)),
        (code::SKIPPED_ADDRESS_TYPE, Some(3)),
        (code::VTAG_MISMATCH, None),
    ];
    assert_eq!(warned(&network), expected);
}

#[test]
fn an_ipv4_prefix_in_ipv6_form_stays_and_is_warned_about() {
    let pids = "\"one\": {\"ipv6\": [\"::ffff:192.0.2.0/120\"]},\n\
                \"rest\": {\"ipv4\": [\"0.0.0.0/0\"], \"ipv6\": [\"::/0\", \"::fffe:0:0/96\"]}";
    let costs = cost_map("routingcost", "numerical", COSTS);
    let network = files(pids).with("alto", "cost.json", costs).network();
    assert_eq!(warned(&network), [(code::MAPPED_PREFIX, Some(2))]);
    let message = &network.warnings()[0].message;
    let expected = "PID `one`: `::ffff:192.0.2.0/120` matches no address, as `::ffff:a.b.c.d` \
                    counts as IPv4; put `192.0.2.0/24` under `ipv4`";
    assert_eq!(message, expected);
    assert_eq!(network.pids()[0].prefixes, 1);
    for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
        assert_eq!(network.snapshot().pid_of(address.parse().unwrap()), Some(Pid::new(1)));
    }
}

#[test]
fn what_rfc_7285_forbids_is_refused() {
    let refusal = |pids: &str| files(pids).refusal();
    assert_eq!(
        refusal("\"a\": {\"ipv4\": [\"0.0.0.0/0\"]},\n\"b\": {\"ipv4\": [\"0.0.0.0/0\"]}"),
        "network.json:3: 0.0.0.0/0 is both in PID `a` and in PID `b` (RFC 7285 §11.2.2)"
    );
    assert!(
        refusal(r#""a": {"ipv4": ["0.0.0.0/1"]}"#).contains("IPv4 addresses from 128.0.0.0 on")
    );
    assert!(refusal(r#""a": {"ipv6": ["::/1"]}"#).contains("IPv6 addresses from 8000:: on"));
    assert!(refusal(r#""a": {"ipv4": ["0.0.0.0/0", "0.0.0.0/0"]}"#).contains("in PID `a` twice"));
    assert!(refusal(r#""a": {"ipv4": ["::/0"]}"#).contains("not of the address type `ipv4`"));
    assert!(refusal(r#""a": {"ipv4": ["0/0"]}"#).contains("PID `a`: `0/0` is no prefix"));
    assert!(refusal(r#""a.b": {}"#).starts_with("network.json:2: `a.b` is no PID name"));
    assert!(refusal(r#""a": {}, "a": {}"#).starts_with("network.json:2: is no ALTO map"));
    assert!(
        files("").with("alto", "other.json", network_map("")).refusal().contains("second network")
    );
    let costs = cost_map("routingcost", "numerical", COSTS);
    let only = Files::new().with("alto", "cost.json", &costs).refusal();
    assert!(only.contains("no network map"), "{only}");
    let twice = files(PIDS).with("alto", "a.json", &costs).with("alto", "b.json", &costs).refusal();
    assert!(twice.starts_with("b.json: a second cost map of metric `routingcost`"), "{twice}");
    let cost = |costs: &str| {
        let map = cost_map("routingcost", "numerical", costs);
        files(PIDS).with("alto", "cost.json", map).refusal()
    };
    assert!(cost(r#""one": {"two": 1}"#).starts_with("cost.json:2: cost of PID `two`, which"));
    assert!(cost(r#""one": {"rest": -1}"#).contains("from `one` to `rest`: cost -1 is negative"));
    assert!(cost(r#""one": {"rest": "1"}"#).starts_with("cost.json:2: is no ALTO map"));
    assert!(Files::new().with("alto", "x.json", "{}").refusal().contains("has neither"));
    assert!(
        Files::new().with("alto", "x.json", "{").refusal().contains("x.json:1: is no ALTO map")
    );
}

#[test]
fn options_about_graphs_leave_ready_maps_alone() {
    let files = files(PIDS).with("alto", "c.json", cost_map("routingcost", "numerical", COSTS));
    let options = Options { default_pid_cost: Some(7.0), ..Options::default() };
    let network = files.load(&options).unwrap();
    let plain = files.network();
    assert_eq!(
        network.snapshot().cost_tag("routingcost"),
        plain.snapshot().cost_tag("routingcost")
    );
}
