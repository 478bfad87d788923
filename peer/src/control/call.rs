//! The end of a command: one question over the socket of a running peer.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use link::body::read;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

/// An answer may be this long.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What it does takes no longer than this; hashing a large content takes longest.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// While it works for long, it is asked this often whether it is still there, …
const LOOK: Duration = Duration::from_secs(5);
/// … and says so within this time.
const SILENCE: Duration = Duration::from_secs(10);

/// The control of a running peer.
#[derive(Clone, Debug)]
pub struct Control {
    socket: PathBuf,
}

/// Why a running peer does not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// None is running.
    #[error("no peer is running with the state folder {}; `peer serve` starts one", .0.display())]
    NotRunning(PathBuf),
    /// The connection broke.
    #[error("the running peer does not answer: {0}")]
    Broken(String),
    /// It runs, and says nothing.
    #[error(
        "the running peer has said nothing for {} s; it hangs, or is stopped (SIGCONT wakes it)",
        SILENCE.as_secs()
    )]
    Silent,
    /// It says no.
    #[error("{0}")]
    Refused(String),
}

impl Control {
    /// Through a socket.
    #[must_use]
    pub fn at(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Whether somebody listens at the socket.
    pub async fn is_running(&self) -> bool {
        UnixStream::connect(&self.socket).await.is_ok()
    }

    /// Asks, and reads the answer; waits for as long as the peer shows that it is there.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn ask<R: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<R, CallError> {
        let content = match body {
            Some(body) => serde_json::to_vec(body).map_err(broken)?,
            None => Vec::new(),
        };
        let answer = async {
            let (head, content) = self.send(method, path, content).await?.into_parts();
            if !head.status.is_success() {
                return Err(refused(head.status, content).await);
            }
            let content = read(content, MAX_ANSWER_BYTES, ANSWER_TIMEOUT).await.map_err(broken)?;
            serde_json::from_slice(&content).map_err(broken)
        };
        tokio::select! {
            answer = answer => answer,
            () = self.silence() => Err(CallError::Silent),
        }
    }

    /// Until the peer has not said for a while that it is there.
    async fn silence(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let asked = self.send(Method::GET, "/alive", Vec::new());
            if tokio::time::timeout(SILENCE, asked).await.is_err() {
                return;
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: Vec<u8>,
    ) -> Result<Response<Incoming>, CallError> {
        let stream =
            UnixStream::connect(&self.socket).await.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                    CallError::NotRunning(
                        self.socket.parent().map(Path::to_owned).unwrap_or_default(),
                    )
                }
                _ => broken(error),
            })?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(content)))
            .map_err(broken)?;
        sender.send_request(request).await.map_err(broken)
    }

    /// `GET path` whose content is read while it comes.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn stream(&self, path: &str) -> Result<Incoming, CallError> {
        let (head, content) = tokio::select! {
            answer = self.send(Method::GET, path, Vec::new()) => answer?.into_parts(),
            () = self.silence() => return Err(CallError::Silent),
        };
        match head.status.is_success() {
            true => Ok(content),
            false => Err(refused(head.status, content).await),
        }
    }

    /// `GET path`, read.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get<R: DeserializeOwned>(&self, path: &str) -> Result<R, CallError> {
        self.ask(Method::GET, path, None::<&Value>).await
    }
}

async fn refused(status: StatusCode, content: Incoming) -> CallError {
    let content = match read(content, MAX_ANSWER_BYTES, ANSWER_TIMEOUT).await {
        Ok(content) => content,
        Err(error) => return broken(error),
    };
    let told: Value = serde_json::from_slice(&content).unwrap_or_default();
    CallError::Refused(told["error"].as_str().map_or_else(|| status.to_string(), str::to_owned))
}

fn broken(error: impl ToString) -> CallError {
    CallError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_hangs_is_told_of_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        // As that of a stopped process: the system takes connections, and nobody reads.
        let _listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let control = Control::at(&socket);
        assert!(control.is_running().await);
        let said = control.get::<Value>("/status").await.unwrap_err();
        assert!(matches!(said, CallError::Silent), "{said}");
        assert!(said.to_string().contains("for 10 s"), "{said}");
        assert!(matches!(control.stream("/film").await.unwrap_err(), CallError::Silent));
    }
}
