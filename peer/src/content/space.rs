//! Room on the disk for what is to come.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Behind the name of a file that is not whole yet.
const PART: &str = ".mp2p-part";
/// Longest name of a file on the usual file systems, bytes.
const MAX_NAME_BYTES: usize = 255;
/// Of the hash that stands for the rest of a name.
const HASH_DIGITS: usize = 8;

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

/// What a file is called until all of it is here: `NAME.mp2p-part`. A name that leaves no room for
/// that is cut, and told apart from others by its hash.
#[must_use]
pub(crate) fn part_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let mut part = name.to_owned();
    if name.len() + PART.len() > MAX_NAME_BYTES {
        let (name, hash) = (name.to_string_lossy(), blake3::hash(name.as_bytes()).to_hex());
        let most = MAX_NAME_BYTES - PART.len() - HASH_DIGITS - 1;
        let kept = (0..=most).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
        part = format!("{}-{:.HASH_DIGITS$}", &name[..kept], hash.as_str()).into();
    }
    part.push(PART);
    path.with_file_name(part)
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

    /// 245 bytes and `.mp2p-part` are 255. The digits are of `b3sum` of the names.
    #[test]
    fn a_name_has_room_for_its_part_however_long_it_is() {
        let part = |name: &str| part_of(Path::new("/d").join(name).as_path());
        assert_eq!(part("film.mkv"), Path::new("/d/film.mkv.mp2p-part"));
        let fits = "n".repeat(245);
        assert_eq!(part(&fits), Path::new("/d").join(format!("{fits}.mp2p-part")));
        let (one, other) = ("é".repeat(127), format!("{}x", "é".repeat(127)));
        assert_eq!(
            part(&one),
            Path::new("/d").join(format!("{}-0ce6ed8b.mp2p-part", "é".repeat(118)))
        );
        assert_eq!(
            part(&other),
            Path::new("/d").join(format!("{}-7dcdd6d7.mp2p-part", "é".repeat(118)))
        );
    }
}
