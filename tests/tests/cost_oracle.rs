//! The maps of a running server against networkx on the operator's files (`tests/oracle/costs.py`),
//! and against sums by hand.

use std::path::Path;

use serde_json::{Value, json};
use system_tests::data;
use system_tests::http;
use system_tests::python;
use system_tests::unis::{self, Unis};

/// Serves the sources with the settings and lets the oracle compare; what it counted.
fn compare(sources: &[String], settings: &[&str], oracle: &[&str]) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let mut set: Vec<&str> = Vec::new();
    for setting in settings {
        set.extend(["--set", setting]);
    }
    let mut command = python::with_packages("tests/oracle/costs.py")?;
    let mut check = vec!["check", "--format", "json"];
    check.extend(&set);
    for source in sources {
        check.extend(["--source", source]);
        let (format, path) = source.split_once('=').unwrap_or_default();
        command.arg(format!("--{format}")).arg(path);
    }
    let report = folder.path().join("check.json");
    std::fs::write(&report, unis::run(check)?.stdout)?;
    let server = Unis::plain(sources, &set)?;
    let counted = python::finish(command.arg("--check").arg(report).args(oracle).arg(&server.url))?;
    println!("{counted}");
    anyhow::ensure!(counted.contains("0 differences"), "{counted}");
    Ok(counted)
}

const NO_PENALTY: [&str; 3] = [
    "routingcost.penalty.customer=0",
    "routingcost.penalty.peer=0",
    "routingcost.penalty.transit=0",
];
const ORACLE_NO_PENALTY: [&str; 6] = ["--customer", "0", "--peer", "0", "--transit", "0"];

#[test]
fn every_prefix_and_pair_of_germany50_agrees() {
    let counted = compare(&data::germany50(), &[], &[]).unwrap();
    // 3,660 ordered pairs of 61 nodes and each node with itself; 3,069 prefixes and the two of the
    // default PID.
    assert!(counted.contains("weight distance"), "{counted}");
    for metric in ["routingcost", "hopcount"] {
        assert!(counted.contains(&format!("{metric} pairs: 3721 compared")), "{counted}");
    }
    assert!(counted.contains("prefixes: 3071 compared"), "{counted}");
    assert!(counted.contains("kinds: 62 compared"), "{counted}");
}

#[test]
fn germany50_agrees_by_hops_without_penalties_and_with_odd_ones() {
    compare(&data::germany50(), &["routingcost.weight=hops"], &["--weight", "hops"]).unwrap();
    compare(&data::germany50(), &NO_PENALTY, &ORACLE_NO_PENALTY).unwrap();
    let odd = ["routingcost.penalty.customer=0.3", "routingcost.penalty.peer=7.123456"];
    compare(&data::germany50(), &odd, &["--customer", "0.3", "--peer", "7.123456"]).unwrap();
}

#[test]
fn germany50_agrees_where_the_default_pid_has_a_cost() {
    let counted = compare(
        &data::germany50(),
        &["default-pid-cost=5000.5"],
        &["--default-pid-cost", "5000.5"],
    )
    .unwrap();
    assert!(counted.contains("routingcost pairs: 3844 compared"), "{counted}");
}

#[test]
fn the_graph_alone_agrees() {
    let graph: Vec<String> = data::germany50().into_iter().take(1).collect();
    let counted = compare(&graph, &[], &[]).unwrap();
    assert!(counted.contains("routingcost pairs: 2500 compared"), "{counted}");
}

#[test]
fn the_small_inventory_agrees_by_every_weight() {
    for weight in ["igp", "distance", "delay", "inverse-capacity", "hops"] {
        let setting = format!("routingcost.weight={weight}");
        let counted = compare(&data::small(), &[&setting], &["--weight", weight]).unwrap();
        assert!(counted.contains("routingcost pairs: 9 compared"), "{counted}");
        let settings = [&[setting.as_str()][..], &NO_PENALTY].concat();
        let oracle = [&["--weight", weight][..], &ORACLE_NO_PENALTY].concat();
        compare(&data::small(), &settings, &oracle).unwrap();
    }
}

/// GARR at a month of 2010, alone or with prefixes and neighbours.
fn garr(folder: &Path, month: &str, rows: &[&str]) -> Vec<String> {
    let mut sources =
        vec![format!("graphml={}", folder.join(format!("Garr2010{month}.graphml")).display())];
    sources
        .extend(rows.iter().map(|rows| format!("{rows}={}", folder.join(rows).display()) + ".csv"));
    sources
}

#[test]
fn garr_agrees_at_all_four_times() {
    let Some(folder) = data::outside("garr") else { return };
    for (month, pairs) in [("07", 58 * 58), ("08", 58 * 58), ("10", 59 * 59), ("12", 59 * 59)] {
        let counted =
            compare(&garr(&folder, month, &["prefixes", "neighbours"]), &[], &[]).unwrap();
        assert!(counted.contains(&format!("routingcost pairs: {pairs} compared")), "{counted}");
        // The node ids move in October: two rows of neighbours name a node that is not there any
        // more.
        let dangling = if month < "10" { "0 dangling" } else { "2 dangling" };
        assert!(counted.contains(dangling), "{counted}");
        compare(&garr(&folder, month, &[]), &[], &[]).unwrap();
    }
}

#[test]
fn garr_agrees_by_capacity_and_hops() {
    let Some(folder) = data::outside("garr") else { return };
    let sources = garr(&folder, "07", &["prefixes", "neighbours"]);
    let capacity = ["routingcost.weight=inverse-capacity", "default-capacity-mbps=10000"];
    compare(
        &sources,
        &capacity,
        &["--weight", "inverse-capacity", "--default-capacity-mbps", "10000"],
    )
    .unwrap();
    compare(&sources, &["routingcost.weight=hops"], &["--weight", "hops"]).unwrap();
}

#[test]
fn random_networks_full_of_odd_cases_agree() {
    let settings = ["default-capacity-mbps=500", "routingcost.penalty.customer=0.125"];
    let oracle = ["--default-capacity-mbps", "500", "--customer", "0.125"];
    for (seed, weight) in
        (1..).zip(["igp", "distance", "delay", "inverse-capacity", "hops", "igp", "distance"])
    {
        let folder = tempfile::tempdir().unwrap();
        let mut draw = python::with_packages("tests/oracle/random_network.py").unwrap();
        python::finish(draw.arg(seed.to_string()).arg(folder.path())).unwrap();
        let files = [
            ("nodelink", "graph.json"),
            ("neighbours", "neighbours.csv"),
            ("prefixes", "prefixes.csv"),
        ];
        let sources =
            files.map(|(format, file)| format!("{format}={}", folder.path().join(file).display()));
        let weighed = format!("routingcost.weight={weight}");
        let settings = [&settings[..], &[&weighed]].concat();
        let compared = compare(&sources, &settings, &[&oracle[..], &["--weight", weight]].concat());
        assert!(compared.is_ok(), "seed {seed}: {}", compared.unwrap_err());
    }
}

#[test]
fn the_oracle_sees_other_costs_penalties_and_prefixes() {
    let [graph, prefixes, neighbours]: [String; 3] = data::germany50().try_into().unwrap();
    let error = compare(&data::germany50(), &[], &["--weight", "hops"]).unwrap_err().to_string();
    assert!(error.contains("routingcost pairs") && !error.contains("\n0 differences"), "{error}");
    let error = compare(&data::germany50(), &[], &["--transit", "3"]).unwrap_err().to_string();
    assert!(error.contains("as1299") && error.contains("expected"), "{error}");
    let server = Unis::plain(&[graph.clone(), neighbours.clone()], &[]).unwrap();
    let mut oracle = python::with_packages("tests/oracle/costs.py").unwrap();
    for source in [graph, prefixes, neighbours] {
        let (format, path) = source.split_once('=').unwrap();
        oracle.args([&format!("--{format}"), path]);
    }
    let error = python::finish(oracle.arg(&server.url)).unwrap_err().to_string();
    assert!(error.contains("3069 differences"), "{error}");
}

/// `cost-map[from][to]` of a metric in a running server.
fn cost(server: &Unis, metric: &str, from: &str, to: &str) -> Value {
    let directory = http::get(&server.url).json();
    let uri = &directory["resources"][format!("cost-map-{metric}-numerical")]["uri"];
    http::get(uri.as_str().unwrap_or_default()).json()["cost-map"][from][to].clone()
}

/// What `unis rank` says of the pair, asked with an address of each PID.
fn rank(
    server: &Unis,
    sources: &[String],
    metric: &str,
    from: &str,
    to: &str,
) -> anyhow::Result<Value> {
    let directory = http::get(&server.url).json();
    let uri = directory["resources"]["network-map"]["uri"].as_str().unwrap_or_default().to_owned();
    let map = http::get(&uri).json();
    // The most specific prefix: no other PID has a part of it cut out.
    let address = |pid: &str| {
        let prefixes = map["network-map"][pid]["ipv4"].as_array().cloned().unwrap_or_default();
        let prefixes = prefixes.iter().filter_map(|prefix| prefix.as_str()?.split_once('/'));
        let best = prefixes.max_by_key(|(_, length)| length.parse::<u8>().unwrap_or_default());
        best.map(|(address, _)| address.to_owned()).unwrap_or_default()
    };
    let (from, to) = (address(from), address(to));
    let mut arguments =
        vec!["rank", "--from", &from, "--to", &to, "--metric", metric, "--format", "json"];
    for setting in NO_PENALTY {
        arguments.extend(["--set", setting]);
    }
    for source in sources {
        arguments.extend(["--source", source]);
    }
    let output = unis::run(arguments)?;
    Ok(serde_json::from_slice::<Value>(&output.stdout)?[0].clone())
}

/// Compares sums by hand, in kilometres to 10 m and in hops, with the maps and with `unis rank`.
fn by_hand(sources: &[String], sums: &[(&str, &str, f64, u64)]) -> anyhow::Result<()> {
    let set: Vec<&str> = NO_PENALTY.iter().flat_map(|setting| ["--set", setting]).collect();
    let server = Unis::plain(sources, &set)?;
    for (from, to, km, hops) in sums {
        for (from, to) in [(from, to), (to, from)] {
            let found = cost(&server, "routingcost", from, to);
            assert!(
                (found.as_f64().unwrap_or(f64::NAN) - km).abs() < 0.006,
                "{from} to {to}: {found} km, not {km}"
            );
            assert_eq!(cost(&server, "hopcount", from, to), json!(hops), "{from} to {to}");
            let ranked = rank(&server, sources, "routingcost", from, to)?;
            assert_eq!([&ranked["pid"], &ranked["cost"]], [&json!(to), &found], "{ranked}");
            let ranked = rank(&server, sources, "hopcount", from, to)?;
            assert_eq!(ranked["cost"], json!(hops), "{ranked}");
        }
    }
    Ok(())
}

#[test]
fn germany50_as_summed_by_hand() {
    by_hand(
        &data::germany50(),
        &[
            ("Norden", "Passau", 864.84, 9),
            ("Hamburg", "Muenchen", 679.59, 6),
            ("Berlin", "as3320", 269.49, 3),
            ("Konstanz", "as8422", 304.518, 5),
            ("as12816", "as1299", 381.07, 6),
        ],
    )
    .unwrap();
}

#[test]
fn garr_as_summed_by_hand() {
    let Some(folder) = data::outside("garr") else { return };
    let sources = garr(&folder, "07", &["prefixes", "neighbours"]);
    by_hand(&sources, &[("BO", "MIX", 200.54, 3), ("BO", "NAMEX", 303.54, 2)]).unwrap();
}

#[test]
fn the_small_inventory_as_summed_by_hand() {
    by_hand(&data::small(), &[("MI", "RM", 10.0, 1), ("RM", "as64510", 10.0, 2)]).unwrap();
    let server = Unis::plain(&data::small(), &[]).unwrap();
    // 10, and for a transit twice the smallest power of two above 10.
    assert_eq!(cost(&server, "routingcost", "RM", "as64510"), json!(42));
    assert_eq!(cost(&server, "routingcost", "MI", "MI"), json!(0));
    assert_eq!(cost(&server, "routingcost", "MI", "default"), Value::Null);
    let server = Unis::plain(&data::small(), &["--set", "routingcost.weight=distance"]).unwrap();
    let found = cost(&server, "routingcost", "MI", "RM").as_f64().unwrap();
    assert!((found - 477.04).abs() < 0.006, "{found}");
}
