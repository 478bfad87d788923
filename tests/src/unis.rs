//! `unis` as a child process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::daemon::{self, Daemon};
use crate::net::{Space, command};

/// A running server; dropped, it is killed.
pub struct Unis {
    daemon: Daemon,
    /// URL of the directory.
    pub url: String,
    /// URL of health and metrics.
    pub admin: String,
    /// Its state directory.
    pub state: PathBuf,
    _folder: tempfile::TempDir,
}

/// The path of the program under test.
///
/// # Errors
/// It is not built.
pub fn program() -> anyhow::Result<PathBuf> {
    daemon::program("unis")
}

/// Runs a command of `unis` to its end.
///
/// # Errors
/// It cannot be started.
pub fn run<S: AsRef<std::ffi::OsStr>>(
    arguments: impl IntoIterator<Item = S>,
) -> anyhow::Result<Output> {
    Ok(Command::new(program()?).args(arguments).stdin(Stdio::null()).output()?)
}

impl Unis {
    /// Serves `sources` over plain HTTP on a free port.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn plain(sources: &[String], more: &[&str]) -> anyhow::Result<Self> {
        let mut arguments = vec!["--plaintext"];
        arguments.extend(more);
        Self::start(sources, &arguments, &[])
    }

    /// Serves `sources` over mutual TLS on a free port, with certificates made at the start.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn mutual(sources: &[String], more: &[&str]) -> anyhow::Result<Self> {
        Self::start(sources, more, &[])
    }

    /// Serves on a free port (unless `more` says which).
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn start(
        sources: &[String],
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        Self::start_in(None, sources, more, environment)
    }

    /// The same in a namespace.
    ///
    /// # Errors
    /// As for [`Unis::start`].
    pub fn start_in(
        place: Option<&Space>,
        sources: &[String],
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        let mut command = command(place, program()?);
        command.arg("serve");
        if !more.contains(&"--state-dir") {
            command.arg("--state-dir").arg(&state);
        }
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        for source in sources {
            command.args(["--source", source]);
        }
        command.args(more).envs(environment.iter().copied());
        let daemon = Daemon::start("unis", &mut command)?;
        let (url, admin) = (daemon.url.clone(), daemon.admin.clone());
        Ok(Self { daemon, url, admin, state, _folder: folder })
    }

    /// A file of the generated PKI: `ca.pem`, `client.pem`, `client-key.pem`.
    #[must_use]
    pub fn pki(&self, file: &str) -> PathBuf {
        self.state.join("pki").join(file)
    }

    /// URL of a path, such as `cost-map-filtered`.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        self.url.replace("/directory", &format!("/{path}"))
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.daemon.authority()
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// Sends a signal by its name, such as `HUP`.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        self.daemon.signal(name)
    }

    /// Waits for a line of the log that contains `text`.
    ///
    /// # Errors
    /// None came in time; the error holds the lines that did.
    pub fn wait_for_log(&self, text: &str) -> anyhow::Result<String> {
        self.daemon.wait_for_log(text)
    }

    /// Asks it to stop (SIGTERM) and waits for its end: its exit code.
    ///
    /// # Errors
    /// It does not stop in time.
    pub fn stop(self) -> anyhow::Result<Option<i32>> {
        self.daemon.stop()
    }

    /// Waits for its end: its exit code, `None` if a signal ended it.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn wait_for_exit(&mut self) -> anyhow::Result<Option<i32>> {
        self.daemon.wait_for_exit()
    }
}

/// Writes `text` to a file of a test, replacing it in one step as an operator's tools do.
///
/// # Errors
/// The file cannot be written.
pub fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    Ok(std::fs::rename(beside, path)?)
}
