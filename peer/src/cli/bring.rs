//! Copies of what is here already to where a command wants it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};

use crate::content::part_of;

/// Compared at a time.
const PIECE_BYTES: usize = 64 << 10;

/// Copies `files`, by their paths below `from`, to below `to`; what is there already and the same
/// stays. The file system may let them share their bytes. Blocks.
///
/// # Errors
/// Another file of that name is there, or the disk refuses.
pub(crate) fn bring(files: &[String], from: &Path, to: &Path) -> anyhow::Result<()> {
    for file in files {
        let (source, target) = (from.join(file), to.join(file));
        if target.exists() {
            let told = || target.display().to_string();
            if !is_same(&source, &target).with_context(told)? {
                bail!("{} is there already, and is something else", target.display());
            }
            continue;
        }
        copy(&source, &target).with_context(|| target.display().to_string())?;
    }
    Ok(())
}

/// Under another name until all of it is there.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = part_of(target);
    let copied = fs::copy(source, &part).and_then(|_bytes| fs::rename(&part, target));
    if copied.is_err() {
        let _ = fs::remove_file(&part);
    }
    copied
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    if fs::canonicalize(one)? == fs::canonicalize(other)? {
        return Ok(true);
    }
    let (mut one, mut other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut here, mut there) = (vec![0; PIECE_BYTES], vec![0; PIECE_BYTES]);
    loop {
        let bytes = one.read(&mut here)?;
        if bytes == 0 {
            return Ok(true);
        }
        other.read_exact(&mut there[..bytes])?;
        if here[..bytes] != there[..bytes] {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_copied_and_nobodys_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("album/live")).unwrap();
        fs::write(from.join("album/a"), "first").unwrap();
        fs::write(from.join("album/live/b"), "second").unwrap();
        let files = ["album/a".to_owned(), "album/live/b".to_owned()];
        for _ in 0..2 {
            bring(&files, &from, &to).unwrap();
            assert_eq!(fs::read(to.join("album/a")).unwrap(), b"first");
            assert_eq!(fs::read(to.join("album/live/b")).unwrap(), b"second");
        }
        assert_eq!(fs::read_dir(to.join("album")).unwrap().count(), 2);
        for other in ["FIRST", "longer than first"] {
            fs::write(to.join("album/a"), other).unwrap();
            let refused = bring(&files, &from, &to).unwrap_err().to_string();
            assert!(refused.contains("is there already"), "{refused}");
            assert_eq!(fs::read_to_string(to.join("album/a")).unwrap(), other);
        }
    }
}
