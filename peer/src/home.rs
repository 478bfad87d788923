//! The state folder of a peer: keys, contents, and the socket of its control.
//!
//! ```text
//!  STATE/pki/{ca,client,client-key}.pem   as enrolment writes them
//!  STATE/provider.json                    where the provider is, and our name there
//!  STATE/contents/ID/                     what is shared or fetched, and how far
//!  STATE/played/                          what was fetched to be played and put nowhere else
//!  STATE/cache/ID/                        what is kept for others, where this peer is a cache
//!  STATE/cache.json                       for whom that is
//!  STATE/denylist/                        what is forbidden, as the provider has signed it
//!  STATE/spool/                           reports that the provider has not taken yet
//!  STATE/limits.json                      limits that its user has chosen over the settings'
//!  STATE/page-key                        opens the web page
//!  STATE/control.sock                     commands to a running peer
//!  STATE/lock                             one process at a time
//! ```

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A file of the state folder may be this long.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Longest path of a Unix socket (`sun_path` of unix(7), less its last byte).
const MAX_SOCKET_BYTES: usize = 107;

/// A state folder.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

/// Where the provider is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProviderFile {
    /// Scheme, host and port.
    pub url: String,
    /// Our SPIFFE name: `spiffe://<trust domain>/peer/<id>`.
    pub name: String,
}

impl Home {
    /// At a folder, which is made if it is not there; only its owner sees inside.
    ///
    /// # Errors
    /// It cannot be made, or there is no room for the name of its socket.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        let home = Self::at(folder);
        let bytes = home.socket().as_os_str().len();
        if bytes > MAX_SOCKET_BYTES {
            let socket = home.socket();
            bail!("{}: {bytes} bytes, and a socket has {MAX_SOCKET_BYTES}", socket.display());
        }
        let told = || format!("cannot make the state folder {}", folder.display());
        make_private(folder).with_context(told)?;
        Ok(home)
    }

    /// At a folder that need not be there.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Locked by whoever works on the folder.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Folder of certificate and key.
    #[must_use]
    pub fn pki(&self) -> PathBuf {
        self.folder.join("pki")
    }

    /// Folder of contents.
    #[must_use]
    pub fn contents(&self) -> PathBuf {
        self.folder.join("contents")
    }

    /// Folder of what is kept for others.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// What is reserved with this peer as a cache.
    #[must_use]
    pub fn cache_notes(&self) -> PathBuf {
        self.folder.join("cache.json")
    }

    /// Folder of reports to come.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.folder.join("spool")
    }

    /// Folder of what is played and not to be put anywhere else.
    #[must_use]
    pub fn played(&self) -> PathBuf {
        self.folder.join("played")
    }

    /// Folder of what is forbidden.
    #[must_use]
    pub fn denylist(&self) -> PathBuf {
        self.folder.join("denylist")
    }

    /// Limits that its user has chosen.
    #[must_use]
    pub fn limits(&self) -> PathBuf {
        self.folder.join("limits.json")
    }

    /// The key of the web page.
    #[must_use]
    pub fn page_key(&self) -> PathBuf {
        self.folder.join("page-key")
    }

    /// The control socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    /// Where the provider is, as enrolment left it.
    ///
    /// # Errors
    /// This peer is not enrolled, or the file is damaged.
    pub fn provider(&self) -> anyhow::Result<ProviderFile> {
        let path = self.folder.join("provider.json");
        let text = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
                "{} holds no certificate yet; `peer enroll TOKEN` gets one",
                self.folder.display()
            ),
            Ok(found) if found.len() > MAX_FILE_BYTES => bail!("{}: too long", path.display()),
            _ => fs::read(&path).with_context(|| path.display().to_string())?,
        };
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// Remembers where the provider is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn remember(&self, provider: &ProviderFile) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(provider)?;
        let path = self.folder.join("provider.json");
        replace(&path, &text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Makes a folder that only its owner may enter.
///
/// # Errors
/// It cannot be made.
pub fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes a file whole, for its owner alone: a crash leaves the old one or the new one.
///
/// # Errors
/// It cannot be written; the old one stays.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let passing = path.with_extension("new");
    let mut private = fs::OpenOptions::new();
    let mut file = private.write(true).create(true).truncate(true).mode(0o600).open(&passing)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&passing, path)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// What a file of JSON says that is no longer than `most` bytes.
///
/// # Errors
/// It is not there, longer, or damaged.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, most: u64) -> io::Result<T> {
    let found = fs::metadata(path)?.len();
    if found > most {
        return Err(io::Error::other(format!("{found} bytes are more than {most}")));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_without_enrolment_says_how_to_enrol() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(&folder.path().join("state")).unwrap();
        let error = home.provider().unwrap_err().to_string();
        assert!(error.ends_with("`peer enroll TOKEN` gets one"), "{error}");
        let file = ProviderFile { url: "https://p".into(), name: "spiffe://p/peer/1".into() };
        home.remember(&file).unwrap();
        assert_eq!(home.provider().unwrap(), file);
        let found = fs::metadata(home.folder().join("provider.json")).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_folder_whose_socket_has_no_room_for_its_name_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("d".repeat(100));
        let told = Home::open(&long).unwrap_err().to_string();
        assert!(told.contains("bytes, and a socket has 107") && !long.exists(), "{told}");
    }
}
