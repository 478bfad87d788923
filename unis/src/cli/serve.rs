//! `unis serve`: the daemon.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::server::{Server, Start};
use crate::settings::{Inputs, Settings};

/// Arguments of `unis serve`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Address to serve on; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Folder for keys, certificates and the revocation list; created, with a CA, if it is not
    /// there
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Plain HTTP, and every client sees everything; on loopback addresses only
    #[arg(long)]
    plaintext: bool,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// The settings, the operator's files or the certificates are refused, or the address is taken.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let inputs = Inputs {
        listen: arguments.listen,
        state_dir: arguments.state_dir.clone(),
        ..arguments.inputs.inputs()
    };
    let settings = Settings::load(&inputs)?;
    link::log::init(&settings.log)?;
    run_to_end(async {
        let start = Start { inputs, settings, plaintext: arguments.plaintext };
        let server = Server::bind(start).await?;
        writeln!(out, "serving {}", server.url())?;
        writeln!(out, "admin {}", server.admin_url())?;
        out.flush()?;
        server.run().await
    })?;
    Ok(ExitCode::SUCCESS)
}
