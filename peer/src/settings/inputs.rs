//! How the settings of a peer are laid over each other.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use link::settings::{Layered, Placed};

use crate::settings::Settings;

impl Placed for Settings {
    fn listen(&mut self) -> &mut SocketAddr {
        &mut self.listen
    }

    fn state_dir(&mut self) -> &mut Option<PathBuf> {
        &mut self.state_dir
    }
}

impl Layered for Settings {
    const ENVIRONMENT_PREFIX: &'static str = "PEER__";
    const PATHS: &'static [&'static str] = &["state-dir", "download-dir", "isp", "cache.folder"];

    fn rebase(&mut self, folder: &Path) {
        self.state_dir = self.state_dir.take().map(|path| folder.join(path));
        self.download_dir = self.download_dir.take().map(|path| folder.join(path));
        self.isp.ca = self.isp.ca.take().map(|path| folder.join(path));
        self.cache.folder = self.cache.folder.take().map(|path| folder.join(path));
    }
}
