//! `unis bench`: it runs, says what it measured, and has the same workload for the same seed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write;

use serde_json::Value;
use system_tests::{data, unis};

/// What `unis bench --quick --format json` says.
fn figures(more: &[&str]) -> Value {
    let fixed = ["bench", "--quick", "--format", "json"];
    let said = unis::run(fixed.iter().chain(more)).unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).unwrap()
}

fn names(figures: &Value) -> Vec<&str> {
    figures["rows"].as_array().unwrap().iter().filter_map(|row| row["name"].as_str()).collect()
}

#[test]
fn every_row_has_its_figures_and_the_machine_is_named() {
    let figures = figures(&[]);
    let expected = [
        "look-up IPv4, single",
        "look-up IPv4, batched",
        "look-up IPv6, single",
        "look-up IPv6, batched",
        "rank 10 candidates",
        "rank 100 candidates",
        "rank 1000 candidates",
        "rank 10000 candidates",
        "ECS 1 x 10, body to answer",
        "ECS 1 x 100, body to answer",
        "ECS 1 x 1000, body to answer",
        "cost map, numerical",
        "build",
    ];
    assert_eq!(names(&figures), expected);
    for row in figures["rows"].as_array().unwrap() {
        for figure in ["ns", "plain-ns", "ratio", "ratio-lowest", "ratio-highest"] {
            assert!(row[figure].as_f64().is_some_and(|value| value > 0.0), "{figure} in {row}");
        }
    }
    assert!(figures["rows"][11]["bytes-per-second"].as_f64().unwrap() > 0.0);
    for fact in ["cpu", "kernel", "load", "version"] {
        assert!(figures["machine"][fact].as_str().is_some_and(|text| !text.is_empty()), "{fact}");
    }
    assert!(figures["machine"]["cores"].as_u64().unwrap() > 0);
    // A twentieth of 901,899 and of 160,147, each length rounded up.
    let prefixes = figures["workload"]["ipv4-prefixes"].as_u64().unwrap();
    assert!((45_095..45_125).contains(&prefixes), "{prefixes}");
}

#[test]
fn a_seed_makes_one_workload_on_any_table() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let mut file = std::fs::File::create(&list).unwrap();
    writeln!(file, "# mine\n192.0.2.0/24\n\n198.51.100.7/25\n2001:db8::/32").unwrap();
    let list = list.display().to_string();
    let of_list = |seed| figures(&["--prefixes", &list, "--pids", "3", "--seed", seed]);
    let (one, again, other) = (of_list("1"), of_list("1"), of_list("2"));
    assert_eq!(one["workload"], again["workload"]);
    assert_ne!(one["workload"]["checksum"], other["workload"]["checksum"]);
    let facts = &one["workload"];
    assert_eq!([&facts["ipv4-prefixes"], &facts["ipv6-prefixes"], &facts["pids"]], [2, 1, 3]);
}

#[test]
fn an_operators_network_is_measured_as_it_would_be_served() {
    let source = &data::small()[0];
    let figures = figures(&["--source", source]);
    let facts = &figures["workload"];
    // 6 prefixes with the default's, as the metrics of a server over the same file say.
    assert_eq!([&facts["ipv4-prefixes"], &facts["ipv6-prefixes"], &facts["pids"]], [4, 2, 4]);
    let table = unis::run(["bench", "--quick", "--source", source]).unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(names(&figures).iter().all(|name| table.contains(name)), "{table}");
}

#[test]
fn a_line_that_is_no_prefix_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "192.0.2.0/24\nelsewhere\n").unwrap();
    let path = list.display().to_string();
    let said = unis::run(["bench", "--quick", "--prefixes", &path]).unwrap();
    assert_eq!(said.status.code(), Some(2));
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(error.contains("list.txt:2: \"elsewhere\""), "{error}");
}

#[test]
fn a_sample_is_written_that_a_check_takes() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    std::fs::write(&list, "192.0.2.0/24\n2001:db8::/32\n").unwrap();
    let (list, sample) = (list.display().to_string(), folder.path().join("sample"));
    let to = sample.display().to_string();
    let said = unis::run(["bench", "--write", &to, "--prefixes", &list, "--pids", "300"]).unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let source = |format: &str, file: &str| format!("{format}={to}/{file}");
    let graph = source("nodelink", "graph.json");
    let prefixes = source("prefixes", "prefixes.csv");
    let fixed = ["check", "--format", "json", "--source", &graph, "--source", &prefixes];
    let checked = unis::run(fixed).unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stdout));
    let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let pids = report["pids"].as_array().unwrap();
    let held: u64 = pids.iter().filter_map(|pid| pid["prefixes"].as_u64()).sum();
    assert_eq!((pids.len(), held), (301, 4), "300 nodes and the default PID with its two");
}
