//! RFC 7285 §6 and §11.2.3: cost maps, row by row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use alto::cost::Mode;
use alto_client::{CallError, Client};
use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::data;
use system_tests::http::{get, post};
use system_tests::maps::{Maps, cost_map, network_map};
use system_tests::resource::{COST, COST_MAP, COST_MAP_FILTERED, DIRECTORY, NETWORK_MAP};
use system_tests::unis::Unis;

const NUMERICAL: &str = "cost-map-routingcost-numerical";
const ORDINAL: &str = "cost-map-routingcost-ordinal";

/// `cost[from][to]`.
type Costs = BTreeMap<String, BTreeMap<String, f64>>;

fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

fn germany50() -> anyhow::Result<Unis> {
    Unis::plain(&data::germany50(), &[])
}

/// The costs of a cost map; a cost that is no number empties it.
fn costs(answer: &Value) -> Costs {
    serde_json::from_value(answer["cost-map"].clone()).unwrap_or_default()
}

fn of_pair(costs: &Costs) -> BTreeMap<(&str, &str), f64> {
    let pairs = costs.iter().flat_map(|(from, row)| {
        row.iter().map(move |(to, cost)| ((from.as_str(), to.as_str()), *cost))
    });
    pairs.collect()
}

/// GET cost maps of the directory: id and entry.
fn cost_maps(unis: &Unis) -> Vec<(String, Value)> {
    let resources = get(&unis.url).json()["resources"].as_object().cloned().unwrap_or_default();
    let is_map = |entry: &Value| entry["media-type"] == COST_MAP && entry.get("accepts").is_none();
    resources.into_iter().filter(|(_, entry)| is_map(entry)).collect()
}

#[test]
fn e1_a_cost_type_of_a_network_map_has_one_cost_map() {
    let unis = germany50().unwrap();
    let maps = cost_maps(&unis);
    let keys: BTreeSet<String> = maps
        .iter()
        .map(|(_, entry)| format!("{} {}", entry["capabilities"]["cost-type-names"], entry["uses"]))
        .collect();
    assert_eq!((maps.len(), keys.len()), (4, 4));
    let costs = |cost: u32| cost_map("routingcost", "numerical", json!({"P": {"P": cost}}));
    let network = network_map(json!({"P": {"ipv4": ["0.0.0.0/0"]}}));
    let twice =
        Maps::of(&[("n.json", network), ("a.json", costs(1)), ("b.json", costs(2))]).unwrap();
    let verdict = twice.check().unwrap();
    let error = verdict.report["error"].as_str().unwrap();
    assert!(verdict.exit == 2 && error.contains("b.json") && error.contains("a.json"), "{error}");
}

#[test]
fn e2_routingcost_is_offered_even_where_the_sources_have_no_costs() {
    let maps = Maps::network(json!({"P": {"ipv4": ["0.0.0.0/0"]}})).unwrap();
    for unis in [server(), germany50(), Unis::plain(&maps.sources(), &[])] {
        let unis = unis.unwrap();
        let cost_types = get(&unis.url).json()["meta"]["cost-types"].clone();
        let named = cost_types.as_object().unwrap().values();
        assert!(named.into_iter().any(|cost_type| cost_type["cost-metric"] == "routingcost"));
        assert_eq!(get(&unis.at(NUMERICAL)).status, 200);
    }
}

#[test]
fn e3_every_metric_comes_in_both_modes() {
    let unis = germany50().unwrap();
    let cost_types = get(&unis.url).json()["meta"]["cost-types"].clone();
    let mut modes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for cost_type in cost_types.as_object().unwrap().values() {
        let text = |member: &str| cost_type[member].as_str().unwrap();
        modes.entry(text("cost-metric")).or_default().insert(text("cost-mode"));
    }
    let both = BTreeSet::from(["numerical", "ordinal"]);
    assert_eq!(modes, BTreeMap::from([("hopcount", both.clone()), ("routingcost", both)]));
}

#[test]
fn e4_numerical_costs_are_numbers() {
    let expected = json!({
        "PID1": {"PID1": 1, "PID2": 5, "PID3": 10},
        "PID2": {"PID1": 5, "PID2": 1, "PID3": 15},
        "PID3": {"PID1": 20, "PID2": 15},
    });
    assert_eq!(get(&server().unwrap().at(NUMERICAL)).json()["cost-map"], expected, "§11.2.3.7");
    let unis = germany50().unwrap();
    let answer = get(&unis.at(NUMERICAL)).json();
    let all = answer["cost-map"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|row| row.as_object().unwrap().values());
    let numbers: Vec<f64> = all.map(|cost| cost.as_f64().unwrap()).collect();
    assert!(numbers.iter().all(|cost| cost.is_finite() && *cost >= 0.0));
    assert!(numbers.iter().any(|cost| cost.fract() != 0.0), "kilometres are no integers");
}

#[test]
fn e5_ordinal_costs_are_non_negative_integers_and_equal_costs_tie() {
    for unis in [server().unwrap(), germany50().unwrap()] {
        let answer = get(&unis.at(ORDINAL)).json();
        let rows = answer["cost-map"].as_object().unwrap().values();
        assert!(rows.flat_map(|row| row.as_object().unwrap().values()).all(Value::is_u64));
    }
    let ranks = costs(&get(&server().unwrap().at(ORDINAL)).json());
    assert_eq!(ranks["PID1"]["PID1"], ranks["PID2"]["PID2"], "both cost 1");
    assert_eq!(ranks["PID2"]["PID3"], ranks["PID3"]["PID2"], "both cost 15");
    assert!(ranks["PID1"]["PID1"] < ranks["PID1"]["PID3"], "1 is preferred to 10");
}

/// Ranks need not be contiguous, so those of the whole map order the pairs of any part of it.
#[test]
fn e6_ordinal_costs_order_the_pairs_of_the_same_answer() {
    let unis = germany50().unwrap();
    let ask = |mode: &str, pids: &Value| {
        let cost_type = json!({"cost-metric": "routingcost", "cost-mode": mode});
        COST_MAP_FILTERED
            .post(&unis, json!({"cost-type": cost_type, "pids": pids}).to_string())
            .json()
    };
    for pids in [
        json!({"srcs": ["Berlin"], "dsts": []}),
        json!({"srcs": [], "dsts": ["Hamburg", "as3320"]}),
        json!({"srcs": ["Berlin", "Norden", "as1299"], "dsts": ["Ulm", "Koeln", "as12816"]}),
    ] {
        same_order(&costs(&ask("numerical", &pids)), &costs(&ask("ordinal", &pids)));
    }
}

/// Both have the same pairs, in the same order of preference, with the same ties.
fn same_order(numerical: &Costs, ordinal: &Costs) {
    let (numbers, ranks) = (of_pair(numerical), of_pair(ordinal));
    assert!(numbers.len() >= 9 && numbers.keys().eq(ranks.keys()));
    let mut pairs: Vec<(f64, f64)> =
        numbers.iter().map(|(pair, cost)| (*cost, ranks[pair])).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for pair in pairs.windows(2) {
        let (before, after) = (pair[0], pair[1]);
        assert_eq!(before.0 < after.0, before.1 < after.1, "{before:?} {after:?}");
    }
}

#[test]
fn e7_a_whole_cost_map_has_one_cost_type() {
    for (id, entry) in cost_maps(&germany50().unwrap()) {
        assert_eq!(
            entry["capabilities"]["cost-type-names"].as_array().map(Vec::len),
            Some(1),
            "{id}"
        );
    }
}

#[test]
fn e8_a_cost_map_depends_on_the_version_of_its_network_map() {
    let unis = germany50().unwrap();
    let vtag = get(&unis.at("network-map")).json()["meta"]["vtag"].clone();
    for (id, entry) in cost_maps(&unis) {
        let answer = get(entry["uri"].as_str().unwrap()).json();
        assert_eq!(answer["meta"]["dependent-vtags"], json!([vtag]), "{id}");
        assert_eq!(entry["uses"], json!([vtag["resource-id"]]), "{id}");
    }
}

#[test]
fn e9_a_cost_map_says_its_cost_type() {
    let unis = germany50().unwrap();
    let cost_types = get(&unis.url).json()["meta"]["cost-types"].clone();
    for (id, entry) in cost_maps(&unis) {
        let name = entry["capabilities"]["cost-type-names"][0].as_str().unwrap();
        let answer = get(entry["uri"].as_str().unwrap()).json();
        assert_eq!(answer["meta"]["cost-type"], cost_types[name], "{id}");
        assert!(answer["meta"]["cost-type"]["cost-mode"].is_string(), "{id}");
    }
}

#[test]
fn e10_every_defined_pair_is_there() {
    let unis = germany50().unwrap();
    let network = get(&unis.at("network-map")).json()["network-map"].clone();
    let pids: Vec<&String> =
        network.as_object().unwrap().keys().filter(|pid| *pid != "default").collect();
    assert_eq!(pids.len(), 61);
    for (id, entry) in cost_maps(&unis) {
        let costs = costs(&get(entry["uri"].as_str().unwrap()).json());
        for from in &pids {
            assert!(costs[*from].keys().eq(pids.iter().copied()), "{id}: from {from}");
        }
        assert_eq!(costs.len(), pids.len(), "{id}");
    }
}

#[test]
fn e11_what_has_no_cost_is_left_out() {
    let unis = server().unwrap();
    for path in [NUMERICAL, ORDINAL] {
        let answer = get(&unis.at(path));
        assert!(!String::from_utf8_lossy(&answer.body).contains("null"), "{path}");
        let row = answer.json()["cost-map"]["PID3"].clone();
        assert_eq!(row.as_object().unwrap().keys().collect::<Vec<_>>(), ["PID1", "PID2"], "{path}");
    }
    let costs_of = |more: &[&str]| {
        let unis = Unis::plain(&data::small(), more).unwrap();
        costs(&get(&unis.at(NUMERICAL)).json())
    };
    let without = costs_of(&[]);
    assert!(
        !without.contains_key("default")
            && without.values().all(|row| !row.contains_key("default"))
    );
    let with = costs_of(&["--set", "default-pid-cost=5000"]);
    assert_eq!(
        (with["default"]["MI"], with["RM"]["default"]),
        (5000.0, 5000.0),
        "the operator may define it"
    );
}

#[tokio::test]
async fn e12_a_cost_that_is_no_number_is_not_parsed() {
    let root = json!({
        "meta": {
            "default-alto-network-map": "m",
            "cost-types": {"n": {"cost-mode": "numerical", "cost-metric": "routingcost"}},
        },
        "resources": {
            "m": {"uri": "/m", "media-type": NETWORK_MAP},
            "c": {"uri": "/c", "media-type": COST_MAP, "capabilities": {"cost-type-names": ["n"]}},
        },
    });
    for (cost, is_number) in
        [(json!(2.5), true), (json!("2.5"), false), (json!(null), false), (json!([1]), false)]
    {
        let map = cost_map("routingcost", "numerical", json!({"P": {"P": cost}}));
        let canned = Server::start(vec![
            ("/d", Canned::ok(DIRECTORY, &root)),
            ("/c", Canned::ok(COST_MAP, &map)),
        ])
        .unwrap();
        let http = link::client::Client::builder().plaintext(true).build();
        let client = Client::connect(&canned.at("/d"), http).await.unwrap();
        let taken = client.cost_map("routingcost", Mode::Numerical).await;
        assert_eq!(taken.is_ok(), is_number, "{cost}");
        assert!(is_number || matches!(taken, Err(CallError::Document { .. })), "{cost}");
        let network = network_map(json!({"P": {"ipv4": ["0.0.0.0/0"]}}));
        let files = Maps::of(&[("n.json", network), ("c.json", map)]).unwrap();
        assert_eq!(
            files.check().unwrap().exit,
            if is_number { 0 } else { 2 },
            "the server's loader: {cost}"
        );
    }
}

#[test]
fn e13_ordinal_and_numerical_costs_agree_on_the_order() {
    for unis in [germany50().unwrap()] {
        for metric in ["routingcost", "hopcount"] {
            let of =
                |mode: &str| costs(&get(&unis.at(&format!("cost-map-{metric}-{mode}"))).json());
            same_order(&of("numerical"), &of("ordinal"));
        }
    }
}

/// What a client saw of one version: its tag, and the PIDs of the map.
type Sight = (String, BTreeSet<String>);

fn sight(answer: &Value) -> Sight {
    let (meta, costs) = (&answer["meta"], &answer["cost-map"]);
    let tag = meta["vtag"]["tag"].as_str().or(meta["dependent-vtags"][0]["tag"].as_str());
    let names = |value: &Value| {
        value.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect::<Vec<_>>()
    };
    let mut pids: BTreeSet<String> =
        names(&answer["network-map"]).into_iter().chain(names(costs)).collect();
    pids.extend(costs.as_object().into_iter().flat_map(|rows| rows.values().flat_map(names)));
    (tag.unwrap_or_default().to_owned(), pids)
}

#[test]
fn e14_network_map_and_costs_change_together() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &[]).unwrap();
    let whole =
        json!({"cost-type": {"cost-metric": "routingcost", "cost-mode": "numerical"}}).to_string();
    let urls = [NUMERICAL, COST_MAP_FILTERED.path, "network-map"].map(|path| unis.at(path));
    let look = || {
        let [costs, filter, network] = &urls;
        let filtered = post(filter, COST_MAP_FILTERED.accepts, &whole);
        [get(costs), filtered, get(network)].map(|answer| sight(&answer.json()))
    };
    let before = look();
    let stop = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !stop.load(Ordering::Relaxed) {
                seen.extend(look());
            }
            seen
        });
        let new = json!({"ipv4": ["192.0.2.0/24"], "ipv6": ["::/0"]});
        let pids = json!({"PID1": {"ipv4": ["0.0.0.0/0"]}, "NEW": new});
        maps.put("network-map.json", &network_map(pids)).unwrap();
        let costs = json!({"PID1": {"NEW": 3}, "NEW": {"PID1": 4, "NEW": 1}});
        maps.put("cost-map.json", &cost_map("routingcost", "numerical", costs)).unwrap();
        let reloaded = unis.wait_for_log("map reloaded");
        stop.store(true, Ordering::Relaxed);
        reloaded.unwrap();
        watcher.join().unwrap()
    });
    let after = look();
    let names = |pids: &[&str]| pids.iter().map(|pid| (*pid).to_owned()).collect::<BTreeSet<_>>();
    let (old, new) = (
        (before[2].0.clone(), names(&["PID1", "PID2", "PID3"])),
        (after[2].0.clone(), names(&["NEW", "PID1"])),
    );
    assert_ne!(old.0, new.0);
    assert!(before.iter().all(|sight| *sight == old), "{before:?}");
    assert!(after.iter().all(|sight| *sight == new), "{after:?}");
    assert!(seen.iter().all(|sight| *sight == old || *sight == new), "{seen:?}");
}

#[test]
fn e15_costs_have_a_direction() {
    let unis = server().unwrap();
    let costs = costs(&get(&unis.at(NUMERICAL)).json());
    assert_eq!((costs["PID1"]["PID3"], costs["PID3"]["PID1"]), (10.0, 20.0), "§11.2.3.7");
    let query = r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"},
        "endpoints":{
            "srcs":["ipv4:192.0.2.1","ipv4:8.8.8.8"],"dsts":["ipv4:192.0.2.1","ipv4:8.8.8.8"]}}"#;
    let expected = json!({
        "ipv4:192.0.2.1": {"ipv4:192.0.2.1": 1, "ipv4:8.8.8.8": 10},
        "ipv4:8.8.8.8": {"ipv4:192.0.2.1": 20},
    });
    assert_eq!(COST.post(&unis, query).json()[COST.data], expected);
}
