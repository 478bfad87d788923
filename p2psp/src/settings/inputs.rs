//! What the command line says about settings, and how it is laid over file and environment.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use link::settings::{Layered, SettingsError, merge};

use crate::settings::{Part, Settings};

/// What the command line says about settings.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--config FILE`.
    pub file: Option<PathBuf>,
    /// `--set key=value`.
    pub set: Vec<String>,
    /// `--listen IP:PORT`.
    pub listen: Option<SocketAddr>,
    /// `--state-dir DIR`.
    pub state_dir: Option<PathBuf>,
    /// `--role ROLE,…`; empty where not given.
    pub role: Vec<Part>,
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
    if !inputs.role.is_empty() {
        settings.role.clone_from(&inputs.role);
    }
    Ok(settings)
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
        let inputs = Inputs { file: Some(path.clone()), set, ..Inputs::default() };
        let environment = [("P2PSP__PROVIDER".into(), "b".into())];
        let settings = layered(&inputs, environment.into_iter()).unwrap();
        assert_eq!(settings.isp[0].bundle, folder.path().join("ca.pem"));
        assert_eq!((settings.provider.as_str(), settings.list.size), ("b", 7));
        let wrong =
            Inputs { file: Some(path), set: vec!["lisd.size=7".into()], ..Inputs::default() };
        let error = layered(&wrong, std::iter::empty()).unwrap_err().to_string();
        assert!(error.contains("did you mean `list`?"), "{error}");
    }
}
