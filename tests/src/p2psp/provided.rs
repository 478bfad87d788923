//! A provider and the folder that it lives in, as most tests begin.

use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::p2psp::{P2psp, Peer, Shape, run};

/// A running provider and its state.
pub struct Provided {
    /// The provider.
    pub p2psp: P2psp,
    /// Holds its state; dropped, it is removed.
    pub folder: TempDir,
}

impl Provided {
    /// In one process, with further arguments.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(more: &[&str]) -> Self {
        Self::start_as(Shape::OneProcess, more)
    }

    /// In the shape asked for.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start_as(shape: Shape, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let p2psp = P2psp::start_as(shape, &state, more).expect("a provider");
        Self { p2psp, folder }
    }

    /// The state folder; of UMS where each role has its own.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Runs a command of `p2psp` over the state.
    ///
    /// # Errors
    /// It does not do what it was asked.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let state = self.state().display().to_string();
        run(&[arguments, &["--state-dir", &state]].concat())
    }

    /// Has the operator make the overlay `film`.
    ///
    /// # Panics
    /// It is refused.
    pub fn film(&self) {
        let operator = self.p2psp.operator("127.0.0.9");
        let made = operator.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"})));
        assert_eq!(made.status, 201);
    }

    /// A peer that takes part in `film`.
    ///
    /// # Panics
    /// It is refused.
    #[must_use]
    pub fn member(&self, user: &str, address: &str) -> Peer {
        let peer = self.p2psp.enrol(user, address).expect("a peer");
        let _ = peer.join("film");
        peer
    }
}
