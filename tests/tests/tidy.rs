//! What the code looks like: file length, headers, names, and which package may use which.

use std::path::Path;

use system_tests::data::project;
use system_tests::source::{rust_files, text};

const MAX_LINES: usize = 400;
const MAX_COLUMNS: usize = 100;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["utils", "common", "misc", "helpers", "manager"];

/// Package folder, and which of ours it may use. Arrows go one way.
const ARROWS: [(&str, &[&str]); 10] = [
    ("unis/netmap", &[]),
    ("unis/alto", &[]),
    ("unis/link", &[]),
    ("unis/client", &["alto", "netmap", "link"]),
    ("topology", &["netmap", "alto"]),
    ("unis", &["topology", "netmap", "alto", "alto-client", "link"]),
    ("p2psp/mp2p", &[]),
    // Never `topology`: the operator's graph stays with the operator.
    ("p2psp", &["mp2p", "alto-client", "netmap", "link"]),
    ("peer", &["mp2p", "alto-client", "netmap", "link"]),
    (
        "tests",
        &["alto", "alto-client", "link", "mp2p", "netmap", "p2psp", "peer", "topology", "unis"],
    ),
];
const OURS: [&str; 10] = [
    "netmap",
    "alto",
    "link",
    "alto-client",
    "topology",
    "unis",
    "mp2p",
    "p2psp",
    "peer",
    "system-tests",
];

#[test]
fn every_file_is_short_and_says_what_it_is() {
    let mut faults = Vec::new();
    for path in rust_files() {
        let content = text(&path);
        let lines = content.lines().count();
        if lines > MAX_LINES {
            faults.push(format!("{}: {lines} lines, {MAX_LINES} are the end", path.display()));
        }
        if !content.starts_with("//! ") {
            faults.push(format!("{}: no header that says what it is", path.display()));
        }
        for (index, line) in content.lines().enumerate() {
            // A drawing or a text in quotes is not broken for its width.
            let breakable = !line.contains(['─', '│', '"', '`']);
            let columns = line.chars().count();
            if breakable && columns > MAX_COLUMNS {
                faults.push(format!("{}:{}: {columns} columns", path.display(), index + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_name_says_something() {
    for path in rust_files() {
        for part in path.iter().filter_map(|part| Path::new(part).file_stem()?.to_str()) {
            assert!(!EMPTY_NAMES.contains(&part), "{}: what is in {part}?", path.display());
        }
    }
}

#[test]
fn imports_name_their_place() {
    for path in rust_files() {
        let content = text(&path);
        let code = content.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, line) in code.lines().enumerate() {
            let relative = line.trim_start().starts_with("use super::");
            assert!(!relative, "{}:{}: use crate::… instead", path.display(), index + 1);
            for unfinished in ["todo!(", "unimplemented!("] {
                // The words stand apart here, or this file would find itself.
                assert!(
                    !line.trim_start().starts_with(unfinished),
                    "{}:{}",
                    path.display(),
                    index + 1
                );
            }
        }
    }
}

#[test]
fn packages_use_only_what_lies_below_them() {
    for (folder, allowed) in ARROWS {
        let manifest = text(&project(folder).join("Cargo.toml"));
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for line in dependencies.lines() {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let bad = OURS.contains(&name) && !allowed.contains(&name);
            assert!(!bad, "{folder} may not use {name}");
        }
    }
}
