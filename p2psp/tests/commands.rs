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
        "serve", "check", "config", "invite", "pki", "users", "class", "report", "audit", "backup",
        "restore", "takedown", "denylist",
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
