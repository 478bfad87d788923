//! A daemon of ours as a child process: `unis` or `p2psp`.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};

/// A server that is not ready after this long has failed.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A server that was told to stop and has not after this long is killed.
const STOPPED_WITHIN: Duration = Duration::from_secs(40);

/// A running daemon; dropped, it is killed.
pub struct Daemon {
    name: &'static str,
    child: Child,
    /// URL of its service.
    pub url: String,
    /// URL of health and metrics.
    pub admin: String,
    log: Receiver<String>,
    /// Lines that were passed over and still count.
    kept: Mutex<Vec<String>>,
}

/// The path of a program under test.
///
/// # Errors
/// It is not built.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let found =
        test.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| {
        format!("the program `{name}` is not built: run `cargo build --workspace` first")
    })
}

impl Daemon {
    /// Starts `command` and waits until it says that it serves.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        Self::start_with(Stdio::null(), name, command)
    }

    /// The same with something at its standard input.
    ///
    /// # Errors
    /// As for [`Daemon::start`].
    pub fn start_with(
        input: Stdio,
        name: &'static str,
        command: &mut Command,
    ) -> anyhow::Result<Self> {
        let mut child =
            command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let log = follow(name, child.stderr.take().context("no standard error")?);
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
                bail!("{name} is not ready: {}", log.iter().collect::<Vec<_>>().join("\n"))
            }
        };
        let url = announced("serving ")?;
        let admin = announced("admin ")?;
        Ok(Self { name, child, url, admin, log, kept: Mutex::default() })
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
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(line) = kept.iter().find(|line| line.contains(text)) {
            return Ok(line.clone());
        }
        let mut seen = kept;
        while let Ok(line) = self.log.recv_timeout(READY_WITHIN) {
            if line.contains(text) {
                return Ok(line);
            }
            seen.push(line);
        }
        bail!("no log line with {text:?} in: {}", seen.join("\n"))
    }

    /// Waits for a line of the log that contains `text`; the lines before it count for the next
    /// wait.
    ///
    /// # Errors
    /// As for [`Daemon::wait_for_log`].
    pub fn pass_to_log(&self, text: &str) -> anyhow::Result<()> {
        let mut passed = Vec::new();
        while let Ok(line) = self.log.recv_timeout(READY_WITHIN) {
            if line.contains(text) {
                self.kept.lock().unwrap_or_else(PoisonError::into_inner).extend(passed);
                return Ok(());
            }
            passed.push(line);
        }
        bail!("no log line with {text:?} in: {}", passed.join("\n"))
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
        bail!("{} did not stop within {STOPPED_WITHIN:?}", self.name)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a log, as they come; also shown with a failing test.
fn follow(name: &'static str, log: ChildStderr) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(log);
        let mut line = String::new();
        while matches!(reader.by_ref().take(1 << 20).read_line(&mut line), Ok(n) if n > 0) {
            eprint!("[{name}] {line}");
            if sender.send(line.trim_end().to_owned()).is_err() {
                // Nobody waits for lines any more; keep reading so that the server never blocks on
                // its log.
            }
            line.clear();
        }
    });
    lines
}
