//! The command line as it is typed: every command explains itself, and the documented settings
//! file is one that can be used.

use std::process::{Command, Output};

fn p2psp(arguments: &[&str]) -> Output {
    match Command::new(env!("CARGO_BIN_EXE_p2psp")).args(arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("p2psp cannot be run: {error}"),
    }
}

#[test]
fn every_command_explains_itself() {
    for command in [
        "serve", "bench", "openapi", "check", "config", "invite", "pki", "users", "class",
        "report", "audit", "backup", "restore", "takedown", "denylist", "expel", "overlays",
        "peers", "rank",
    ] {
        let output = p2psp(&[command, "--help"]);
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && help.contains("Usage: p2psp "), "{command}: {help}");
        let overview = p2psp(&["--help"]);
        assert!(String::from_utf8_lossy(&overview.stdout).contains(&format!("  {command} ")));
    }
}

#[test]
fn the_documented_settings_file_is_one_to_start_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p2psp.toml");
    std::fs::write(&file, p2psp(&["config", "default"]).stdout).unwrap();
    let output = p2psp(&["config", "effective", "--config", &file.display().to_string()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_bench_measures_all_that_it_says_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ledger").display().to_string();
    let nowhere = folder.path().display().to_string();
    let output =
        p2psp(&["bench", "--quick", "--format", "json", "--folder", &place, "--rival", &nowhere]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> =
        told["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "list of 9, 10 peers, in memory",
            "list of 50, 1000 peers, in memory",
            "passkey, signed anew",
            "passkey, handed out again",
            "list of 50, 1000 peers, mutual TLS",
            "echo of it, 1000 peers, mutual TLS",
            "profile at a join, 256 clients, on the disk",
            "search of 1000 contents",
        ]
    );
    assert!(
        told["rows"].as_array().unwrap().iter().all(|row| row["per-second"].as_f64() > Some(0.0))
    );
    assert!(told["absent"][0].as_str().unwrap().starts_with("no aquatic_udp "));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Values beyond their range change nothing, rather than something else than was said.
#[test]
fn values_beyond_their_range_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().display().to_string();
    for (typed, told) in [
        (&["class", "set", "anna", "256"][..], "0 to 255"),
        (&["class", "set", "anna", "-1"], "0 to 255"),
        (&["class", "set", "anna", "high"], "0 to 255"),
        (&["users", "trust", "anna", "101"], "-100..=100"),
        (&["users", "trust", "anna", "-101"], "-100..=100"),
        (&["invite", "anna", "--ttl-minutes", "10081"], "1 to 10080 minutes"),
    ] {
        let output = p2psp(&[typed, &["--state-dir", &state]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(told), "{typed:?}: {said}");
    }
}

/// Overlay, placing by one ISP, status and score: the bound that operators count with.
#[test]
fn a_peer_takes_at_most_300_bytes_of_memory() {
    let output = p2psp(&["bench", "--weigh", "--members", "100000"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    // A seat of 112, an entry of 104, a row of 12 and an id of 32, at least.
    assert!((260..=300).contains(&bytes), "{bytes}");
}

#[test]
fn a_bench_of_nobody_and_one_of_too_many_are_refused() {
    for members in ["0", "10000001", "-1", "10,0"] {
        let output = p2psp(&["bench", "--only", "list", &format!("--members={members}")]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{members}: {said}");
        assert!(said.contains("--members"), "{members}: {said}");
    }
}
