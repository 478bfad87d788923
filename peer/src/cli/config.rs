//! `peer config`: the documented default file, or the settings in force.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::InputArguments;
use crate::settings::{DEFAULT_FILE, Settings};

/// Arguments of `peer config`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every setting with its default, explained: a settings file to start from
    Default,
    /// The settings in force after file, environment and command line
    Effective(InputArguments),
}

/// Prints what was asked for.
///
/// # Errors
/// The settings are refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        None | Some(What::Default) => write!(out, "{DEFAULT_FILE}")?,
        Some(What::Effective(inputs)) => {
            let settings = Settings::load(&inputs.inputs())?;
            write!(out, "{}", toml::to_string_pretty(&settings)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
