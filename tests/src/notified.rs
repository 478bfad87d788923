//! A service manager's end of sd_notify(3).

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use anyhow::Context;

/// The manager waits no longer for a word.
const WORD_WITHIN: Duration = Duration::from_secs(60);

/// The socket of a service manager.
pub struct Manager {
    folder: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Manager {
    /// A manager that listens.
    ///
    /// # Errors
    /// There is no socket.
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = UnixDatagram::bind(folder.path().join("notify"))?;
        socket.set_read_timeout(Some(WORD_WITHIN))?;
        Ok(Self { folder, socket })
    }

    /// What `NOTIFY_SOCKET` is to be.
    #[must_use]
    pub fn address(&self) -> String {
        self.folder.path().join("notify").display().to_string()
    }

    /// The next words, each a line `KEY=VALUE`.
    ///
    /// # Errors
    /// None come.
    pub fn hears(&self) -> anyhow::Result<Vec<String>> {
        let mut words = [0; 4096];
        let length = self.socket.recv(&mut words).context("nothing heard")?;
        let words = std::str::from_utf8(&words[..length])?;
        Ok(words.lines().map(str::to_owned).collect())
    }
}
