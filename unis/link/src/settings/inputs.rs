//! What a command line says about settings, whatever the daemon.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::{Layered, SettingsError, merge};

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// `--set key=value`.
    pub set: Vec<String>,
    /// `--state-dir DIR`.
    pub state_dir: Option<PathBuf>,
    /// `--listen IP:PORT`.
    pub listen: Option<SocketAddr>,
}

/// Settings of a daemon with an address and a state folder, which options of its own name.
pub trait Placed: Layered {
    /// Where it listens.
    fn listen(&mut self) -> &mut SocketAddr;
    /// Where it keeps its things.
    fn state_dir(&mut self) -> &mut Option<PathBuf>;
}

impl Inputs {
    /// Merges the layers; `environment` is all variables, of which those with the daemon's prefix
    /// count.
    ///
    /// # Errors
    /// As for [`merge`].
    pub fn layered<S: Placed>(
        &self,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<S, SettingsError> {
        let mut settings: S = merge(self.file.as_deref(), environment, &self.set)?;
        if let Some(listen) = self.listen {
            *settings.listen() = listen;
        }
        if let Some(state_dir) = &self.state_dir {
            *settings.state_dir() = Some(state_dir.clone());
        }
        Ok(settings)
    }
}
