//! What the command line says about settings, and how it is laid over file and environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use link::settings::{Layered, SettingsError, merge};

use crate::settings::Settings;

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

/// Merges the layers; `environment` is all variables, of which those with our prefix count.
pub(crate) fn layered(
    inputs: &Inputs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Settings, SettingsError> {
    let mut settings: Settings = merge(inputs.file.as_deref(), environment, &inputs.set)?;
    if let Some(listen) = inputs.listen {
        settings.listen = listen;
    }
    if let Some(state_dir) = &inputs.state_dir {
        settings.state_dir = Some(state_dir.clone());
    }
    Ok(settings)
}

impl Layered for Settings {
    const ENVIRONMENT_PREFIX: &'static str = "PEER__";
    const PATHS: &'static [&'static str] = &["state-dir", "download-dir"];

    fn rebase(&mut self, folder: &Path) {
        self.state_dir = self.state_dir.take().map(|path| folder.join(path));
        self.download_dir = self.download_dir.take().map(|path| folder.join(path));
    }
}
