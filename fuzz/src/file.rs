//! A file of this process that holds what the fuzzer thought of.

use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for the fuzzer's files"));

/// The one file, with new content.
pub fn holding(bytes: &[u8]) -> PathBuf {
    named("input", bytes)
}

/// A file of this name, with this content.
pub fn named(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("the fuzzer's folder can be written");
    path
}
