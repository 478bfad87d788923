//! Signed pages on the disk: `AFTER.jws`, called after the change that each begins after, and the
//! key that they are signed with.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::home::{make_private, replace};

/// Longest page read back.
const MAX_PAGE_BYTES: u64 = 5 << 20;
/// Longest key read back.
const MAX_KEY_BYTES: u64 = 1024;

/// The folder of pages.
#[derive(Debug)]
pub(crate) struct Pages {
    folder: PathBuf,
}

impl Pages {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        make_private(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    pub(crate) fn key(&self) -> Option<String> {
        read(&self.folder.join("key"), MAX_KEY_BYTES)
    }

    pub(crate) fn keep_key(&self, key: &str) -> io::Result<()> {
        replace(&self.folder.join("key"), key.as_bytes())
    }

    /// The page that begins after change `after`.
    pub(crate) fn read(&self, after: u64) -> Option<String> {
        read(&self.at(after), MAX_PAGE_BYTES)
    }

    pub(crate) fn keep(&self, after: u64, page: &str) -> io::Result<()> {
        replace(&self.at(after), page.as_bytes())
    }

    pub(crate) fn forget(&self, after: u64) {
        let _ = fs::remove_file(self.at(after));
    }

    fn at(&self, after: u64) -> PathBuf {
        self.folder.join(format!("{after}.jws"))
    }
}

fn read(path: &Path, most: u64) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    (found.len() <= most).then(|| fs::read_to_string(path).ok()).flatten()
}
