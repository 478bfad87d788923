//! The folder of a cache: `FOLDER/ID/`, the files of each content.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use mp2p::id::ContentId;

/// Folders of a content are nested no deeper.
const MAX_DEPTH: usize = 64;
/// A block of `stat(2)`, bytes.
const BLOCK_BYTES: u64 = 512;

/// Where the contents of a cache lie.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// At a folder, which is made if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        crate::home::make_private(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder of a content's files.
    #[must_use]
    pub fn place(&self, content: &ContentId) -> PathBuf {
        self.folder.join(content.as_str())
    }

    /// The contents that lie here, and the bytes that each takes. Blocks.
    #[must_use]
    pub fn all(&self) -> Vec<(ContentId, u64)> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let named = entries.flatten().filter_map(|entry| {
            let content = ContentId::parse(entry.file_name().to_str()?).ok()?;
            Some((content, taken(&entry.path(), MAX_DEPTH)))
        });
        named.collect()
    }

    /// Bytes that are free on its file system.
    ///
    /// # Errors
    /// The system does not say.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.folder)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Deletes a content. Blocks.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, content: &ContentId) -> io::Result<()> {
        match fs::remove_dir_all(self.place(content)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Bytes that files take: holes take none.
fn taken(path: &Path, depth: usize) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() && depth > 0 => taken(&entry.path(), depth - 1),
        Ok(found) => found.blocks().saturating_mul(BLOCK_BYTES),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn holes_take_no_room_and_what_is_removed_none() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(&folder.path().join("cache")).unwrap();
        let content = ContentId::parse(&"a".repeat(64)).unwrap();
        let inside = disk.place(&content).join("deep");
        fs::create_dir_all(&inside).unwrap();
        let file = fs::File::create(inside.join("film.mp2p-part")).unwrap();
        file.set_len(1 << 30).unwrap();
        file.write_all_at(&[7; 1 << 20], 64 << 20).unwrap();
        file.sync_all().unwrap();
        let [(found, bytes)] = &disk.all()[..] else { panic!("not one") };
        assert_eq!(*found, content);
        assert!((1 << 20..2 << 20).contains(bytes), "{bytes}");
        assert!(disk.free_bytes().unwrap() > 0);
        disk.remove(&content).unwrap();
        disk.remove(&content).unwrap();
        assert!(disk.all().is_empty());
    }
}
