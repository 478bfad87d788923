//! RFC 7285 §11.5: the endpoint cost service, row by row.

use serde_json::{Value, json};
use system_tests::http::{Answer, get, request};
use system_tests::resource::{COST, ENDPOINT_COST_PARAMS};
use system_tests::scan::{Scan, germany50_peers, typed};
use system_tests::unis::Unis;
use system_tests::{curl, data};

/// The network of the RFC's examples: PID1 and PID2 at 5, each 1 within itself; PID3 behind 10, 15
/// and 20.
fn server() -> anyhow::Result<Unis> {
    Unis::plain(&data::rfc7285(), &[])
}

/// One endpoint in each PID of it.
const IN_PID1: &str = "ipv4:192.0.2.2";
const IN_PID2: &str = "ipv4:198.51.100.130";
const IN_PID3: &str = "ipv4:203.0.113.45";

/// A query for a mode of `routingcost`.
fn query(mode: &str, endpoints: &Value) -> Value {
    let cost_type = json!({"cost-mode": mode, "cost-metric": "routingcost"});
    json!({"cost-type": cost_type, "endpoints": endpoints})
}

fn ask(unis: &Unis, query: &Value) -> Answer {
    COST.post(unis, query.to_string())
}

/// The costs that a query is answered with.
fn costs(unis: &Unis, query: &Value) -> Value {
    let answer = ask(unis, query);
    assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["endpoint-cost-map"].take()
}

fn numerical(unis: &Unis, endpoints: &Value) -> Value {
    costs(unis, &query("numerical", endpoints))
}

#[test]
fn i1_a_cost_type_has_to_be_on_offer() {
    let unis = server().unwrap();
    let endpoints = json!({"srcs": [IN_PID1], "dsts": [IN_PID2]});
    let directory = get(&unis.url).json();
    let names = &directory["resources"]["endpoint-cost"]["capabilities"]["cost-type-names"];
    assert_eq!(*names, json!(["num-routingcost", "ord-routingcost"]));
    for name in names.as_array().unwrap() {
        let cost_type = &directory["meta"]["cost-types"][name.as_str().unwrap()];
        let asked = json!({"cost-type": cost_type, "endpoints": endpoints});
        assert_eq!(ask(&unis, &asked).status, 200, "{cost_type}");
    }
    for (metric, mode, field, value) in [
        ("hopcount", "numerical", "cost-type/cost-metric", "hopcount"),
        ("routingcost", "array", "cost-type/cost-mode", "array"),
    ] {
        let cost_type = json!({"cost-metric": metric, "cost-mode": mode});
        let answer = ask(&unis, &json!({"cost-type": cost_type, "endpoints": endpoints}));
        assert_eq!(answer.error(), json!([400, "E_INVALID_FIELD_VALUE", field, value]));
    }
}

#[test]
fn i2_a_description_is_ignored() {
    let unis = server().unwrap();
    let mut asked = query("numerical", &json!({"srcs": [IN_PID1], "dsts": [IN_PID2]}));
    let without = ask(&unis, &asked);
    for description in [json!("what we like best"), json!(5), json!(null), json!([])] {
        asked["cost-type"]["description"] = description.clone();
        let with = ask(&unis, &asked);
        assert_eq!((with.status, &with.body), (200, &without.body), "{description}");
    }
}

/// The client sits at 127.0.0.1, which lies in PID3.
#[test]
fn i3_without_sources_it_is_from_the_client() {
    let unis = server().unwrap();
    let expected = json!({"ipv4:127.0.0.1": {IN_PID1: 20, IN_PID2: 15}});
    for endpoints in
        [json!({"dsts": [IN_PID1, IN_PID2]}), json!({"srcs": [], "dsts": [IN_PID1, IN_PID2]})]
    {
        assert_eq!(numerical(&unis, &endpoints), expected, "{endpoints}");
    }
}

#[test]
fn i4_without_destinations_it_is_to_the_client() {
    let unis = server().unwrap();
    let expected = json!({IN_PID1: {"ipv4:127.0.0.1": 10}, IN_PID2: {"ipv4:127.0.0.1": 15}});
    for endpoints in
        [json!({"srcs": [IN_PID1, IN_PID2]}), json!({"srcs": [IN_PID1, IN_PID2], "dsts": []})]
    {
        assert_eq!(numerical(&unis, &endpoints), expected, "{endpoints}");
    }
}

#[test]
fn i5_not_both_lists_are_empty() {
    let unis = server().unwrap();
    for empty in [json!({"srcs": [], "dsts": []}), json!({"srcs": []}), json!({"dsts": []})] {
        let error = ask(&unis, &query("numerical", &empty)).error();
        assert_eq!(error, json!([400, "E_INVALID_FIELD_VALUE", "endpoints", empty.to_string()]));
    }
    let neither = ask(&unis, &query("numerical", &json!({}))).error();
    assert_eq!([&neither[0], &neither[1]], [&json!(400), &json!("E_MISSING_FIELD")]);
    let cost_type = json!({"cost-mode": "numerical", "cost-metric": "routingcost"});
    let without = ask(&unis, &json!({"cost-type": cost_type})).error();
    assert_eq!(without, json!([400, "E_MISSING_FIELD", "endpoints", null]));
}

/// As bytes: a member given twice would be lost on the way through a JSON reader.
#[test]
fn i6_an_endpoint_given_twice_counts_once_by_its_first_text() {
    let unis = server().unwrap();
    let ask = |endpoints: Value| ask(&unis, &query("numerical", &endpoints));
    let once = ask(json!({"srcs": ["ipv6:2001:DB8::1", IN_PID1], "dsts": [IN_PID2, IN_PID1]}));
    let twice = ask(json!({
        "srcs": ["ipv6:2001:DB8::1", IN_PID1, "ipv6:2001:db8:0::1", "ipv6:::ffff:192.0.2.2"],
        "dsts": [IN_PID2, IN_PID1, IN_PID2, "ipv6:::ffff:c633:6482"],
    }));
    assert_eq!((once.status, twice.status), (200, 200));
    assert_eq!(once.body, twice.body);
    let keys = once.json()["endpoint-cost-map"].take();
    assert_eq!(keys["ipv6:2001:DB8::1"], json!({IN_PID2: 15, IN_PID1: 20}));
}

#[test]
fn i7_constraints_are_those_of_the_filtered_cost_map() {
    let unis = server().unwrap();
    let endpoints = json!({"srcs": [IN_PID1, IN_PID3], "dsts": [IN_PID1, IN_PID2, IN_PID3]});
    let with = |constraints: &[&str]| {
        let mut asked = query("numerical", &endpoints);
        asked["constraints"] = json!(constraints);
        asked
    };
    for (constraints, expected) in [
        (vec!["ge 5", "le 10"], json!({IN_PID1: {IN_PID2: 5, IN_PID3: 10}})),
        (vec!["gt 5", "lt 20"], json!({IN_PID1: {IN_PID3: 10}, IN_PID3: {IN_PID2: 15}})),
        (vec!["eq\t2e1"], json!({IN_PID3: {IN_PID1: 20}})),
        (vec!["gt 20"], json!({})),
    ] {
        assert_eq!(costs(&unis, &with(&constraints)), expected, "{constraints:?}");
    }
    for bad in ["ne 5", "le5", "le 5 x", ""] {
        let error = ask(&unis, &with(&["ge 0", bad])).error();
        assert_eq!(error, json!([400, "E_INVALID_FIELD_VALUE", "constraints", bad]));
    }
    let mut asked = query("numerical", &endpoints);
    asked["constraints"] = json!("ge 5");
    assert_eq!(
        ask(&unis, &asked).error(),
        json!([400, "E_INVALID_FIELD_TYPE", "constraints", null])
    );
}

#[test]
fn i8_the_directory_names_no_map_that_it_uses() {
    let unis = server().unwrap();
    let resources = get(&unis.url).json()["resources"].take();
    assert!(resources["endpoint-cost"]["uri"].is_string());
    assert!(resources["endpoint-cost"].get("uses").is_none(), "{resources}");
}

#[test]
fn i9_the_answer_says_its_cost_type() {
    let unis = server().unwrap();
    for mode in ["numerical", "ordinal"] {
        let answer =
            ask(&unis, &query(mode, &json!({"srcs": [IN_PID1], "dsts": [IN_PID2]}))).json();
        let cost_type = json!({"cost-mode": mode, "cost-metric": "routingcost"});
        assert_eq!(answer["meta"], json!({"cost-type": cost_type}));
    }
}

/// From PID3 to itself no cost is defined; nor is there one from or to the default PID of an
/// inventory.
#[test]
fn i10_pairs_without_a_cost_are_left_out() {
    let unis = server().unwrap();
    let endpoints = json!({"srcs": [IN_PID3], "dsts": [IN_PID3, IN_PID2]});
    assert_eq!(numerical(&unis, &endpoints), json!({IN_PID3: {IN_PID2: 15}}));
    let alone = json!({"srcs": [IN_PID3], "dsts": [IN_PID3]});
    assert_eq!(numerical(&unis, &alone), json!({}));

    let unis = Unis::plain(&data::small(), &[]).unwrap();
    let (in_mi, in_rm, nowhere) = ("ipv6:2001:db8:1::1", "ipv4:198.51.100.1", "ipv4:10.0.0.1");
    let endpoints = json!({"srcs": [in_mi, nowhere], "dsts": [nowhere, in_rm, in_mi]});
    assert_eq!(numerical(&unis, &endpoints), json!({in_mi: {in_rm: 10, in_mi: 0}}));
}

/// The RFC's own example (§11.5.1.7): nearest, near, far.
#[test]
fn i11_ranks_are_integers_in_the_order_of_the_costs() {
    let unis = server().unwrap();
    let dsts = ["ipv4:192.0.2.89", "ipv4:198.51.100.130", "ipv4:203.0.113.45"];
    let endpoints = json!({"srcs": [IN_PID1, IN_PID2], "dsts": dsts});
    let (by_rank, by_cost) =
        (costs(&unis, &query("ordinal", &endpoints)), numerical(&unis, &endpoints));
    assert_eq!(by_cost[IN_PID1], json!({dsts[0]: 1, dsts[1]: 5, dsts[2]: 10}));
    assert_eq!(by_cost[IN_PID2], json!({dsts[0]: 5, dsts[1]: 1, dsts[2]: 15}));
    let pairs = || [IN_PID1, IN_PID2].into_iter().flat_map(|from| dsts.map(|to| (from, to)));
    for (from, to) in pairs() {
        let rank = by_rank[from][to].as_u64().unwrap();
        for (other_from, other_to) in pairs() {
            let (cost, other_cost) = (&by_cost[from][to], &by_cost[other_from][other_to]);
            let other_rank = by_rank[other_from][other_to].as_u64().unwrap();
            assert_eq!(rank.cmp(&other_rank), cost.as_u64().cmp(&other_cost.as_u64()));
        }
    }
}

/// §11.5 speaks of prefixes, the grammar of §10.4.1 of addresses: the grammar holds.
#[test]
fn i12_a_prefix_is_no_endpoint() {
    let unis = server().unwrap();
    for prefix in ["ipv4:192.0.2.0/24", "ipv4:192.0.2.2/32", "ipv6:2001:db8::/32"] {
        for (srcs, dsts, field) in
            [(prefix, IN_PID2, "endpoints/srcs"), (IN_PID2, prefix, "endpoints/dsts")]
        {
            let answer = ask(&unis, &query("numerical", &json!({"srcs": [srcs], "dsts": [dsts]})));
            let expected = json!([400, "E_INVALID_FIELD_VALUE", field, prefix]);
            assert_eq!(answer.error(), expected, "{prefix}");
        }
    }
}

#[test]
fn i13_the_client_is_who_the_connection_is_from() {
    let asked = query("numerical", &json!({"dsts": [IN_PID1]})).to_string();
    for (listen, client) in [("127.0.0.1:0", "ipv4:127.0.0.1"), ("[::1]:0", "ipv6:::1")] {
        let unis = Unis::plain(&data::rfc7285(), &["--listen", listen]).unwrap();
        let expected = json!({client: {IN_PID1: 20}});
        let headers = [
            ("Accept", "*/*"),
            ("X-Forwarded-For", "192.0.2.2"),
            ("Forwarded", "for=192.0.2.2;proto=https"),
            ("X-Real-IP", "192.0.2.2"),
        ];
        for (name, value) in headers {
            let answer = request("POST", &unis.at(COST.path))
                .header("Content-Type", ENDPOINT_COST_PARAMS)
                .header(name, value)
                .body(&asked)
                .send();
            assert_eq!(answer.json()["endpoint-cost-map"], expected, "{listen} {name}");
        }
    }
}

/// A socket for both families sees `::ffff:127.0.0.1`, which is 127.0.0.1.
#[test]
fn i13_an_ipv4_client_of_a_dual_stack_socket_is_an_ipv4_client() {
    let unis = Unis::mutual(&data::rfc7285(), &["--listen", "[::]:0"]).unwrap();
    let port = unis.authority().rsplit(':').next().unwrap().to_owned();
    let asked = query("numerical", &json!({"dsts": [IN_PID1]})).to_string();
    for (host, client) in [("127.0.0.1", "ipv4:127.0.0.1"), ("[::1]", "ipv6:::1")] {
        let mut command = curl::with_certificate(&unis);
        command.arg(format!("https://{host}:{port}/{}", COST.path)).args(["--data-raw", &asked]);
        command.args(["--header", &format!("Content-Type: {ENDPOINT_COST_PARAMS}")]);
        let answer = curl::run(&mut command).unwrap();
        assert_eq!(answer.json()["endpoint-cost-map"], json!({client: {IN_PID1: 20}}), "{host}");
    }
}

#[test]
fn i14_too_many_pairs_are_refused_at_once() {
    let unis = server().unwrap();
    let addresses = |net: u32, count: u32| -> Vec<String> {
        (0..count).map(|host| format!("ipv4:10.{net}.{}.{}", host / 250, host % 250)).collect()
    };
    let asked = |srcs: u32, dsts: u32| {
        query("ordinal", &json!({"srcs": addresses(0, srcs), "dsts": addresses(1, dsts)}))
    };
    assert_eq!(ask(&unis, &asked(250, 400)).status, 200, "100,000 pairs are allowed");
    assert_eq!(ask(&unis, &asked(251, 400)).status, 413);

    let narrow = Unis::plain(&data::rfc7285(), &["--set", "max-pairs=6"]).unwrap();
    let once = json!({"srcs": [IN_PID1, IN_PID2], "dsts": [IN_PID1, IN_PID2, IN_PID3]});
    assert_eq!(ask(&narrow, &query("ordinal", &once)).status, 200);
    let mut again = once.clone();
    again["srcs"] = json!([IN_PID1, IN_PID2, IN_PID1]);
    assert_eq!(ask(&narrow, &query("ordinal", &again)).status, 200, "an endpoint counts once");
    again["srcs"] = json!([IN_PID1, IN_PID2, IN_PID3]);
    assert_eq!(ask(&narrow, &query("ordinal", &again)).status, 413);
}

/// Several hundred endpoints, their PIDs found by looking at every prefix.
#[test]
fn i15_costs_of_endpoints_are_those_of_their_pids() {
    let unis = Unis::plain(&data::germany50(), &[]).unwrap();
    let scan = Scan::of(&get(&unis.at("network-map")).json()["network-map"]);
    let peers: Vec<(String, &str)> = germany50_peers()
        .into_iter()
        .take(860)
        .map(|(address, _)| (typed(address), scan.pid_of(address).unwrap()))
        .collect();
    let (srcs, dsts) = peers.split_at(60);
    let texts =
        |part: &[(String, &str)]| part.iter().map(|(text, _)| json!(text)).collect::<Value>();
    let endpoints = json!({"srcs": texts(srcs), "dsts": texts(dsts)});
    for metric in ["routingcost", "hopcount"] {
        for mode in ["numerical", "ordinal"] {
            let map = get(&unis.at(&format!("cost-map-{metric}-{mode}"))).json()["cost-map"].take();
            let mut asked = query(mode, &endpoints);
            asked["cost-type"]["cost-metric"] = json!(metric);
            let answer = costs(&unis, &asked);
            for (from, from_pid) in srcs {
                let row = &answer[from];
                assert_eq!(row.as_object().unwrap().len(), dsts.len(), "{metric} {mode} {from}");
                for (to, to_pid) in dsts {
                    let (cost, expected) = (&row[to], &map[from_pid][to_pid]);
                    assert!(cost.is_number(), "{metric} {mode} {from} {to}");
                    assert_eq!(cost, expected, "{metric} {mode} {from} {to}");
                }
            }
        }
    }
}
