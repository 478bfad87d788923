//! What the command line says about settings, and how it is laid over file and environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use link::settings::{Layered, Placed, SettingsError};

use crate::settings::{Part, Settings};

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// What every daemon takes.
    pub common: link::settings::Inputs,
    /// `--role ROLE,…`; empty where not given.
    pub role: Vec<Part>,
}

impl Inputs {
    /// The same with a state folder, where one is given.
    #[must_use]
    pub fn in_folder(mut self, state_dir: Option<PathBuf>) -> Self {
        self.common.state_dir = state_dir;
        self
    }
}

/// Merges the layers; `environment` is all variables, of which those with our prefix count.
pub(crate) fn layered(
    inputs: &Inputs,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Settings, SettingsError> {
    let mut settings: Settings = inputs.common.layered(environment)?;
    if !inputs.role.is_empty() {
        settings.role.clone_from(&inputs.role);
    }
    Ok(settings)
}

impl Placed for Settings {
    fn listen(&mut self) -> &mut SocketAddr {
        &mut self.listen
    }

    fn state_dir(&mut self) -> &mut Option<PathBuf> {
        &mut self.state_dir
    }
}

impl Layered for Settings {
    const ENVIRONMENT_PREFIX: &'static str = "P2PSP__";
    const PATHS: &'static [&'static str] = &["state-dir", "isp", "class"];

    fn rebase(&mut self, folder: &Path) {
        self.state_dir = self.state_dir.take().map(|path| folder.join(path));
        self.class.policy = self.class.policy.take().map(|path| folder.join(path));
        for isp in &mut self.isp {
            isp.bundle = folder.join(&isp.bundle);
            for path in [&mut isp.crl, &mut isp.certificate, &mut isp.key] {
                *path = path.take().map(|path| folder.join(path));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::inputs::{Inputs, layered};

    #[test]
    fn paths_of_a_file_are_relative_to_its_folder_and_the_command_line_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p2psp.toml");
        let text = "provider = \"a\"\n[[isp]]\nname = \"x\"\nurl = \"u\"\nbundle = \"ca.pem\"\n";
        std::fs::write(&path, text).unwrap();
        let set = vec!["list.size=7".to_owned()];
        let common = link::settings::Inputs { file: Some(path.clone()), set, ..Default::default() };
        let inputs = Inputs { common, role: Vec::new() };
        let environment = [("P2PSP__PROVIDER".into(), "b".into())];
        let settings = layered(&inputs, environment.into_iter()).unwrap();
        assert_eq!(settings.isp[0].bundle, folder.path().join("ca.pem"));
        assert_eq!((settings.provider.as_str(), settings.list.size), ("b", 7));
        let set = vec!["lisd.size=7".to_owned()];
        let common = link::settings::Inputs { file: Some(path), set, ..Default::default() };
        let wrong = Inputs { common, role: Vec::new() };
        let error = layered(&wrong, std::iter::empty()).unwrap_err().to_string();
        assert!(error.contains("did you mean `list`?"), "{error}");
    }
}
