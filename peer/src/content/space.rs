//! Room on the disk for what is to come.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A block of `stat(2)`, bytes.
const BLOCK_BYTES: u64 = 512;

/// A file system, and what is free on it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Space {
    /// Which.
    pub device: u64,
    /// Bytes.
    pub free_bytes: u64,
}

impl Space {
    /// Of the file system that a folder is on, or will be.
    ///
    /// # Errors
    /// The system does not say.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let is_there = |folder: &&Path| folder.exists();
        let there = folder.ancestors().find(is_there).unwrap_or(folder);
        let found = rustix::fs::statvfs(there)?;
        let free_bytes = found.f_bavail.saturating_mul(found.f_frsize);
        Ok(Self { device: fs::metadata(there)?.dev(), free_bytes })
    }
}

/// Bytes that are still to be written of files below `root`, by their paths and sizes: what lies
/// there already takes no room any more.
#[must_use]
pub fn missing_bytes<'a>(root: &Path, files: impl Iterator<Item = (&'a str, u64)>) -> u64 {
    let missing = files.map(|(path, size)| {
        let name = root.join(path);
        if name.exists() {
            return 0;
        }
        let found = fs::metadata(part_of(&name));
        size.saturating_sub(found.map_or(0, |found| found.blocks().saturating_mul(BLOCK_BYTES)))
    });
    missing.sum()
}

/// What a file is called until all of it is here.
#[must_use]
pub(crate) fn part_of(name: &Path) -> PathBuf {
    let mut part = name.as_os_str().to_owned();
    part.push(".mp2p-part");
    part.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn what_lies_there_need_not_come_and_a_hole_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let files = || [("whole", 7), ("part", 3 << 20), ("none", 11)].into_iter();
        assert_eq!(missing_bytes(root, files()), 7 + (3 << 20) + 11);
        fs::write(root.join("whole"), "whole").unwrap();
        let part = fs::File::create(root.join("part.mp2p-part")).unwrap();
        part.set_len(3 << 20).unwrap();
        part.write_all_at(&[7; 1 << 20], 1 << 20).unwrap();
        part.sync_all().unwrap();
        let missing = missing_bytes(root, files());
        assert!((1 << 20..=(2 << 20) + 11).contains(&missing), "{missing}");
        // A folder that is still to be made is on the file system that it will be on.
        assert_eq!(
            Space::of(&root.join("not/yet")).unwrap().device,
            Space::of(root).unwrap().device
        );
    }
}
