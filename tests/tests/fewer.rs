//! Fewer PIDs and fewer prefixes, as an operator asks for them and as `unis check` tells of them.

use serde_json::Value;
use system_tests::{data, unis};

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// `unis check` over germany50.
fn check(more: &[&str]) -> Said {
    let sources = data::germany50();
    let mut arguments = vec!["check"];
    arguments.extend(sources.iter().flat_map(|source| ["--source", source]));
    arguments.extend(more);
    let output = unis::run(&arguments).expect("an answer");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}

const TWENTY: [&str; 4] = ["--set", "aggregation.max-pids=20", "--set", "reduce-prefixes=true"];

#[test]
fn check_says_for_programs_what_became_fewer_and_how_far_off_costs_are() {
    let said = check(&[&TWENTY[..], &["--format", "json"]].concat());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&said.out).unwrap();
    let pids = report["pids"].as_array().unwrap();
    assert_eq!(pids.len(), 20);
    // 50 cities and 11 neighbours.
    assert_eq!(pids.iter().filter_map(|pid| pid["nodes"].as_u64()).sum::<u64>(), 61);
    let [fewer] = report["fewer"].as_array().unwrap().as_slice() else { panic!("{report}") };
    let aggregation = &fewer["aggregation"];
    assert_eq!((&aggregation["by"], &aggregation["pids"]), (&"cost".into(), &20.into()));
    assert_eq!(aggregation["pids-before"], 62);
    for (error, metric) in aggregation["errors"].as_array().unwrap().iter().zip(METRICS) {
        assert_eq!(error["metric"], metric);
        assert_eq!(error["pairs"], 61 * 60);
        assert!(error["absolute"]["max"].as_f64() > error["absolute"]["mean"].as_f64());
        assert!(error["relative"]["max"].as_f64() > error["relative"]["mean"].as_f64());
        // 61 sources, of each the pairs among 60 destinations.
        assert_eq!(error["order"]["pairs"], 61 * 60 * 59 / 2);
        assert_eq!(error["order"]["sources"], 61);
    }
    let prefixes: u64 = pids.iter().filter_map(|pid| pid["prefixes"].as_u64()).sum();
    assert_eq!(fewer["reduction"]["prefixes"], prefixes);
    assert_eq!(fewer["reduction"]["prefixes-before"], 3_071);
}

const METRICS: [&str; 2] = ["routingcost", "hopcount"];

#[test]
fn check_says_the_same_for_people() {
    let said = check(&TWENTY);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for text in [
        "aggregation by cost: 62 PIDs became 20",
        "routingcost: 3660 pairs are off by ",
        "hopcount: a source sees two destinations in another order in ",
        "61 of 61 sources looked at",
        "reduced: 3071 prefixes became ",
    ] {
        assert!(said.out.contains(text), "no {text:?} in {}", said.out);
    }
    let region = check(&["--set", "aggregation.max-pids=20", "--set", "aggregation.by=region"]);
    assert!(region.out.contains("aggregation by region: 62 PIDs became 20"), "{}", region.out);
}

#[test]
fn a_network_without_either_says_nothing_of_it() {
    let said = check(&["--format", "json"]);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(report.get("fewer"), None);
    assert_eq!(report["pids"][0].get("nodes"), None);
}

#[test]
fn too_few_and_unknown_words_are_refused_by_name() {
    for (set, says) in [
        ("aggregation.max-pids=1", "aggregation.max-pids"),
        ("aggregation.max-pids=2", "aggregation.max-pids is 2, but 5 is the fewest"),
        ("aggregation.max-pids=many", "max-pids"),
        ("aggregation.by=distance", "expected `cost` or `region`"),
        ("aggregation.pids=5", "unknown key `pids`, expected `max-pids`"),
        ("reduce-prefixes=5", "reduce-prefixes"),
    ] {
        let said = check(&["--set", set]);
        assert_eq!(said.code, Some(2), "{set}");
        assert!(said.err.contains(says), "{set}: {}", said.err);
    }
}

#[test]
fn one_network_may_have_its_own_number() {
    let folder = tempfile::tempdir().unwrap();
    let sources: Vec<String> =
        data::germany50().iter().map(|source| format!("{source:?}")).collect();
    let network =
        |name: &str| format!("[[network]]\nname = \"{name}\"\nsource = [{}]\n", sources.join(", "));
    let text = format!(
        "[aggregation]\nmax-pids = 30\n{}[network.aggregation]\nmax-pids = 20\n{}",
        network("few"),
        network("more")
    );
    let file = folder.path().join("unis.toml");
    std::fs::write(&file, text).unwrap();
    let output = unis::run(["check".as_ref(), "--config".as_ref(), file.as_os_str()]).unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("62 PIDs became 20") && out.contains("62 PIDs became 30"), "{out}");
}
