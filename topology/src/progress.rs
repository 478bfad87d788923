//! How far the reading of a large file has come.

use std::path::Path;

/// Told while files are read, so that a person can be shown a bar. `()` tells nobody.
pub trait Progress: Sync {
    /// `done_bytes` of the file's `total_bytes` are read, as they lie on disk (compressed);
    /// `total_bytes` is 0 where the file has no size, as a pipe.
    fn reading(&self, path: &Path, done_bytes: u64, total_bytes: u64);
}

impl Progress for () {
    fn reading(&self, _path: &Path, _done_bytes: u64, _total_bytes: u64) {}
}
