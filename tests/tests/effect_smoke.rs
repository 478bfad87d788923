//! The measurement of the effect, at its smallest: both sides run to their end on a network of two
//! ISPs, and what they cost is counted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::Command;

use serde_json::Value;
use system_tests::daemon::program;
use system_tests::net::missing;

/// The runs of a record, by side.
fn runs(record: &str) -> Vec<(String, Value)> {
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        (line["side"].as_str().unwrap().to_owned(), line["outcome"].clone())
    };
    record.lines().map(read).collect()
}

#[test]
fn a_small_swarm_of_each_side_gets_all_and_its_bytes_are_counted() {
    if let Some(why) = missing() {
        println!("skipped: {why}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record.jsonl");
    let picture = folder.path().join("effect.svg");
    let mut command = Command::new(program("effect").unwrap());
    command.args(["smoke", "--runs", "1", "--record"]).arg(&record);
    let output = command.arg("--svg").arg(&picture).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let runs = runs(&std::fs::read_to_string(&record).unwrap());
    assert!(runs.iter().any(|(side, _)| side == "ours"), "{said}");
    for (side, outcome) in &runs {
        assert_eq!(outcome["failed"], 0, "{side}: {outcome}");
        let took = outcome["took-s"].as_array().unwrap();
        let counts: Vec<usize> = took.iter().map(|isp| isp.as_array().unwrap().len()).collect();
        // Two peers in each ISP; the first of all seeds.
        assert_eq!(counts, [1, 2], "{side}: {outcome}");
        // The second ISP is entered once at least; with headers a copy is 1.05 at least.
        let copies = outcome["copies"].as_f64().unwrap();
        assert!((1.03..5.0).contains(&copies), "{side}: {outcome}");
    }
    assert!(said.contains("bytes between ISPs"), "{said}");
    assert!(runs.len() < 2 || std::fs::read_to_string(picture).unwrap().contains("libtorrent"));
}
