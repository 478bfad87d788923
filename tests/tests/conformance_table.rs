//! `docs/conformance.md` names a test for each row of RFC 7285 and each requirement of TR 20002, and
//! each named test exists.

use std::collections::{BTreeMap, BTreeSet};

use system_tests::data::project;
use system_tests::source;

/// Testable statements of RFC 7285 by group: 155 in all.
const ROWS: [(char, usize); 10] = [
    ('A', 17),
    ('B', 16),
    ('C', 22),
    ('D', 16),
    ('E', 15),
    ('F', 12),
    ('G', 18),
    ('H', 13),
    ('I', 15),
    ('J', 11),
];

/// Requirements of TR 20002 clause 7: 57 in all. The text has no Reso-100 and Net-130 is its last.
const REQUIREMENTS: [(&str, &[u16]); 8] = [
    ("Traffic", &[10, 20, 30, 40, 50, 60, 70, 80]),
    ("Coop", &[10, 20, 30, 40, 50, 60, 70, 80]),
    ("Content", &[10, 20, 30, 40, 50, 60]),
    ("Serv", &[10, 20]),
    ("Reso", &[10, 20, 30, 40, 50, 60, 70, 80, 90, 110]),
    ("User", &[10, 20, 30, 40, 50, 60]),
    ("Dist", &[10, 20, 30, 40]),
    ("Net", &[10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130]),
];

/// Row id → names in backquotes of its third column, and its state.
fn table() -> BTreeMap<String, (Vec<String>, String)> {
    let text = std::fs::read_to_string(project("docs/conformance.md")).unwrap_or_default();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, _, tests, state, _] = cells.as_slice() else { return None };
        let is_row = id.len() >= 2
            && id.starts_with(|c: char| c.is_ascii_uppercase())
            && id[1..].parse::<u8>().is_ok();
        let is_requirement = id.split_once('-').is_some_and(|(_, number)| number.len() == 3);
        let is_id = is_row || is_requirement;
        let names = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        is_id.then(|| ((*id).to_owned(), (names, (*state).to_owned())))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_row_of_rfc7285_is_in_the_table() {
    let table = table();
    for (group, count) in ROWS {
        for number in 1..=count {
            let id = format!("{group}{number}");
            assert!(table.contains_key(&id), "docs/conformance.md has no row {id}");
        }
    }
}

#[test]
fn every_requirement_of_the_framework_is_in_the_table() {
    let table = table();
    let ids = REQUIREMENTS.iter().flat_map(|(group, numbers)| {
        numbers.iter().map(move |number| format!("{group}-{number:03}"))
    });
    let missing: Vec<String> = ids.filter(|id| !table.contains_key(id)).collect();
    assert!(missing.is_empty(), "docs/conformance.md has no row {missing:?}");
    assert_eq!(table.keys().filter(|id| id.contains('-')).count(), 57);
}

#[test]
fn every_named_test_exists_and_carries_its_row() {
    let tests: BTreeSet<String> =
        source::rust_files().iter().flat_map(|file| source::tests_in(file)).collect();
    for (id, (names, state)) in table() {
        assert!(
            !names.is_empty() || state.starts_with("open"),
            "row {id} names no test and is not open"
        );
        for name in names {
            assert!(tests.contains(&name), "row {id} names a test that does not exist: {name}");
            // A scenario shows many requirements; a row of the RFC has tests of its own.
            let prefix = format!("{}_", id.to_ascii_lowercase());
            let is_own = id.contains('-') || name.starts_with(&prefix);
            assert!(is_own, "row {id} names the test of another row: {name}");
        }
    }
}
