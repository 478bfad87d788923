//! `p2psp` as one child process or as four, and peers that enrol with it: curl with their
//! certificates, bound to addresses of their own.
//!
//! ```text
//!  OneProcess    oms pams ums ixs, CA      FourProcesses   ums, CA ◄═ oms ═► pams   ixs
//! ```

mod four;
mod provided;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::curl;
use crate::daemon::{Daemon, program};
use crate::http::Answer;
use crate::net::{Space, command};
use crate::outcast::Outcast;
pub use crate::p2psp::provided::Provided;

/// The roles of a provider; OMS answers whatever is of none.
const ROLES: [&str; 4] = ["oms", "pams", "ums", "ixs"];

/// How a provider's roles are spread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// All in one process.
    OneProcess,
    /// Each its own, over mutual TLS; the CA is with UMS.
    FourProcesses,
}

impl Shape {
    /// Both: what a provider does is the same in either.
    pub const BOTH: [Self; 2] = [Self::OneProcess, Self::FourProcesses];
}

/// A running provider; dropped, it is killed.
pub struct P2psp {
    /// The process that has OMS.
    pub daemon: Daemon,
    /// The processes of other roles, by their role.
    others: Vec<(&'static str, Daemon)>,
    state: PathBuf,
    /// The namespace that it runs in.
    place: Option<Space>,
    /// What it was started with, beside its place.
    more: Vec<String>,
}

/// A peer: a certificate of the provider, and an address on this host.
pub struct Peer {
    folder: PathBuf,
    address: String,
    /// URL by role.
    servers: Vec<(&'static str, String)>,
    /// The hash of its key.
    pub id: String,
}

/// Runs a command of `p2psp` to its end; its standard output.
///
/// # Errors
/// It cannot be started, or does not do what it was asked.
pub fn run(arguments: &[&str]) -> anyhow::Result<String> {
    run_in(None, arguments)
}

fn run_in(place: Option<&Space>, arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = command(place, program("p2psp")?);
    let Output { status, stdout, stderr } =
        command.args(arguments).stdin(Stdio::null()).output()?;
    if !status.success() {
        bail!("p2psp {}: {}", arguments.join(" "), String::from_utf8_lossy(&stderr));
    }
    Ok(String::from_utf8(stdout)?)
}

/// Makes the provider's CA below `state`, so that a UNIS can be told of it.
///
/// # Errors
/// As for [`run`].
pub fn found(state: &Path) -> anyhow::Result<()> {
    run(&["pki", "init", "--state-dir", &state.display().to_string()]).map(|_| ())
}

impl P2psp {
    /// Serves on a free port. Peers are not dialled before they are listed, since those of tests
    /// seldom listen; `more` may have it otherwise.
    ///
    /// # Errors
    /// It does not become ready; the error holds its log.
    pub fn start(state: &Path, more: &[&str]) -> anyhow::Result<Self> {
        Self::start_at(state, "127.0.0.1:0", more)
    }

    /// Kills the server and starts it again where it was, as after a crash.
    ///
    /// # Errors
    /// As for [`P2psp::start`].
    pub fn crash(&mut self) -> anyhow::Result<()> {
        self.kill()?;
        self.back()
    }

    /// Kills the server at once, as a crash does.
    ///
    /// # Errors
    /// It does not die.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.daemon.signal("KILL")?;
        self.daemon.wait_for_exit().map(|_| ())
    }

    /// Starts a server that was killed again where it was.
    ///
    /// # Errors
    /// As for [`P2psp::start`].
    pub fn back(&mut self) -> anyhow::Result<()> {
        let listen = self.daemon.url.trim_start_matches("https://").to_owned();
        let more: Vec<&str> = self.more.iter().map(String::as_str).collect();
        let again = Self::start_at(&self.state, &listen, &more)?;
        *self = again;
        Ok(())
    }

    fn start_at(state: &Path, listen: &str, more: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(program("p2psp")?);
        command.args(["serve", "--listen", listen, "--set", "overlay.probe=false"]);
        command.arg("--state-dir").arg(state).args(more);
        let daemon = Daemon::start("p2psp", &mut command)?;
        let more = more.iter().map(|&option| option.to_owned()).collect();
        Ok(Self { daemon, others: Vec::new(), state: state.to_owned(), place: None, more })
    }

    /// Serves in a namespace at `address`, under which its peers reach it; they are dialled before
    /// they are listed.
    ///
    /// # Errors
    /// As for [`P2psp::start`].
    pub fn start_in(
        space: &Space,
        address: &str,
        state: &Path,
        more: &[&str],
    ) -> anyhow::Result<Self> {
        let mut command = space.command(program("p2psp")?);
        command.args(["serve", "--listen", &format!("{address}:9443")]);
        let name = address.trim_matches(['[', ']']);
        command.args(["--set", &format!("server-names=[\"{name}\"]")]);
        command.arg("--state-dir").arg(state).args(more);
        let daemon = Daemon::start("p2psp", &mut command)?;
        let (others, place) = (Vec::new(), Some(space.clone()));
        let more = Vec::new();
        Ok(Self { daemon, others, state: state.to_owned(), place, more })
    }

    /// Serves on free ports, in the shape asked for.
    ///
    /// # Errors
    /// As for [`P2psp::start`].
    pub fn start_as(shape: Shape, state: &Path, more: &[&str]) -> anyhow::Result<Self> {
        match shape {
            Shape::OneProcess => Self::start(state, more),
            Shape::FourProcesses => four::start(state, more),
        }
    }

    /// The process that has a role: `oms`, `pams`, `ums` or `ixs`.
    #[must_use]
    pub fn role(&self, role: &str) -> &Daemon {
        let found = self.others.iter().find(|(name, _)| *name == role);
        found.map_or(&self.daemon, |(_, daemon)| daemon)
    }

    fn servers(&self) -> Vec<(&'static str, String)> {
        ROLES.iter().map(|role| (*role, self.role(role).url.clone())).collect()
    }

    /// A token for a peer of `user`.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn invite(&self, user: &str) -> anyhow::Result<String> {
        let url = self.role("ums").url.replace("127.0.0.1", "localhost");
        let state = self.state.display().to_string();
        let order = ["invite", user, "--state-dir", &state, "--url", &url];
        Ok(run_in(self.place.as_ref(), &order)?.trim().to_owned())
    }

    /// Invites `user` and enrols a peer of theirs, which will speak from `address`.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn enrol(&self, user: &str, address: &str) -> anyhow::Result<Peer> {
        let token = self.invite(user)?;
        let folder = self.state.join("peers").join(address.replace(':', "_"));
        let out = folder.display().to_string();
        let name = run(&["pki", "enroll", token.trim(), "--out", &out, "--force"])?;
        let name = name.lines().next().unwrap_or_default();
        let id = name.rsplit('/').next().context("no name")?.to_owned();
        Ok(Peer { folder, address: address.to_owned(), servers: self.servers(), id })
    }

    /// A token for a server of the provider's own, `cs/1` or `rs/1` say.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn server_token(&self, name: &str) -> anyhow::Result<String> {
        let url = self.role("ums").url.replace("127.0.0.1", "localhost");
        let state = self.state.display().to_string();
        let name = format!("p2psp/p2psp/{name}");
        let token = run(&["pki", "token", &name, "--state-dir", &state, "--url", &url])?;
        Ok(token.trim().to_owned())
    }

    /// Enrols a server of the provider's own, `cs/1` or `rs/1`, which will speak from `address`.
    ///
    /// # Errors
    /// The provider refuses, or openssl cannot be run.
    pub fn enrol_server(&self, name: &str, address: &str) -> anyhow::Result<Peer> {
        let token = self.server_token(name)?;
        let folder = self.state.join("peers").join(address.replace(':', "_"));
        let out = folder.display().to_string();
        run(&["pki", "enroll", &token, "--out", &out, "--force"])?;
        let script = "openssl x509 -in \"$1\" -noout -pubkey | openssl pkey -pubin -outform DER \
            | openssl dgst -sha256 -r";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(folder.join("client.pem"));
        let digest = String::from_utf8(command.output()?.stdout)?;
        let id = digest.split(' ').next().context("no digest")?.to_owned();
        Ok(Peer { folder, address: address.to_owned(), servers: self.servers(), id })
    }

    /// Enrols somebody of a whole name, such as `authority/rights`, who will speak from `address`.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn enrol_named(&self, name: &str, address: &str) -> anyhow::Result<Peer> {
        let url = self.role("ums").url.replace("127.0.0.1", "localhost");
        let state = self.state.display().to_string();
        let token = run(&["pki", "token", name, "--state-dir", &state, "--url", &url])?;
        let folder = self.state.join("named").join(name.replace('/', "_"));
        run(&["pki", "enroll", token.trim(), "--out", &folder.display().to_string()])?;
        let (address, servers) = (address.to_owned(), self.servers());
        Ok(Peer { folder, address, servers, id: String::new() })
    }

    /// A peer that enrolled before this server was started again.
    #[must_use]
    pub fn again(&self, peer: &Peer) -> Peer {
        let (folder, address) = (peer.folder.clone(), peer.address.clone());
        Peer { folder, address, servers: self.servers(), id: peer.id.clone() }
    }

    /// The peer whose program keeps its state in `state`, as one that is asked for by curl.
    ///
    /// # Errors
    /// It is not enrolled.
    pub fn peer_in(&self, state: &Path, address: &str) -> anyhow::Result<Peer> {
        let enrolled = std::fs::read(state.join("provider.json"))?;
        let enrolled: Value = serde_json::from_slice(&enrolled)?;
        let name = enrolled["name"].as_str().context("no name")?;
        let id = name.rsplit('/').next().context("no id")?.to_owned();
        let (folder, servers) = (state.join("pki"), self.servers());
        Ok(Peer { folder, address: address.to_owned(), servers, id })
    }

    /// The first operator, from `address`.
    #[must_use]
    pub fn operator(&self, address: &str) -> Peer {
        let (folder, servers) = (self.state.join("pki"), self.servers());
        Peer { folder, address: address.to_owned(), servers, id: String::new() }
    }

    /// A file of its PKI.
    #[must_use]
    pub fn pki(&self, file: &str) -> PathBuf {
        self.state.join("pki").join(file)
    }
}

impl Peer {
    /// A file that it enrolled for: `client.pem`, `client-key.pem`, `ca.pem`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Has a connection to a server of the provider, by its URL, until its certificate is good no
    /// more.
    ///
    /// # Errors
    /// It is not served there.
    pub fn stays(&self, url: &str) -> anyhow::Result<Outcast> {
        let files = ["ca.pem", "client.pem", "client-key.pem"].map(|name| self.file(name));
        let (client, served) = Outcast::connect(url.trim_start_matches("https://"), files)?;
        ensure!(served == "HTTP/1.1 404 Not Found", "{served}");
        Ok(client)
    }

    /// The same peer, with a provider that has started again.
    #[must_use]
    pub fn at(self, provider: &P2psp) -> Self {
        Self { servers: provider.servers(), ..self }
    }

    /// The address that it speaks from.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks, with a body or without.
    ///
    /// # Panics
    /// There is no answer.
    #[must_use]
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        match self.try_ask(method, path, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {path}: {error}"),
        }
    }

    /// The same where the server may not believe the certificate.
    ///
    /// # Errors
    /// There is no answer.
    pub fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let certificate = (self.file("client.pem"), self.file("client-key.pem"));
        let mut command = curl::with(&self.file("ca.pem"), Some((&certificate.0, &certificate.1)));
        command.args(["--interface", &self.address, "--request", method]);
        if let Some(body) = body {
            command.args(["--header", "Content-Type: application/json", "--data"]);
            command.arg(body.to_string());
        }
        let answer = curl::run(command.arg(format!("{}{path}", self.server(path))));
        answer.map_err(anyhow::Error::msg)
    }

    /// The base URL of whoever answers at a path.
    #[must_use]
    pub fn server(&self, path: &str) -> &str {
        let role = path.split('/').nth(1).unwrap_or_default();
        let role = if role == "pki" { "ums" } else { role };
        let found = self.servers.iter().find(|(name, _)| *name == role).or(self.servers.first());
        found.map_or("", |(_, url)| url)
    }

    /// The body of a join or refresh: this peer, at its own address.
    #[must_use]
    pub fn join_request(&self, overlay: &str) -> Value {
        json!({
            "overlay-id": overlay,
            "peer-id": self.id,
            "peer_addr": [{"ip_address": self.address, "port": 7000}],
        })
    }

    /// Joins.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn join(&self, overlay: &str) -> Value {
        granted(&self.ask("POST", "/oms/peer", Some(&self.join_request(overlay))))
    }

    /// Refreshes its part.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn refresh(&self, overlay: &str) -> Value {
        granted(&self.ask("PUT", "/oms/peer", Some(&self.join_request(overlay))))
    }
}

fn granted(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// The addresses of a list, in its order.
#[must_use]
pub fn addresses(answer: &Value) -> Vec<&str> {
    let entries = answer["status"]["peer_info_list"].as_array().map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(|entry| entry["peer_addr"][0]["ip_address"].as_str()).collect()
}
