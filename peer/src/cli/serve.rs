//! `peer serve`: the daemon.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::settings::{Inputs, Role, Settings};

const EXAMPLES: &str = "\
Examples:
  peer serve                                         share and fetch until Ctrl-C or SIGTERM
  peer serve --role peer,cache --set cache.storage-mib=2048
                                                     keep contents for others besides, 2 GiB at most
  peer serve --role cache --config cache.toml        a cache server; `peer status` shows what it keeps";

/// Arguments of `peer serve`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Where other peers reach this one; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT")]
    listen: Option<SocketAddr>,
    /// What it does instead of what the settings say; several with commas between them
    #[arg(long, value_enum, value_delimiter = ',', value_name = "ROLE")]
    role: Option<Vec<Role>>,
}

/// Shares and fetches until SIGTERM or SIGINT.
///
/// # Errors
/// This peer is not enrolled, another runs with the same state folder, or the port is taken.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let mut inputs = Inputs { listen: arguments.listen, ..arguments.inputs.inputs() };
    inputs.set.extend(arguments.role.as_deref().map(setting));
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

/// Roles as one setting of the command line.
fn setting(roles: &[Role]) -> String {
    let values = roles.iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<String> = values.map(|value| format!("{:?}", value.get_name())).collect();
    format!("role=[{}]", names.join(","))
}
