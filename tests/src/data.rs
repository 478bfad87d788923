//! Where fixtures and data lie.

use std::path::{Path, PathBuf};

/// A path below the root of the project.
#[must_use]
pub fn project(below: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).join(below)
}

/// `FORMAT=PATH` sources of the network of RFC 7285's examples.
#[must_use]
pub fn rfc7285() -> Vec<String> {
    ["network-map.json", "cost-map.json"]
        .map(|file| format!("alto={}", project("tests/fixtures/rfc7285").join(file).display()))
        .to_vec()
}

/// Sources of the German network: 50 cities and 11 neighbours.
#[must_use]
pub fn germany50() -> Vec<String> {
    [("nodelink", "germany50.json"), ("prefixes", "prefixes.csv"), ("neighbours", "neighbours.csv")]
        .map(|(format, file)| {
            format!("{format}={}", project("topology/fixtures/germany50").join(file).display())
        })
        .to_vec()
}

/// Sources of the small inventory: two PoPs and a transit.
#[must_use]
pub fn small() -> Vec<String> {
    vec![format!("inventory={}", project("topology/fixtures/small.toml").display())]
}

/// A path below `MP2P_DATA`, or `None`, with a line that says so, where that is not set.
#[must_use]
pub fn outside(below: &str) -> Option<PathBuf> {
    let path = std::env::var_os("MP2P_DATA").map(|root| Path::new(&root).join(below));
    if path.is_none() {
        eprintln!("not run: MP2P_DATA is not set, so there is no {below}");
    }
    path
}
