//! RFC 7285 §16: what an operator chooses and compares, row by row (J9 to J11).

use std::process::Command;

use serde_json::{Value, json};
use system_tests::http::{get, request};
use system_tests::maps::{Maps, cost_map};
use system_tests::resource::{COST, COST_MAP_FILTERED};
use system_tests::unis::Unis;
use system_tests::{curl, data};

const RANKS: &str = "cost-map-routingcost-ordinal";
const COSTS: &str = "cost-map-routingcost-numerical";

/// Sources raw or ready, the algorithm by settings, and who sees what. MI and RM are 10 apart by
/// IGP metric, 1 by
/// hops; the transit is twice the next power of two away, or not at all. Policies per partner: j2.
#[test]
fn j9_sources_algorithm_and_policy_are_the_operators_choice() {
    let cost = |unis: &Unis, from: &str, to: &str| {
        get(&unis.at(COSTS)).json()["cost-map"][from][to].take()
    };
    let raw = Unis::plain(&data::small(), &[]).unwrap();
    assert_eq!([cost(&raw, "MI", "RM"), cost(&raw, "RM", "as64510")], [json!(10), json!(42)]);
    let ready = Unis::plain(&data::rfc7285(), &[]).unwrap();
    assert_eq!(cost(&ready, "PID3", "PID1"), json!(20));
    let by_hops = ["--set", "routingcost.weight=hops", "--set", "routingcost.penalty.transit=0"];
    let chosen = Unis::plain(&data::small(), &by_hops).unwrap();
    assert_eq!([cost(&chosen, "MI", "RM"), cost(&chosen, "RM", "as64510")], [json!(1), json!(1)]);

    for (view, ranks, costs) in [("none", 403, 403), ("ordinal", 200, 404), ("full", 200, 200)] {
        let view = format!("public-view={view}");
        let unis = Unis::mutual(&data::small(), &["--set", &view]).unwrap();
        for (path, status) in [(RANKS, ranks), (COSTS, costs)] {
            let mut command = curl::with(&unis.pki("ca.pem"), None);
            let answer = curl::run(command.arg(unis.at(path))).unwrap();
            assert_eq!(answer.status, status, "{view} {path}");
        }
    }
}

/// Nobody is left without guidance for comparison: all clients are told the same.
#[test]
fn j10_every_client_gets_the_same_guidance() {
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    let query = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "endpoints": {
            "srcs": ["ipv4:131.173.161.65"],
            "dsts": ["ipv4:141.60.61.232", "ipv4:134.91.53.99"],
        },
    })
    .to_string();
    let (map, costs) = (get(&unis.at(RANKS)).body, COST.post(&unis, &query).body);
    for client in ["127.0.0.1", "127.0.0.2", "127.9.8.7", "127.255.255.254"] {
        let ask = || {
            let mut command = Command::new("curl");
            command.args(["--silent", "--include", "--http1.1", "--max-time", "30"]);
            command.args(["--interface", client]);
            command
        };
        let answer = curl::run(ask().arg(unis.at(RANKS))).unwrap();
        assert_eq!((answer.status, &answer.body), (200, &map), "{client}");
        let mut command = ask();
        command.args(["--header", &format!("Content-Type: {}", COST.accepts)]);
        let answer =
            curl::run(command.args(["--data-raw", &query]).arg(unis.at(COST.path))).unwrap();
        assert_eq!((answer.status, &answer.body), (200, &costs), "{client}");
    }
}

/// Two servers over the same files have the same entity tags; over different files exactly those
/// differ that must.
#[test]
fn j11_servers_of_the_same_maps_can_be_told_from_their_tags() {
    let maps = Maps::rfc7285().unwrap();
    let mut sources = maps.sources();
    let one = Unis::plain(&sources, &[]).unwrap();
    sources.reverse();
    let other = Unis::plain(&sources, &[]).unwrap();
    let changed = Maps::rfc7285().unwrap();
    let dearer = json!({"PID1": {"PID1": 1, "PID2": 6, "PID3": 10}});
    changed.put("cost-map.json", &cost_map("routingcost", "numerical", dearer)).unwrap();
    let apart = Unis::plain(&changed.sources(), &[]).unwrap();
    let etag = |unis: &Unis, path: &str| {
        let answer = request("HEAD", &unis.at(path)).send();
        answer.header("etag").map(str::to_owned)
    };
    for path in ["network-map", COSTS, RANKS] {
        assert!(etag(&one, path).is_some(), "{path}");
        assert_eq!(etag(&one, path), etag(&other, path), "{path}");
        assert_eq!(get(&one.at(path)).body, get(&other.at(path)).body, "{path}");
        assert_eq!(etag(&one, path) == etag(&apart, path), path == "network-map", "{path}");
    }
    let vtags = |unis: &Unis| -> Value {
        COST_MAP_FILTERED.post(unis, COST_MAP_FILTERED.query).json()["meta"]["dependent-vtags"]
            .take()
    };
    assert_eq!(vtags(&one), vtags(&other));
}
