//! `p2psp backup` and `p2psp restore`: all of a provider's state in one file.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::backup;
use crate::cli::state::StateArguments;

const EXAMPLES: &str = "\
Databases, keys and certificates, each of one moment, in one file of mode 0600.

Examples:
  p2psp backup p2psp-monday --state-dir state            beside the running server
  p2psp restore p2psp-monday --state-dir state           where none runs";

/// Arguments of `p2psp backup`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct BackupArguments {
    /// The file to make; it holds keys, and is for its owner alone
    file: PathBuf,
    #[command(flatten)]
    state: StateArguments,
}

const RESTORE_EXAMPLES: &str = "\
What the folder has of the same names is replaced; what a newer version or a role that came later
put there stays. A backup of another process of the provider is refused, as is one that was damaged
since it was made. Killed in the middle, it is to be given again before the server starts.

Example:
  p2psp restore p2psp-monday --state-dir state           where no server runs";

/// Arguments of `p2psp restore`.
#[derive(Args, Debug)]
#[command(after_help = RESTORE_EXAMPLES)]
pub struct RestoreArguments {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    state: StateArguments,
}

/// Copies databases and keys beside a server that goes on.
///
/// # Errors
/// The file is there already, or something cannot be read.
pub fn run(arguments: &BackupArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    for name in backup::make(&arguments.state.folder()?, &arguments.file)? {
        writeln!(out, "{name}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts them back, where no server runs.
///
/// # Errors
/// A server runs over the state, or the file is no backup.
pub fn restore(arguments: &RestoreArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    for name in backup::restore(&arguments.file, &arguments.state.folder()?)? {
        writeln!(out, "{name}")?;
    }
    Ok(ExitCode::SUCCESS)
}
