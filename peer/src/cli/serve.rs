//! `peer serve`: the daemon.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use link::daemon::run_to_end;
use link::shutdown::Shutdown;

use crate::cli::InputArguments;
use crate::control::serve;
use crate::home::Home;
use crate::node::Node;
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
        let shutdown = Shutdown::on_signals()?;
        let socket = home.socket();
        let node = Node::start(home, settings, shutdown.clone()).await?;
        serve(&socket, Arc::clone(&node), shutdown.clone()).await?;
        writeln!(out, "peer {} port {}", node.status().peer_id, node.status().port)?;
        writeln!(out, "control {}", socket.display())?;
        out.flush()?;
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        shutdown.wait().await;
        node.finish().await;
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
