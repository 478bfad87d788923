//! The authority's files: where they lie, how they are written, who holds the lock.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::pki::PkiError;

/// Mode of keys, of the ledger and of the directory's other secrets.
pub(crate) const SECRET: u32 = 0o600;
/// Mode of certificates and revocation lists.
pub(crate) const PUBLIC: u32 = 0o644;

/// A directory with an authority's files.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// The lock on a folder; open while it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Folder {
    /// The folder at `path`, whether it is there or not.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The certificates of the CAs that are trusted, the one that issues first.
    pub fn ca(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    /// Their keys.
    pub fn ca_key(&self) -> PathBuf {
        self.path.join("ca-key.pem")
    }

    /// A revocation list of each.
    pub fn crl(&self) -> PathBuf {
        self.path.join("crl.pem")
    }

    /// The server's certificate.
    pub fn server(&self) -> PathBuf {
        self.path.join("server.pem")
    }

    /// The server's key.
    pub fn server_key(&self) -> PathBuf {
        self.path.join("server-key.pem")
    }

    /// The certificate of the first operator, or of who enrolled into this folder.
    pub fn client(&self) -> PathBuf {
        self.path.join("client.pem")
    }

    /// The key to it.
    pub fn client_key(&self) -> PathBuf {
        self.path.join("client-key.pem")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.path.join("ledger.json")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("ledger.log")
    }

    /// Makes the directory, for its owner alone.
    pub(crate) fn create(&self) -> Result<(), PkiError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|source| failed(&self.path, source))
    }

    /// Waits for the lock; blocks.
    pub(crate) fn lock(&self) -> Result<Lock, PkiError> {
        let path = self.path.join("lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(SECRET);
        let file = options.open(&path).map_err(|source| failed(&path, source))?;
        leave_to_owner(&file, &self.path).map_err(|source| failed(&path, source))?;
        file.lock().map_err(|source| failed(&path, source))?;
        Ok(Lock { _file: file })
    }
}

/// Reads a text file; `None` where there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, PkiError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path, source)),
    }
}

/// A file that has to be there.
pub(crate) fn required(path: &Path) -> Result<String, PkiError> {
    let missing = || io::Error::from(io::ErrorKind::NotFound);
    read(path)?.ok_or_else(|| failed(path, missing()))
}

/// Replaces a file as a whole: after a crash it is the old one or the new one, and which is
/// durable.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let passing = directory.join(format!(".{name}.new"));
    let written = || -> io::Result<()> {
        #[cfg(test)]
        crash::before_write()?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let mut file = options.open(&passing)?;
        // One left by a crash keeps its mode otherwise.
        file.set_permissions(Permissions::from_mode(mode))?;
        leave_to_owner(&file, directory)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&passing, path)?;
        File::open(directory)?.sync_all()
    };
    written().map_err(|source| failed(path, source))
}

/// What root writes belongs to the owner of the folder: a server that runs as a user of its own
/// reads what the command line wrote beside it.
pub(crate) fn leave_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    let (owner, own) = (fs::metadata(folder)?, file.metadata()?);
    if own.uid() == 0 && owner.uid() != 0 {
        fchown(file, Some(owner.uid()), Some(owner.gid()))?;
    }
    Ok(())
}

fn failed(path: &Path, source: io::Error) -> PkiError {
    PkiError::Io { path: path.to_owned(), source }
}

/// Where a test has this thread crash: nothing is written after so many writes.
#[cfg(test)]
pub(crate) mod crash {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    pub(crate) fn after(writes: Option<usize>) {
        LEFT.set(writes);
    }

    pub(crate) fn before_write() -> io::Result<()> {
        match LEFT.get() {
            Some(0) => Err(io::Error::other("the test crashes here")),
            left => {
                LEFT.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only root can give files away; who is not, has nothing to give.
    #[test]
    fn what_root_writes_is_the_owners_of_the_folder() {
        const OWNER: u32 = 65_534;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.json");
        let is_root = std::os::unix::fs::chown(folder.path(), Some(OWNER), Some(OWNER)).is_ok();
        write(&path, "{}", SECRET).unwrap();
        drop(Folder::at(folder.path()).lock().unwrap());
        for file in [path, folder.path().join("lock")] {
            let metadata = fs::metadata(&file).unwrap();
            let owner = fs::metadata(folder.path()).unwrap().uid();
            assert_eq!(metadata.uid(), owner, "{}", file.display());
            assert_eq!((owner == OWNER, metadata.mode() & 0o777), (is_root, SECRET));
        }
    }
}
