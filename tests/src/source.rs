//! The project's own source text, for the tests that read it.

use std::path::{Path, PathBuf};

use crate::data::project;

/// Folders of packages, and of the fuzz targets beside their build.
const ROOTS: [&str; 7] = ["unis", "p2psp", "peer", "topology", "tests", "fuzz/src", "fuzz/targets"];

/// All Rust files of the workspace.
#[must_use]
pub fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for root in ROOTS {
        collect(&project(root), &mut files);
    }
    files.sort();
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Text of a file, empty if it cannot be read.
#[must_use]
pub fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Names of the tests in a file.
#[must_use]
pub fn tests_in(path: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in text(path).lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| marked) {
            names.extend(rest.split('(').next().map(str::to_owned));
            marked = false;
        }
    }
    names
}
