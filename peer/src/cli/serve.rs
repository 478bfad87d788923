//! `peer serve`: the daemon.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::settings::{Inputs, Settings};

/// Arguments of `peer serve`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Where other peers reach this one; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
}

/// Shares and fetches until SIGTERM or SIGINT.
///
/// # Errors
/// This peer is not enrolled, another runs with the same state folder, or the port is taken.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let inputs = Inputs { listen: arguments.listen, ..arguments.inputs.inputs() };
    let settings = Settings::load(&inputs)?;
    let home = Home::open(&settings.state_dir()?)?;
    link::log::init(&settings.log)?;
    run_to_end(async {
        let socket = home.socket();
        let daemon = Daemon::start(home, settings, inputs).await?;
        let status = daemon.node.status();
        writeln!(out, "peer {} port {}", status.peer_id, status.port)?;
        writeln!(out, "control {}", socket.display())?;
        if let Some(page) = &daemon.page {
            // The key is for a person at a terminal, not for a log.
            let shown = io::stdout().is_terminal();
            writeln!(out, "page {}", if shown { page.secret_url() } else { page.url() })?;
        }
        if let Some(admin) = daemon.admin {
            writeln!(out, "admin http://{admin}")?;
        }
        out.flush()?;
        daemon.run().await
    })?;
    Ok(ExitCode::SUCCESS)
}
