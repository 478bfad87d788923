//! Names in the operator's files that would move a terminal, or fake a line, where they are shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use system_tests::unis;

/// As TOML writes it: a terminal's escape, a line that is none, a mark of direction, C1's escape.
const EVIL: &str = r#""\u001b]0;x\u0007\n  no warnings\u202e\u009b2J""#;

fn inventory(more: &str) -> String {
    format!(
        "[[pop]]\nname = {EVIL}\nprefixes = [\"192.0.2.0/24\"]\n\
         [[pop]]\nname = \"RM\"\nprefixes = [\"198.51.100.0/24\"]\n\
         [[pop]]\nname = \"MI\"\n\
         [[link]]\nfrom = {EVIL}\nto = \"RM\"\nigp = 1\n{more}"
    )
}

/// What a command says about it, standard error last; nothing of it does harm.
fn said(text: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a\u{1b}[2J.toml");
    std::fs::write(&file, text).unwrap();
    let source = format!("inventory={}", file.display());
    let (command, rest) = arguments.split_first().unwrap();
    let output = unis::run([&[*command, "--source", &source], rest].concat()).unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let shown = out.clone() + &String::from_utf8(output.stderr).unwrap();
    let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!shown.contains(bad), "{arguments:?}: {shown:?}");
    assert!(!shown.lines().any(|line| line.starts_with("  no warnings")), "{shown}");
    (if out.is_empty() { shown } else { out }, output.status.code())
}

#[test]
fn what_commands_print_is_harmless_whatever_names_say() {
    let good = inventory("");
    let (check, code) = said(&good, &["check"]);
    assert_eq!(code, Some(1), "MI is an island: {check}");
    assert!(check.contains("\\u{1b}]0;x\\u{7}\\n  no warnings"), "{check}");
    let rank = ["rank", "--from", "192.0.2.1", "--to", "198.51.100.1", "--explain"];
    let (list, code) = said(&good, &rank);
    assert_eq!(code, Some(0), "{list}");
    assert!(list.contains("\\u{1b}]0;x") && list.contains("-> RM  1"), "{list}");
    assert_eq!(said(&good, &["map"]).1, Some(0));
    let (refusal, code) =
        said(&inventory("[[link]]\nfrom = \"RM\"\nto = \"FI\"\nigp = -1\n"), &["check"]);
    assert_eq!(code, Some(2), "{refusal}");
}

#[test]
fn reports_for_programs_keep_names_as_they_are() {
    let (report, _) = said(&inventory(""), &["check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let nodes = report["pids"].as_array().unwrap().iter().map(|pid| &pid["node"]);
    let name = "\u{1b}]0;x\u{7}\n  no warnings\u{202e}\u{9b}2J";
    assert_eq!(nodes.filter(|node| **node == name).count(), 1, "{report}");
}
