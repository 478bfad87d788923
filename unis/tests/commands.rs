//! The command line as it is typed: every command explains itself, and the documented settings
//! file is one that can be used.

use std::process::{Command, Output};

fn unis(arguments: &[&str]) -> Output {
    match Command::new(env!("CARGO_BIN_EXE_unis")).args(arguments).output() {
        Ok(output) => output,
        Err(error) => panic!("unis cannot be run: {error}"),
    }
}

#[test]
fn every_command_explains_itself() {
    for command in ["serve", "check", "rank", "diff", "map", "config", "pki"] {
        let output = unis(&[command, "--help"]);
        let help = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && help.contains("Usage: unis "), "{command}: {help}");
        let overview = unis(&["--help"]);
        assert!(String::from_utf8_lossy(&overview.stdout).contains(&format!("  {command} ")));
    }
}

#[test]
fn the_documented_settings_file_is_one_to_start_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("unis.toml");
    std::fs::write(&file, unis(&["config", "default"]).stdout).unwrap();
    let output = unis(&["config", "effective", "--config", &file.display().to_string()]);
    let effective = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(effective.contains("max-pairs = 100000"), "{effective}");
}

#[test]
fn an_unknown_command_is_refused_with_the_nearest() {
    let output = unis(&["chekc"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("'check'"));
}
