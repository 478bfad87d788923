//! The options that say where a daemon's settings come from.

use std::path::PathBuf;

use clap::Args;

use crate::settings::Inputs;

/// Where settings come from.
#[derive(Args, Clone, Debug, Default)]
// A daemon flattens it into a structure of the same name; groups would clash.
#[group(skip)]
pub struct InputArguments {
    /// Settings file (TOML); the command `config default` prints one with every setting explained
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, by its name in that file, such as log.level=info
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl InputArguments {
    /// As settings take them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs { file: self.config.clone(), set: self.set.clone(), ..Inputs::default() }
    }
}
