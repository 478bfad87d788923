//! The command `config` of a daemon: its documented default file, or the settings in force.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Arguments that settings come from.
pub trait Sources: Args {
    /// The documented default file.
    const DEFAULT_FILE: &'static str;

    /// The settings in force, as TOML.
    ///
    /// # Errors
    /// The settings are refused.
    fn in_force(&self) -> anyhow::Result<String>;
}

/// Arguments of the command `config`.
#[derive(Args, Debug)]
pub struct Arguments<S: Sources> {
    #[command(subcommand)]
    what: Option<What<S>>,
}

#[derive(Debug, Subcommand)]
enum What<S: Sources> {
    /// Every setting with its default, explained: a settings file to start from
    Default,
    /// The settings in force after file, environment and command line
    Effective(S),
}

/// Prints what was asked for.
///
/// # Errors
/// The settings are refused.
pub fn run<S: Sources>(arguments: &Arguments<S>, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        None | Some(What::Default) => write!(out, "{}", S::DEFAULT_FILE)?,
        Some(What::Effective(sources)) => write!(out, "{}", sources.in_force()?)?,
    }
    Ok(ExitCode::SUCCESS)
}
