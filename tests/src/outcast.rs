//! A client that keeps a connection until its certificate is good no more, and then tries again.

use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};

use crate::python;

/// The client; what it does is in `clients/revocation.py`.
pub struct Outcast {
    client: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Outcast {
    /// Connects to a host and port, with the files of its CA, certificate and key, and asks; who
    /// has that back has the status line of the answer.
    ///
    /// # Errors
    /// It is not served.
    pub fn connect(authority: &str, files: [PathBuf; 3]) -> anyhow::Result<(Self, String)> {
        let (host, port) = authority.split_once(':').context("no port")?;
        let mut client = python::plain("tests/clients/revocation.py");
        let mut client = client.args([host, port]).args(files).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(client.stdout.take().context("no output")?).lines();
        let mut outcast = Self { client, lines };
        let said = outcast.hear()?;
        let served = said.strip_prefix("served ").with_context(|| said.clone())?.to_owned();
        Ok((outcast, served))
    }

    /// When its connection was closed, after which neither its old session nor a new connection
    /// was let in.
    ///
    /// # Errors
    /// It was.
    pub fn is_out(mut self) -> anyhow::Result<Instant> {
        let said = self.hear()?;
        ensure!(said == "closed", "{said}");
        let closed = Instant::now();
        for refused in ["resumed refused", "new refused"] {
            let said = self.hear()?;
            ensure!(said == refused, "{said}");
        }
        ensure!(self.client.wait()?.success());
        Ok(closed)
    }

    fn hear(&mut self) -> anyhow::Result<String> {
        Ok(self.lines.next().context("the client says nothing more")??)
    }
}
