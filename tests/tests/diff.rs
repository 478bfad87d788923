//! `unis diff`: what a change of the operator's files would move, before it does.

use serde_json::{Value, json};
use system_tests::data;
use system_tests::unis::run;

/// The README's inventory, and the same after `change`: what `unis diff` says of the two, and its
/// exit code.
fn diff(change: impl Fn(String) -> String, more: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let folder = tempfile::tempdir()?;
    let old = data::small().remove(0);
    let text = std::fs::read_to_string(old.trim_start_matches("inventory="))?;
    let new = folder.path().join("new.toml");
    std::fs::write(&new, change(text))?;
    let new = format!("inventory={}", new.display());
    let output = run(["diff", "--old", &old, "--new", &new].iter().chain(more))?;
    Ok((output.status.code(), String::from_utf8(output.stdout)?))
}

#[test]
fn equal_files_differ_in_nothing() {
    let (exit, text) = diff(|same| same, &[]).unwrap();
    assert_eq!((exit, text.as_str()), (Some(0), "network-map: no change\n"));
}

/// MI to RM is 10, and 42 to the transit behind it, which is 10 + 2 x 16 (the power of two above
/// the largest cost inside). 12 makes 12, and 44.
#[test]
fn a_dearer_link_moves_what_goes_over_it() {
    let dearer = |text: String| text.replace("igp = 10", "igp = 12");
    let (exit, text) = diff(dearer, &[]).unwrap();
    assert_eq!(exit, Some(1));
    let mut lines = text.lines();
    let first = "network-map: pids +0 -0, prefixes +0 -0 ~0, routingcost +0 -0 ~4";
    assert_eq!(lines.next(), Some(first));
    let lines: Vec<&str> = lines.collect();
    assert_eq!(lines.len(), 4, "{text}");
    for line in ["MI → RM: 10 → 12", "RM → MI: 10 → 12", "RM → as64510: 42 → 44"] {
        assert!(lines.contains(&format!("  ~ routingcost {line}").as_str()), "{line} in {text}");
    }
    let (_, text) = diff(dearer, &["--most", "1"]).unwrap();
    assert!(text.ends_with("  ~ … and 3 more of routingcost\n"), "{text}");
    let (_, text) = diff(dearer, &["--format", "json"]).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let costs = &report[0]["costs"][0];
    assert_eq!([&costs["metric"], &costs["changed"]], [&json!("routingcost"), &json!(4)]);
    let pair = json!({"from": "MI", "to": "RM", "old": 10, "new": 12});
    assert!(costs["largest"].as_array().unwrap().contains(&pair), "{report:#}");
}

/// The pairs of a PID that came or went are counted, and do not hide what moved between others.
#[test]
fn what_stays_is_told_apart_from_what_came_and_went() {
    let (exit, text) =
        diff(|text| text.replace("igp = 10", "igp = 12").replace("\"MI\"", "\"Milano\""), &[])
            .unwrap();
    assert_eq!(exit, Some(1));
    for line in ["  + PID Milano", "  - PID MI"] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    assert!(text.contains("  ~ routingcost RM → as64510: 42 → 44"), "{text}");
    assert!(!text.contains("Milano →") && !text.contains("→ Milano"), "{text}");
}

#[test]
fn a_prefix_that_moves_is_told_with_both_places() {
    let moved = |text: String| {
        text.replace(r#", "2001:db8:1::/48"]"#, "]").replace(
            r#"prefixes = ["198.51.100.0/24"]"#,
            r#"prefixes = ["198.51.100.0/24", "2001:db8:1::/48"]"#,
        )
    };
    let (exit, text) = diff(moved, &[]).unwrap();
    assert_eq!(exit, Some(1));
    assert!(text.contains("  ~ 2001:db8:1::/48 from MI to RM\n"), "{text}");
}

#[test]
fn a_version_without_files_is_told_how_to_name_them() {
    let small = data::small().remove(0);
    for (given, missing) in [("--old", "--new FORMAT=PATH"), ("--new", "--old FORMAT=PATH")] {
        let output = run(["diff", given, &small]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(missing), "{said}");
    }
}
