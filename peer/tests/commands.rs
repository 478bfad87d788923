//! The command line as it is typed.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::process::Command;

fn peer(arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_peer")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_help_teaches_the_first_steps() {
    let (done, help, _) = peer(&["--help"]);
    assert!(done);
    for taught in ["peer enroll TOKEN", "peer share", "peer get", "peer search"] {
        assert!(help.contains(taught), "{taught} is not in {help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn the_default_settings_are_a_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("peer.toml");
    let (_, text, _) = peer(&["config", "default"]);
    std::fs::write(&file, text).unwrap();
    let (done, effective, error) =
        peer(&["config", "effective", "--config", &file.display().to_string()]);
    assert!(done && effective.contains("up-kbps = 0"), "{error}");
    let (done, _, error) = peer(&["config", "effective", "--set", "limits.upkbps=1"]);
    assert!(!done && error.contains("did you mean `up-kbps`?"), "{error}");
}

#[test]
fn a_peer_that_is_not_enrolled_is_told_how() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().display().to_string();
    let (done, _, error) = peer(&["get", "film", "--state-dir", &state]);
    assert!(!done && error.contains("`peer enroll TOKEN` gets one"), "{error}");
}
