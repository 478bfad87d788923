//! RFC 7285 §16: what an operator measures, chooses and compares, row by row (J8 to J11).

use std::process::Command;

use serde_json::{Value, json};
use system_tests::http::{get, request};
use system_tests::maps::{Maps, cost_map};
use system_tests::resource::{COST, COST_MAP_FILTERED, NETWORK_MAP_FILTERED};
use system_tests::unis::Unis;
use system_tests::{curl, data};

const RANKS: &str = "cost-map-routingcost-ordinal";
const COSTS: &str = "cost-map-routingcost-numerical";

/// The lines of `/metrics`.
fn metrics(unis: &Unis) -> Vec<String> {
    let answer = get(&format!("{}/metrics", unis.admin));
    String::from_utf8_lossy(&answer.body).lines().map(str::to_owned).collect()
}

fn has(metrics: &[String], sample: &str) -> bool {
    metrics.iter().any(|line| line == sample)
}

#[test]
fn j8_requests_answers_and_maps_are_counted() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &[]).unwrap();
    let mut map_bytes = 0;
    for _ in 0..3 {
        map_bytes += get(&unis.at("network-map")).body.len();
    }
    let query = r#"{"pids":["PID1"]}"#;
    let filtered = NETWORK_MAP_FILTERED.post(&unis, query);
    let refused = NETWORK_MAP_FILTERED.post(&unis, "{}");
    assert_eq!((filtered.status, refused.status), (200, 400));
    let answered = filtered.body.len() + refused.body.len();
    let metrics = metrics(&unis);
    for sample in [
        "unis_requests_total{service=\"network-map\",status=\"200\"} 3".to_owned(),
        format!("unis_response_bytes_total{{service=\"network-map\"}} {map_bytes}"),
        "unis_requests_total{service=\"network-map-filtered\",status=\"200\"} 1".to_owned(),
        "unis_requests_total{service=\"network-map-filtered\",status=\"400\"} 1".to_owned(),
        format!(
            "unis_request_bytes_total{{service=\"network-map-filtered\"}} {}",
            query.len() + "{}".len()
        ),
        format!("unis_response_bytes_total{{service=\"network-map-filtered\"}} {answered}"),
        "unis_reloads_total 0".to_owned(),
        "unis_pids{network=\"network-map\"} 3".to_owned(),
        "unis_prefixes{network=\"network-map\"} 5".to_owned(),
        "unis_cost_pairs{network=\"network-map\"} 8".to_owned(),
    ] {
        assert!(has(&metrics, &sample), "no {sample} in {metrics:#?}");
    }
}

#[test]
fn j8_map_updates_are_counted() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "reload-poll-seconds=0"]).unwrap();
    let costs = json!({"PID1": {"PID2": 7}});
    maps.put("cost-map.json", &cost_map("routingcost", "numerical", costs)).unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("map reloaded").unwrap();
    maps.put("cost-map.json", &json!("no map")).unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("reload refused").unwrap();
    let metrics = metrics(&unis);
    for sample in [
        "unis_reloads_total 1",
        "unis_reloads_failed_total 1",
        "unis_pids{network=\"network-map\"} 3",
        "unis_cost_pairs{network=\"network-map\"} 1",
    ] {
        assert!(has(&metrics, sample), "no {sample} in {metrics:#?}");
    }
}

/// A collector refuses the whole page if a name stands twice.
#[test]
fn j8_every_metric_is_described_once() {
    let unis = Unis::plain(&data::rfc7285(), &[]).unwrap();
    assert_eq!(get(&unis.url).status, 200);
    let metrics = metrics(&unis);
    let mut names: Vec<&str> =
        metrics.iter().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let described = names.len();
    assert!(described > 10, "{names:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), described, "{metrics:#?}");
    assert_eq!(metrics.last().map(String::as_str), Some("# EOF"));
}

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
