//! A peer that listens to its events: curl on `GET /oms/events`, read by our own reader.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use mp2p::message::event::Event;
use mp2p::sse::{Reader, Received};

use crate::p2psp::Peer;

/// An open stream; dropped, curl ends.
pub struct Listening {
    curl: Child,
    events: Receiver<Received>,
}

impl Peer {
    /// Begins to listen, after event `after` where one is given.
    ///
    /// # Panics
    /// curl cannot be run.
    #[must_use]
    pub fn listen(&self, after: Option<u64>) -> Listening {
        let mut command = Command::new("curl");
        let query = after.map_or_else(String::new, |after| format!("?after={after}"));
        command.args(["--silent", "--no-buffer", "--fail", "--max-time", "120", "--cacert"]);
        command.arg(self.file("ca.pem")).arg("--cert").arg(self.file("client.pem"));
        command.arg("--key").arg(self.file("client-key.pem"));
        command.args(["--interface", self.address()]);
        command.arg(format!("{}/oms/events{query}", self.server("/oms/events")));
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut curl = spawned.expect("curl can be run");
        let mut output = curl.stdout.take().expect("a pipe");
        let (sender, events) = channel();
        thread::spawn(move || {
            let (mut reader, mut bytes) = (Reader::default(), [0; 4096]);
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let Ok(events) = reader.push(&bytes[..read]) else { return };
                if events.into_iter().any(|event| sender.send(event).is_err()) {
                    return;
                }
            }
        });
        Listening { curl, events }
    }
}

impl Listening {
    /// The next event with its number.
    ///
    /// # Panics
    /// None comes within `within`, or it is none that we know.
    #[must_use]
    pub fn next(&self, within: Duration) -> (u64, Event) {
        match self.events.recv_timeout(within) {
            Ok(Received { seq, event: Some(event) }) => (seq, event),
            Ok(other) => panic!("an event that nobody knows: {other:?}"),
            Err(error) => panic!("no event within {within:?}: {error}"),
        }
    }

    /// The next event of which `wanted` makes something; others are passed over.
    ///
    /// # Panics
    /// None comes within `within`.
    pub fn until<T>(&self, within: Duration, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if let Some(found) = wanted(&self.next(left).1) {
                return found;
            }
        }
    }

    /// Whether the server ended the stream within `within`; events that come are passed over.
    #[must_use]
    pub fn ends(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}
