//! `p2psp serve`: the daemon.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::server::Server;
use crate::settings::{Part, Settings};

const EXAMPLES: &str = "\
Examples:
  p2psp serve --state-dir state --listen 127.0.0.1:7443     all roles, a CA made where there is none
  p2psp serve --config p2psp.toml                           by a file: `p2psp config default`
  p2psp serve --config oms.toml --role oms,pams             two roles here, the others elsewhere";

/// Arguments of `p2psp serve`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Address to serve on; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// Folder for keys, certificates and databases; created, with a CA, if it is not there
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Roles of this process: oms, pams, ums, ixs [default: all]
    #[arg(long, value_name = "ROLE", value_delimiter = ',')]
    role: Vec<Part>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// The settings, certificates or databases are refused, or the address is taken.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut inputs = arguments.inputs.inputs().in_folder(arguments.state_dir.clone());
    inputs.common.listen = arguments.listen;
    inputs.role.clone_from(&arguments.role);
    let settings = Settings::load(&inputs)?;
    link::log::init(&settings.log)?;
    run_to_end(async {
        let server = Server::bind(settings, inputs)?;
        writeln!(out, "serving {}", server.url())?;
        writeln!(out, "admin {}", server.admin_url())?;
        out.flush()?;
        server.run().await
    })?;
    Ok(ExitCode::SUCCESS)
}
