//! `p2psp check`: settings, and the files that they name.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::cli::InputArguments;
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  p2psp check --config p2psp.toml
  p2psp check --config p2psp.toml --set list.size=30        as it would be with another value";

/// Arguments of `p2psp check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
}

/// Reads everything, and says what would run.
///
/// # Errors
/// Settings or files are refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.inputs.inputs())?;
    for isp in &settings.isp {
        let files =
            [Some(&isp.bundle), isp.crl.as_ref(), isp.certificate.as_ref(), isp.key.as_ref()];
        for file in files.into_iter().flatten() {
            std::fs::metadata(file)
                .with_context(|| format!("isp {:?}: {}", isp.name, file.display()))?;
        }
    }
    let roles: Vec<&str> = settings.role.iter().map(|part| part.as_str()).collect();
    writeln!(out, "roles {}", roles.join(","))?;
    writeln!(out, "state {}", settings.state_dir()?.display())?;
    for isp in &settings.isp {
        let whose = match isp.prefixes.len() {
            0 => "all addresses".to_owned(),
            count => format!("{count} prefixes"),
        };
        writeln!(out, "isp {} at {} for {whose}", isp.name, isp.url)?;
    }
    Ok(ExitCode::SUCCESS)
}
