//! `unis config`: the documented default file, or the settings in force.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::InputArguments;
use crate::settings::{DEFAULT_FILE, Settings};

/// Arguments of `unis config`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every setting with its default, explained: a settings file to start from
    Default,
    /// The settings in force after file, environment and command line; secrets are not shown
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
            let mut table = toml::Table::try_from(&settings)?;
            redact(&mut table);
            write!(out, "{}", toml::to_string_pretty(&table)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Replaces what is secret by its name; today that is a user name or password in a URL.
fn redact(table: &mut toml::Table) {
    if let Some(toml::Value::String(url)) = table.get_mut("public-url")
        && let Some((scheme, rest)) = url.split_once("://")
        && let Some((_, host)) = rest.rsplit_once('@')
    {
        *url = format!("{scheme}://***@{host}");
    }
}
