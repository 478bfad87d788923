//! `docs/limits.md` names a setting and tests for each limit: they exist, with these defaults.

use std::collections::{BTreeMap, BTreeSet};

use system_tests::data::project;
use system_tests::source;

/// Threat, setting (may be empty), default, tests.
struct Row {
    threat: String,
    setting: String,
    default: String,
    tests: Vec<String>,
}

fn in_backquotes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn table() -> Vec<Row> {
    let text = source::text(&project("docs/limits.md"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, threat, setting, default, _, tests, _] = cells.as_slice() else { return None };
        let is_row = *threat != "threat" && !threat.starts_with("---");
        is_row.then(|| Row {
            threat: (*threat).to_owned(),
            setting: setting.trim_matches('`').to_owned(),
            default: (*default).to_owned(),
            tests: in_backquotes(tests),
        })
    };
    text.lines().filter_map(row).collect()
}

/// The settings that are not commented out in the documented file, `table.key` and value.
fn defaults_in(file: &str) -> BTreeMap<String, String> {
    let mut table = String::new();
    let mut found = BTreeMap::new();
    for line in source::text(&project(file)).lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with('#'))
        {
            found.insert(format!("{table}{key}"), value.to_owned());
        }
    }
    found
}

/// Those of both servers; where both have one, that of UNIS.
fn defaults() -> BTreeMap<String, String> {
    let mut found = defaults_in("p2psp/src/settings/default.toml");
    found.extend(defaults_in("unis/src/settings/default.toml"));
    found
}

#[test]
fn every_setting_named_has_the_default_named() {
    let defaults = defaults();
    for row in table().iter().filter(|row| !row.setting.is_empty()) {
        let known = defaults.get(&row.setting);
        assert_eq!(known, Some(&row.default), "{}: {}", row.threat, row.setting);
    }
}

#[test]
fn every_limit_of_the_settings_is_in_the_table() {
    let named: BTreeSet<String> = table().into_iter().map(|row| row.setting).collect();
    for setting in defaults().into_keys().filter(|setting| setting.starts_with("limits.")) {
        assert!(named.contains(&setting), "docs/limits.md does not have {setting}");
    }
}

#[test]
fn every_limit_has_a_test_that_exists() {
    let tests: BTreeSet<String> =
        source::rust_files().iter().flat_map(|file| source::tests_in(file)).collect();
    for row in table() {
        assert!(!row.tests.is_empty(), "{} has no test", row.threat);
        for name in row.tests {
            assert!(tests.contains(&name), "{}: no test is called {name}", row.threat);
        }
    }
}
