//! `unis` as a child process.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, bail};

/// A server that is not ready after this long has failed.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A server that was told to stop and has not after this long is killed.
const STOPPED_WITHIN: Duration = Duration::from_secs(40);

/// A running server; dropped, it is killed.
pub struct Unis {
    child: Child,
    /// URL of the directory.
    pub url: String,
    /// URL of health and metrics.
    pub admin: String,
    /// Its state directory.
    pub state: PathBuf,
    log: Receiver<String>,
    _folder: tempfile::TempDir,
}

/// The path of the program under test.
///
/// # Errors
/// It is not built.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let found =
        test.ancestors().skip(1).map(|folder| folder.join("unis")).find(|path| path.is_file());
    found.context("the program `unis` is not built: run `cargo build --workspace` first")
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
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state");
        let mut command = Command::new(program()?);
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
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let log = follow(child.stderr.take().context("no standard error")?);
        let output = child.stdout.take().context("no standard output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut announced = |word: &str| match lines.recv_timeout(READY_WITHIN) {
            Ok(line) => match line.strip_prefix(word) {
                Some(url) => Ok(url.trim().to_owned()),
                None => bail!("expected a line `{word}URL`, got {line:?}"),
            },
            Err(_) => {
                let _ = child.kill();
                bail!("unis is not ready: {}", log.iter().collect::<Vec<_>>().join("\n"))
            }
        };
        let url = announced("serving ")?;
        let admin = announced("admin ")?;
        Ok(Self { child, url, admin, state, log, _folder: folder })
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
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `HUP`.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status =
            Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        if status.success() { Ok(()) } else { bail!("kill -{name} failed") }
    }

    /// Waits for a line of the log that contains `text`.
    ///
    /// # Errors
    /// None came in time; the error holds the lines that did.
    pub fn wait_for_log(&self, text: &str) -> anyhow::Result<String> {
        let mut seen = Vec::new();
        while let Ok(line) = self.log.recv_timeout(READY_WITHIN) {
            if line.contains(text) {
                return Ok(line);
            }
            seen.push(line);
        }
        bail!("no log line with {text:?} in: {}", seen.join("\n"))
    }

    /// Asks it to stop (SIGTERM) and waits for its end: its exit code.
    ///
    /// # Errors
    /// It does not stop in time.
    pub fn stop(mut self) -> anyhow::Result<Option<i32>> {
        self.signal("TERM")?;
        self.wait_for_exit()
    }

    /// Waits for its end: its exit code, `None` if a signal ended it.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn wait_for_exit(&mut self) -> anyhow::Result<Option<i32>> {
        // The log ends with the process; waiting for its end needs no polling.
        let begin = std::time::Instant::now();
        while begin.elapsed() < STOPPED_WITHIN {
            match self.log.recv_timeout(STOPPED_WITHIN) {
                Ok(_) => {}
                Err(_) => return Ok(self.child.wait()?.code()),
            }
        }
        bail!("unis did not stop within {STOPPED_WITHIN:?}")
    }
}

impl Drop for Unis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a log, as they come; also shown with a failing test.
fn follow(log: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(log);
        let mut line = String::new();
        while matches!(reader.by_ref().take(1 << 20).read_line(&mut line), Ok(n) if n > 0) {
            eprint!("[unis] {line}");
            if sender.send(line.trim_end().to_owned()).is_err() {
                // Nobody waits for lines any more; keep reading so that the server never blocks on
                // its log.
            }
            line.clear();
        }
    });
    lines
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
