//! `peer` as child processes: enrolled with a provider, each at an address of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::daemon::program;
use crate::net::{Space, command};
use crate::p2psp::P2psp;
use crate::wait::until;

/// An enrolled peer, and what it runs.
pub struct PeerProgram {
    state: PathBuf,
    address: String,
    /// Where each role of the provider is, as settings.
    roles: [String; 4],
    /// The namespace that it runs in.
    place: Option<Space>,
    /// What it reads in the place of `/proc/stat`.
    ticks: Option<PathBuf>,
    running: Option<Child>,
}

impl PeerProgram {
    /// Enrols a peer of `user`, at `address`, with its state below `folder`.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn enrol(
        provider: &P2psp,
        user: &str,
        address: &str,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        Self::enrol_in(None, provider, (user, address), folder)
    }

    /// The same in a namespace, where it has `address`.
    ///
    /// # Errors
    /// As for [`PeerProgram::enrol`].
    pub fn enrol_in(
        place: Option<&Space>,
        provider: &P2psp,
        (user, address): (&str, &str),
        folder: &Path,
    ) -> anyhow::Result<Self> {
        Self::with(place, provider, (&provider.invite(user)?, address), folder)
    }

    /// Enrols a server of the provider's own, such as `cs/1`, perhaps in a namespace.
    ///
    /// # Errors
    /// As for [`PeerProgram::enrol`].
    pub fn enrol_server(
        place: Option<&Space>,
        provider: &P2psp,
        (name, address): (&str, &str),
        folder: &Path,
    ) -> anyhow::Result<Self> {
        Self::with(place, provider, (&provider.server_token(name)?, address), folder)
    }

    fn with(
        place: Option<&Space>,
        provider: &P2psp,
        (token, address): (&str, &str),
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut peer = Self::stranger(provider, address, folder);
        peer.place = place.cloned();
        peer.run(&["enroll", token])?;
        Ok(peer)
    }

    /// Whatever the machine has to do, this program's daemon measures processors that are idle.
    /// Whether that can be had: it needs a mount of its own.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn with_idle_processors(&mut self) -> anyhow::Result<bool> {
        let ticks = self.state.join("idle");
        std::fs::write(&ticks, "cpu  0 0 0 0 0 0 0 0 0 0\n")?;
        let mut tried = apart(&ticks, Path::new("true"));
        let can = tried.output().is_ok_and(|output| output.status.success());
        self.ticks = can.then_some(ticks);
        Ok(can)
    }

    /// A program that has not enrolled with `provider`, at `address`.
    #[must_use]
    pub fn stranger(provider: &P2psp, address: &str, folder: &Path) -> Self {
        let state = folder.join(address.replace(':', "_"));
        let roles = ["oms", "pams", "ums", "ixs"];
        let roles = roles.map(|role| format!("provider.{role}={}", provider.role(role).url));
        let address = address.to_owned();
        Self { state, address, roles, place: None, ticks: None, running: None }
    }

    /// Its state folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// A command of it, not started yet.
    ///
    /// # Errors
    /// The program is not built.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        // What is set for one run comes last, and so holds.
        let own = arguments.iter().position(|argument| *argument == "--set");
        let (words, own) = arguments.split_at(own.unwrap_or(arguments.len()));
        let mut command = command(self.place.as_ref(), program("peer")?);
        command.args(words).arg("--state-dir").arg(&self.state);
        command.args(["--set", &format!("source-address={}", self.address)]);
        let listen = match self.address.contains(':') {
            true => format!("listen=[{}]:0", self.address),
            false => format!("listen={}:0", self.address),
        };
        command.args(["--set", &listen]).stdin(Stdio::null());
        self.roles.iter().for_each(|role| {
            command.args(["--set", role]);
        });
        command.args(own);
        Ok(command)
    }

    /// Runs a command to its end; its standard output.
    ///
    /// # Errors
    /// It does not do what it was asked.
    pub fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.output(arguments)?)?)
    }

    /// [`PeerProgram::run`] of a command that writes bytes.
    ///
    /// # Errors
    /// As there.
    pub fn output(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let Output { status, stdout, stderr } = self.command(arguments)?.output()?;
        if !status.success() {
            bail!("peer {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
        }
        Ok(stdout)
    }

    /// A command as a line for a shell, to be run in a terminal.
    ///
    /// # Errors
    /// The program is not built.
    pub fn line(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let command = self.command(arguments)?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words = words.map(|word| format!("'{}'", word.to_string_lossy()));
        Ok(words.collect::<Vec<_>>().join(" "))
    }

    /// Starts a command; its standard output is read while it runs.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, arguments: &[&str]) -> anyhow::Result<Child> {
        Ok(self.command(arguments)?.stdout(Stdio::piped()).spawn()?)
    }

    /// Runs the daemon; it is there when this returns, and killed with this value.
    ///
    /// # Errors
    /// It does not start.
    pub fn serve(&mut self, more: &[&str]) -> anyhow::Result<()> {
        self.serve_with(more, &[])
    }

    /// [`PeerProgram::serve`] with variables of the environment.
    ///
    /// # Errors
    /// As there.
    pub fn serve_with(
        &mut self,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<()> {
        let mut command = self.command(&[&["serve"], more].concat())?;
        if let Some(ticks) = &self.ticks {
            let daemon = command;
            command = apart(ticks, Path::new(daemon.get_program()));
            command.args(daemon.get_args()).stdin(Stdio::null());
        }
        command.envs(environment.iter().copied());
        self.run_daemon(command)
    }

    /// [`PeerProgram::serve`] on sockets that listen at these addresses already, as a service
    /// manager hands them over.
    ///
    /// # Errors
    /// As there.
    pub fn serve_handed(&mut self, sockets: &[&str], more: &[&str]) -> anyhow::Result<()> {
        let peer = self.command(&[&["serve"], more].concat())?;
        let mut command = crate::python::plain("tests/clients/activate.py");
        command.args(sockets.iter().map(|address| format!("tcp={address}"))).arg("--");
        command.arg(peer.get_program()).args(peer.get_args());
        self.run_daemon(command)
    }

    fn run_daemon(&mut self, mut command: Command) -> anyhow::Result<()> {
        let log = std::fs::File::create(self.state.join("log"))?;
        let said = std::fs::File::create(self.state.join("said"))?;
        let child = command.stdout(said).stderr(log).spawn()?;
        self.running = Some(child);
        let mut child = self.running.take().context("no daemon")?;
        let started = until(|| match child.try_wait() {
            Ok(None) => self.status().map(|_| true),
            _ => Ok(false),
        });
        self.running = Some(child);
        match started {
            Ok(true) => Ok(()),
            _ => bail!("peer serve: {}", std::fs::read_to_string(self.state.join("log"))?),
        }
    }

    /// The process of the daemon, while one runs.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(Child::id)
    }

    /// What the daemon printed behind a word when it started.
    ///
    /// # Errors
    /// It did not.
    pub fn said(&self, word: &str) -> anyhow::Result<String> {
        let said = std::fs::read_to_string(self.state.join("said"))?;
        let line = said.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no {word} in {said}"))?.to_owned())
    }

    /// Sends the daemon a signal by its name, such as `HUP`.
    ///
    /// # Errors
    /// There is none, or it cannot be sent.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let id = self.running.as_ref().context("no daemon")?.id();
        let status = Command::new("kill").arg(format!("-{name}")).arg(id.to_string()).status()?;
        if status.success() { Ok(()) } else { bail!("kill -{name} failed") }
    }

    /// Waits for the daemon's own end: its exit code.
    ///
    /// # Errors
    /// There is none.
    pub fn ended(&mut self) -> anyhow::Result<Option<i32>> {
        Ok(self.running.take().context("no daemon")?.wait()?.code())
    }

    /// What the daemon says of itself.
    ///
    /// # Errors
    /// None is running.
    pub fn status(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.run(&["status", "--json"])?)?)
    }

    /// Waits until the daemon's status is as wanted.
    ///
    /// # Errors
    /// It does not become so.
    pub fn until(&self, is_so: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        self.until_says(&["status", "--json"], is_so)
    }

    /// Runs a command that prints JSON until that is as wanted.
    ///
    /// # Errors
    /// It does not become so.
    pub fn until_says(
        &self,
        arguments: &[&str],
        is_so: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        until(|| {
            let said: Value = serde_json::from_str(&self.run(arguments)?)?;
            if is_so(&said) { Ok(said) } else { Err(anyhow::anyhow!("{said}")) }
        })
    }

    /// Shares a file by the daemon; the id of the content.
    ///
    /// # Errors
    /// It is refused.
    pub fn share(&self, path: &Path) -> anyhow::Result<String> {
        let said = self.run(&["share", &path.display().to_string()])?;
        let id = said.split_whitespace().nth(1).context("no id")?;
        Ok(id.to_owned())
    }

    /// Fetches a content into `folder`; what is told of it at the end.
    ///
    /// # Errors
    /// It does not come.
    pub fn get(&self, what: &str, folder: &Path) -> anyhow::Result<Value> {
        let folder = folder.display().to_string();
        Ok(serde_json::from_str(&self.run(&["get", what, "-o", &folder, "--json"])?)?)
    }

    /// Kills the daemon at once, as a crash does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for PeerProgram {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Share of the bytes of a finished transfer that came from peers of this rank, 0 to 1.
#[must_use]
pub fn from_rank(transfer: &Value, rank: u64) -> f64 {
    let empty = Vec::new();
    let shares = transfer["by-rank"].as_array().unwrap_or(&empty);
    let bytes = |share: &Value| share["bytes"].as_f64().unwrap_or_default();
    let all: f64 = shares.iter().map(bytes).sum();
    let of_rank = shares.iter().filter(|share| share["rank"].as_u64() == Some(rank));
    of_rank.map(bytes).sum::<f64>() / all.max(1.0)
}

/// A program to which `ticks` is `/proc/stat`, by a mount that nobody else sees.
fn apart(ticks: &Path, program: &Path) -> Command {
    let mut command = Command::new("unshare");
    let script = r#"mount --bind "$0" /proc/stat && exec "$@""#;
    command.args(["--mount", "sh", "-c", script]).arg(ticks).arg(program);
    command
}
