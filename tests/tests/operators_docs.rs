//! What `docs/operators` says is there: metrics, log messages, tests, links.

use std::collections::BTreeSet;

use system_tests::curl;
use system_tests::data::{self, project};
use system_tests::p2psp::P2psp;
use system_tests::scrape::Scrape;
use system_tests::source;
use system_tests::unis::Unis;

const PAGES: [&str; 6] = [
    "docs/settings.md",
    "docs/operators/install.md",
    "docs/operators/sizing.md",
    "docs/operators/threat-model.md",
    "docs/operators/failure-scenarios.md",
    "docs/operators/upgrade.md",
];
/// How names of metrics begin.
const METRICS: [&str; 3] = ["unis_", "p2psp_", "process_"];

fn in_backquotes(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Names of metrics in a text; one that ends in `…` stands for several, and is left out.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '…'));
    let is_metric = |word: &&str| METRICS.iter().any(|begin| word.starts_with(begin));
    let words = words.filter(is_metric).filter(|word| !word.ends_with('…'));
    // `p2psp_link` and the like are no names but beginnings of some.
    words.filter(|word| word.matches('_').count() > 1).map(str::to_owned).collect()
}

#[test]
fn every_metric_that_is_named_exists() {
    let folder = tempfile::tempdir().unwrap();
    let provider = P2psp::start(folder.path(), &[]).unwrap();
    let unis = Unis::mutual(&data::small(), &[]).unwrap();
    assert_eq!(curl::run(curl::with_certificate(&unis).arg(&unis.url)).unwrap().status, 200);
    let mut known = BTreeSet::new();
    for admin in [&unis.admin, &provider.daemon.admin] {
        for line in Scrape::of(admin).lines {
            let Some(rest) = line.strip_prefix("# TYPE ") else { continue };
            let (name, _kind) = rest.split_once(' ').unwrap();
            known.insert(name.to_owned());
        }
    }
    for page in PAGES {
        for name in metrics_in(&source::text(&project(page))) {
            assert!(known.contains(&name) || is_registered(&name), "{page}: no metric {name}");
        }
    }
}

/// What nobody asked for yet has no sample and is not shown: then the code has its name.
fn is_registered(name: &str) -> bool {
    let begins = ["unis_link_", "p2psp_link_", "unis_", "p2psp_"];
    let stem = begins.iter().find_map(|begin| name.strip_prefix(begin)).unwrap_or(name);
    let stem = stem.trim_end_matches("_total").trim_end_matches("_bytes");
    let code = ["unis/link/src/metrics.rs", "unis/src/metrics/mod.rs", "p2psp/src/metrics.rs"];
    let named = format!("\"{stem}\"");
    code.iter().any(|file| source::text(&project(file)).contains(&named))
}

#[test]
fn every_promise_has_a_test_that_exists() {
    let tests: BTreeSet<String> =
        source::rust_files().iter().flat_map(|file| source::tests_in(file)).collect();
    let text = source::text(&project("docs/operators/threat-model.md"));
    let promises = text.split("## What holds").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows =
        promises.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise"));
    let mut count = 0;
    for row in rows {
        let named: Vec<&str> = in_backquotes(row.rsplit('|').nth(1).unwrap()).collect();
        assert!(!named.is_empty(), "{row} names no test");
        for name in named {
            assert!(tests.contains(name), "no test is called {name}");
        }
        count += 1;
    }
    assert!(count > 10, "{count} promises");
}

/// In the third column of the table of failures stand messages and metrics.
#[test]
fn every_message_that_is_quoted_is_written_somewhere() {
    let code: String = source::rust_files()
        .iter()
        .filter(|file| !file.starts_with(project("tests")))
        .map(|file| source::text(file))
        .collect();
    let text = source::text(&project("docs/operators/failure-scenarios.md"));
    let mut count = 0;
    for row in text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what")) {
        let cells: Vec<&str> = row.split('|').collect();
        assert_eq!(cells.len(), 6, "{row}");
        for said in in_backquotes(cells[3]) {
            let is_metric = METRICS.iter().any(|begin| said.starts_with(begin));
            if !is_metric && !said.starts_with("systemctl") {
                assert!(code.contains(said), "nothing says {said:?}");
                count += 1;
            }
        }
    }
    assert!(count > 10, "{count} messages");
}

#[test]
fn every_link_leads_somewhere() {
    for page in PAGES.iter().filter(|page| page.starts_with("docs/operators/")) {
        let text = source::text(&project(page));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            let is_there = project("docs/operators").join(file).is_file();
            assert!(is_there, "{page} links to {link}");
        }
    }
}

/// The container file copies folders by name: all of the workspace, and nothing that is not there.
#[test]
fn the_container_is_made_from_all_packages() {
    let text = source::text(&project("deploy/Containerfile"));
    let copied: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|rest| !rest.starts_with("--from"))
        .flat_map(|rest| rest.split(' ').take(rest.split(' ').count() - 1))
        .collect();
    assert!(copied.contains(&"Cargo.lock"), "{copied:?}");
    for path in &copied {
        assert!(project(path).exists(), "{path} is copied and not there");
    }
    let workspace = source::text(&project("Cargo.toml"));
    let members = workspace.split("members = [").nth(1).unwrap().split(']').next().unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let folder = member.split('/').next().unwrap();
        assert!(copied.contains(&folder), "{member} is not copied");
    }
}
