//! RFC 7285 §11.3.2: the filtered cost map, row by row.

use alto::constraint::Constraint;
use alto::cost::{CostType, Mode};
use alto::request::CostMapFilter;
use alto_client::{CallError, Client};
use serde_json::{Value, json};
use system_tests::canned::{Canned, Server};
use system_tests::data;
use system_tests::http::{Answer, get};
use system_tests::maps::{Maps, cost_map, network_map};
use system_tests::resource::{
    COST_MAP, COST_MAP_FILTER, COST_MAP_FILTERED, DIRECTORY, NETWORK_MAP,
};
use system_tests::unis::Unis;

/// The network of the RFC's examples: PID1 and PID2 at 5, each 1 within itself; PID3 behind 10, 15
/// and 20.
fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// A query for a mode of `routingcost` with `more` members.
fn query(mode: &str, more: &Value) -> Value {
    let mut query = json!({"cost-type": {"cost-mode": mode, "cost-metric": "routingcost"}});
    for (name, value) in more.as_object().into_iter().flatten() {
        query[name] = value.clone();
    }
    query
}

fn ask(unis: &Unis, query: &Value) -> Answer {
    COST_MAP_FILTERED.post(unis, query.to_string())
}

/// The costs that a query in a mode of `routingcost` is answered with.
fn costs(unis: &Unis, mode: &str, more: &Value) -> Value {
    let answer = ask(unis, &query(mode, more));
    assert_eq!(answer.status, 200, "{more}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["cost-map"].take()
}

fn constrained(unis: &Unis, constraints: &[&str]) -> Value {
    costs(unis, "numerical", &json!({"constraints": constraints}))
}

/// The map of §11.2.3.7, but for the pairs that `keep` drops; a source without pairs is left out.
fn those(keep: impl Fn(f64) -> bool) -> Value {
    kept(&whole(), keep)
}

fn kept(costs: &Value, keep: impl Fn(f64) -> bool) -> Value {
    let mut map = costs.clone();
    for row in map.as_object_mut().into_iter().flat_map(|map| map.values_mut()) {
        if let Some(row) = row.as_object_mut() {
            row.retain(|_, cost| cost.as_f64().is_some_and(&keep));
        }
    }
    if let Some(map) = map.as_object_mut() {
        map.retain(|_, row| row.as_object().is_some_and(|row| !row.is_empty()));
    }
    map
}

fn whole() -> Value {
    json!({
        "PID1": {"PID1": 1, "PID2": 5, "PID3": 10},
        "PID2": {"PID1": 5, "PID2": 1, "PID3": 15},
        "PID3": {"PID1": 20, "PID2": 15},
    })
}

#[test]
fn g1_a_cost_type_has_to_be_on_offer() {
    let unis = server().unwrap();
    let directory = get(&unis.url).json();
    let entry = &directory["resources"]["cost-map-filtered"]["capabilities"];
    let names = entry["cost-type-names"].as_array().unwrap();
    assert_eq!(*names, ["num-routingcost", "ord-routingcost"]);
    for name in names {
        let cost_type = &directory["meta"]["cost-types"][name.as_str().unwrap()];
        assert_eq!(ask(&unis, &json!({"cost-type": cost_type})).status, 200, "{cost_type}");
    }
    for (metric, mode, field, value) in [
        ("hopcount", "numerical", "cost-type/cost-metric", "hopcount"),
        ("num-routingcost", "numerical", "cost-type/cost-metric", "num-routingcost"),
        ("routingcost", "array", "cost-type/cost-mode", "array"),
        ("routingcost", "Numerical", "cost-type/cost-mode", "Numerical"),
    ] {
        let asked = json!({"cost-type": {"cost-metric": metric, "cost-mode": mode}});
        let expected = json!([400, "E_INVALID_FIELD_VALUE", field, value]);
        assert_eq!(ask(&unis, &asked).error(), expected, "{asked}");
    }
}

#[test]
fn g2_a_description_is_ignored() {
    let unis = server().unwrap();
    let without = ask(&unis, &query("ordinal", &json!({"pids": {"srcs": ["PID1"], "dsts": []}})));
    for description in [json!("what we like best"), json!(""), json!(5), json!(null), json!({})] {
        let mut asked = query("ordinal", &json!({"pids": {"srcs": ["PID1"], "dsts": []}}));
        asked["cost-type"]["description"] = description.clone();
        let with = ask(&unis, &asked);
        assert_eq!((with.status, &with.body), (200, &without.body), "{description}");
    }
}

/// This server takes constraints and says so; a server that does not say so is not asked.
#[tokio::test]
async fn g3_constraints_go_where_they_are_announced() {
    let unis = server().unwrap();
    let entry = get(&unis.url).json()["resources"]["cost-map-filtered"].take();
    assert_eq!(entry["capabilities"]["cost-constraints"], true);
    assert_eq!(constrained(&unis, &["gt 15"]), json!({"PID3": {"PID1": 20}}));

    let canned = without_constraints().unwrap();
    let http = link::client::Client::builder().plaintext(true).build();
    let client = Client::connect(&canned.at("/root"), http).await.unwrap();
    let cost_type = CostType::new("routingcost", Mode::Numerical);
    let constraints = Some(vec![Constraint::parse("gt 15").unwrap()]);
    let filter = CostMapFilter { cost_type, constraints, pids: None };
    let error = client.filtered_cost_map(&filter).await.unwrap_err();
    assert!(matches!(error, CallError::NotOffered(_)), "{error}");
    assert_eq!(canned.requests().len(), 1, "only the directory was asked for");
    let plain = CostMapFilter { constraints: None, ..filter };
    assert_eq!(client.filtered_cost_map(&plain).await.unwrap().map["P"]["P"], 1.0);
}

/// A server whose filtered cost map is silent about constraints.
fn without_constraints() -> std::io::Result<Server> {
    let cost_type = json!({"cost-metric": "routingcost", "cost-mode": "numerical"});
    let root = json!({
        "meta": {"default-alto-network-map": "m", "cost-types": {"num": cost_type}},
        "resources": {
            "m": {"uri": "/map", "media-type": NETWORK_MAP},
            "f": {
                "uri": "/filtered", "media-type": COST_MAP, "accepts": COST_MAP_FILTER,
                "capabilities": {"cost-type-names": ["num"]}, "uses": ["m"],
            },
        },
    });
    let map = json!({
        "meta": {"dependent-vtags": [{"resource-id": "m", "tag": "1"}], "cost-type": cost_type},
        "cost-map": {"P": {"P": 1}},
    });
    let answers =
        vec![("/root", Canned::ok(DIRECTORY, root)), ("/filtered", Canned::ok(COST_MAP, map))];
    Server::start(answers)
}

#[test]
fn g4_there_are_five_operators() {
    let unis = server().unwrap();
    assert_eq!(constrained(&unis, &["gt 10"]), those(|cost| cost > 10.0));
    assert_eq!(constrained(&unis, &["lt 10"]), those(|cost| cost < 10.0));
    assert_eq!(constrained(&unis, &["ge 10"]), those(|cost| cost >= 10.0));
    assert_eq!(constrained(&unis, &["le 10"]), those(|cost| cost <= 10.0));
    assert_eq!(constrained(&unis, &["eq 10"]), json!({"PID1": {"PID3": 10}}));
    for bad in ["ne 10", "GT 10", "= 10", "<= 10", "gte 10", "10", ""] {
        let answer = ask(&unis, &query("numerical", &json!({"constraints": ["ge 0", bad]})));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", "constraints", bad]));
    }
}

#[test]
fn g5_white_space_stands_between_operator_and_number_and_nothing_after() {
    let unis = server().unwrap();
    let expected = json!({"PID3": {"PID1": 20}});
    for good in ["ge 20", "ge   20", "ge\t20", "ge \t 20", "ge 2e1", "ge 2.0E+01", "ge 200e-1"] {
        assert_eq!(constrained(&unis, &[good]), expected, "{good:?}");
    }
    for bad in ["ge20", "ge 20 km", "ge 20,", "ge 20 21", "ge", "ge ", "ge x", "ge NaN", "ge 0x14"]
    {
        let answer = ask(&unis, &query("numerical", &json!({"constraints": [bad]})));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", "constraints", bad]));
    }
}

/// 0.1 + 0.2 is the double next above 0.3, and stays apart from it.
#[test]
fn g6_costs_are_compared_as_doubles() {
    let network = json!({"A": {"ipv4": ["0.0.0.0/0"]}, "B": {"ipv4": ["10.0.0.0/8"]}});
    let matrix = json!({"A": {"A": 0.1, "B": 0.3}, "B": {"A": 0.1 + 0.2, "B": 1e-9}});
    let maps = Maps::of(&[
        ("map.json", network_map(network)),
        ("costs.json", cost_map("routingcost", "numerical", matrix)),
    ])
    .unwrap();
    let unis = Unis::plain(&maps.sources(), &[]).unwrap();

    assert_eq!(constrained(&unis, &["eq 0.1"]), json!({"A": {"A": 0.1}}));
    assert_eq!(constrained(&unis, &["eq 0.3"]), json!({"A": {"B": 0.3}}));
    assert_eq!(constrained(&unis, &["gt 0.3"]), json!({"B": {"A": 0.1 + 0.2}}));
    let next_above = json!({"B": {"A": 0.1 + 0.2}});
    assert_eq!(constrained(&unis, &["eq 0.30000000000000004"]), next_above);
    assert_eq!(constrained(&unis, &["eq 1e-9"]), json!({"B": {"B": 1e-9}}));
}

#[test]
fn g7_several_constraints_hold_together() {
    let unis = server().unwrap();
    let between = constrained(&unis, &["ge 5", "le 10"]);
    assert_eq!(between, json!({"PID1": {"PID2": 5, "PID3": 10}, "PID2": {"PID1": 5}}));
    assert_eq!(constrained(&unis, &["gt 5", "lt 15"]), json!({"PID1": {"PID3": 10}}));
    assert_eq!(constrained(&unis, &["gt 5", "lt 5"]), json!({}));
    assert_eq!(constrained(&unis, &[]), whole(), "no constraint, nothing to fail");
}

#[test]
fn g8_an_empty_list_is_all_pids() {
    let unis = server().unwrap();
    for (srcs, dsts, expected) in [
        (json!([]), json!(["PID3"]), json!({"PID1": {"PID3": 10}, "PID2": {"PID3": 15}})),
        (json!(["PID3"]), json!([]), json!({"PID3": {"PID1": 20, "PID2": 15}})),
        (json!([]), json!([]), whole()),
    ] {
        let pids = json!({"pids": {"srcs": srcs, "dsts": dsts}});
        assert_eq!(costs(&unis, "numerical", &pids), expected, "{pids}");
    }
}

/// As bytes: a member given twice would be lost on the way through a JSON reader.
#[test]
fn g9_a_pid_given_twice_counts_once() {
    let unis = server().unwrap();
    let ask = |pids: Value| ask(&unis, &query("numerical", &json!({"pids": pids})));
    let once = ask(json!({"srcs": ["PID2", "PID1"], "dsts": ["PID3"]}));
    let twice = ask(json!({"srcs": ["PID2", "PID1", "PID2"], "dsts": ["PID3", "PID3", "PID3"]}));
    assert_eq!((once.status, twice.status), (200, 200));
    assert_eq!(once.body, twice.body);
}

#[test]
fn g10_without_pids_it_is_every_pair() {
    let unis = server().unwrap();
    for mode in ["numerical", "ordinal"] {
        let filtered = ask(&unis, &query(mode, &json!({})));
        let full = get(&unis.at(&format!("cost-map-routingcost-{mode}")));
        assert_eq!((filtered.status, filtered.json()), (200, full.json()), "{mode}");
    }
    assert_eq!(costs(&unis, "numerical", &json!({})), whole());
}

/// An absent capability is `false`: it is absent exactly where nothing is filtered, and the client
/// reads it so.
#[tokio::test]
async fn g11_an_absent_capability_is_no_constraints() {
    let unis = server().unwrap();
    let http = || link::client::Client::builder().plaintext(true).build();
    let client = Client::connect(&unis.url, http()).await.unwrap();
    let written = get(&unis.url).json()["resources"].take();
    for resource in client.catalogue().resources() {
        let capability = &written[&resource.id]["capabilities"]["cost-constraints"];
        let filters = ["cost-map-filtered", "endpoint-cost"].contains(&resource.id.as_str());
        assert_eq!(capability.as_bool(), filters.then_some(true), "{}", resource.id);
        assert_eq!(resource.cost_constraints, filters, "{}", resource.id);
    }
    let canned = without_constraints().unwrap();
    let client = Client::connect(&canned.at("/root"), http()).await.unwrap();
    assert!(!client.catalogue().resource("f").unwrap().cost_constraints);
}

#[test]
fn g12_only_the_pairs_asked_for_are_there() {
    let unis = server().unwrap();
    let all = whole();
    for (srcs, dsts) in [(vec!["PID1"], vec!["PID2"]), (vec!["PID3", "PID1"], vec!["PID2", "PID1"])]
    {
        let row = |from| dsts.iter().map(|to| (*to, all[from][to].clone())).collect::<Value>();
        let expected: Value = srcs.iter().map(|from| (*from, row(*from))).collect();
        let pids = json!({"pids": {"srcs": srcs, "dsts": dsts}});
        assert_eq!(costs(&unis, "numerical", &pids), expected, "{pids}");
    }
}

/// As with the network map, a list of unknown names only brings nothing, not all.
#[test]
fn g13_unknown_pids_are_ignored() {
    let unis = server().unwrap();
    for (srcs, dsts, expected) in [
        (json!(["PID9", "PID1"]), json!(["PID3", "pid1"]), json!({"PID1": {"PID3": 10}})),
        (json!(["PID9"]), json!(["PID1"]), json!({})),
        (json!([]), json!(["PID9"]), json!({})),
    ] {
        let pids = json!({"pids": {"srcs": srcs, "dsts": dsts}});
        assert_eq!(costs(&unis, "numerical", &pids), expected, "{pids}");
    }
}

/// A source that keeps no pair is left out.
#[test]
fn g14_pairs_that_fail_a_constraint_are_not_there() {
    let unis = server().unwrap();
    let near = constrained(&unis, &["le 1"]);
    assert_eq!(near, json!({"PID1": {"PID1": 1}, "PID2": {"PID2": 1}}));
    assert_eq!(constrained(&unis, &["gt 20"]), json!({}));
    let pids = json!({"srcs": ["PID1"], "dsts": ["PID1", "PID2"]});
    let asked = json!({"pids": pids, "constraints": ["gt 1"]});
    assert_eq!(costs(&unis, "numerical", &asked), json!({"PID1": {"PID2": 5}}));
}

#[test]
fn g15_it_depends_on_the_one_network_map() {
    let unis = server().unwrap();
    let vtag = get(&unis.at("network-map")).json()["meta"]["vtag"].take();
    for more in [
        json!({}),
        json!({"pids": {"srcs": ["PID1"], "dsts": []}}),
        json!({"pids": {"srcs": ["PID9"], "dsts": []}}),
        json!({"constraints": ["gt 1"]}),
    ] {
        let asked = query("ordinal", &more);
        let meta = ask(&unis, &asked).json()["meta"].take();
        let expected = json!({"dependent-vtags": [vtag], "cost-type": asked["cost-type"]});
        assert_eq!(meta, expected, "{more}");
    }
}

#[test]
fn g16_a_pid_filter_has_both_lists() {
    let unis = server().unwrap();
    for (pids, field) in [
        (json!({}), "pids/srcs"),
        (json!({"dsts": []}), "pids/srcs"),
        (json!({"srcs": ["PID1"]}), "pids/dsts"),
    ] {
        let answer = ask(&unis, &query("numerical", &json!({"pids": pids})));
        assert_eq!(answer.error(), json!([400, "E_MISSING_FIELD", field, null]), "{pids}");
    }
}

/// `(numerical, ordinal)` of every pair that a query is answered with, in both modes.
fn in_both_modes(unis: &Unis, more: &Value) -> Vec<(f64, u64)> {
    let (numerical, ordinal) = (costs(unis, "numerical", more), costs(unis, "ordinal", more));
    let mut pairs = Vec::new();
    for (from, row) in numerical.as_object().into_iter().flatten() {
        for (to, cost) in row.as_object().into_iter().flatten() {
            pairs.extend(cost.as_f64().zip(ordinal[from][to].as_u64()));
        }
    }
    pairs
}

#[test]
fn g17_ranks_of_a_part_keep_the_order_of_its_costs() {
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    let part = json!({"pids": {
        "srcs": ["Berlin", "Norden", "as12816", "Essen"],
        "dsts": ["Passau", "Hamburg", "as3320", "as1299", "Essen", "Berlin", "Koeln"],
    }});
    let pairs = in_both_modes(&unis, &part);
    assert_eq!(pairs.len(), 4 * 7, "every pair has a cost, and each rank is an integer");
    for (cost, rank) in &pairs {
        for (other_cost, other_rank) in &pairs {
            assert_eq!(
                cost.partial_cmp(other_cost),
                Some(rank.cmp(other_rank)),
                "{cost} {other_cost}"
            );
        }
    }
}

/// Kilometres for `distance`, microseconds for `delay`, and for ranks the rank.
#[test]
fn g18_a_constraint_is_in_the_unit_of_its_metric() {
    let by_delay = Unis::plain(&data::small(), &["--set", "routingcost.weight=delay"]).unwrap();
    let two_ways = json!({"MI": {"RM": 4800}, "RM": {"MI": 4800}});
    assert_eq!(constrained(&by_delay, &["eq 4800"]), two_ways);
    let by_distance =
        Unis::plain(&data::small(), &["--set", "routingcost.weight=distance"]).unwrap();
    let between = constrained(&by_distance, &["gt 477.03", "lt 477.05"]);
    assert_eq!(between["MI"].as_object().unwrap().len(), 1);
    assert!(between["MI"]["RM"].is_number(), "MI to RM is 477.04 km: {between}");

    let unis = server().unwrap();
    let ranks = costs(&unis, "ordinal", &json!({}));
    for bound in 0..5_i32 {
        let constraint = json!({"constraints": [format!("le {bound}")]});
        let expected = kept(&ranks, |rank| rank <= f64::from(bound));
        assert_eq!(costs(&unis, "ordinal", &constraint), expected, "{constraint}");
    }
    let second_best = costs(&unis, "ordinal", &json!({"constraints": ["lt 2"]}));
    assert_eq!(second_best.as_object().unwrap().len(), 2, "1 and 5 are the two lowest costs");
}
