//! A large file shows on a terminal how far its reading has come, and nowhere else.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use system_tests::{data, python, unis};

/// Rows of a list that is above the size from which a bar is worth it.
const ROWS: u32 = 100_000;

/// A list of many prefixes on one node of the small network: `prefixes=PATH`.
fn large(folder: &Path) -> anyhow::Result<String> {
    let mut text = String::from("prefix,pop\n");
    for row in 0..ROWS {
        let [_, high, mid, low] = row.to_be_bytes();
        writeln!(text, "10.{high}.{mid}.{low}/32,RM")?;
    }
    let path = folder.join("large.csv");
    std::fs::write(&path, text)?;
    Ok(format!("prefixes={}", path.display()))
}

/// What a terminal got from a command.
fn on_a_terminal(arguments: &[&str]) -> anyhow::Result<String> {
    let mut client = python::plain("tests/clients/terminal.py");
    let said = python::finish(client.arg(unis::program()?).args(arguments))?;
    let said: Value = serde_json::from_str(&said)?;
    let text = said["terminal"].as_str().unwrap_or_default().to_owned();
    anyhow::ensure!(matches!(said["code"].as_i64(), Some(0 | 1)), "{arguments:?}: {text}");
    Ok(text)
}

#[test]
fn every_command_that_loads_shows_a_bar_with_a_percentage_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (small, large) = (&data::small()[0], &large(folder.path()).unwrap());
    let state = folder.path().join("state").display().to_string();
    let sources = ["--source", small, "--source", large];
    let diff = ["diff", "--old", small, "--new", small, "--new", large];
    let commands: [Vec<&str>; 5] = [
        [&["check"], &sources[..]].concat(),
        [&["rank", "--from", "10.0.0.1", "--to", "192.0.2.1"], &sources[..]].concat(),
        [&["map"], &sources[..]].concat(),
        diff.to_vec(),
        [&["serve", "--listen", "127.0.0.1:0", "--state-dir", &state], &sources[..]].concat(),
    ];
    for command in commands {
        let text = on_a_terminal(&command).unwrap();
        let bar = text.split('\r').find(|line| line.contains("large.csv ["));
        let bar = bar.unwrap_or_else(|| panic!("{command:?}: no bar in {text:?}"));
        let number = bar.split('%').next().and_then(|before| before.split_whitespace().last());
        let percent = number.and_then(|number| number.parse::<u32>().ok());
        assert!(percent.is_some_and(|percent| percent <= 100), "{command:?}: {bar:?}");
    }
}

#[test]
fn without_a_terminal_there_is_no_bar() {
    let folder = tempfile::tempdir().unwrap();
    let large = large(folder.path()).unwrap();
    let output = unis::run(["check", "--source", &data::small()[0], "--source", &large]).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_small_file_shows_no_bar_on_a_terminal_either() {
    let text = on_a_terminal(&["check", "--source", &data::small()[0]]).unwrap();
    assert!(!text.contains('%'), "{text:?}");
}
