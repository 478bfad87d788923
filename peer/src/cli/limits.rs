//! `peer limits`: show or change what the running peer gives and takes at most.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::cli::session::Session;
use crate::settings::{Limits, Window};

const LASTING: &str = "\
They hold at once, until the running peer ends. To keep them, write what this prints below [limits]
of its settings file (`peer config default` prints one).";

/// Arguments of `peer limits`; without any, prints those in force.
#[derive(Args, Debug)]
#[command(after_help = LASTING)]
pub struct Arguments {
    /// Sent to all peers together, kbit/s; 0 is no bound
    #[arg(long, value_name = "KBIT/S")]
    up: Option<u64>,
    /// Received from all peers together, kbit/s; 0 is no bound
    #[arg(long, value_name = "KBIT/S")]
    down: Option<u64>,
    /// Sent to one peer, kbit/s; 0 is no bound
    #[arg(long, value_name = "KBIT/S")]
    peer_up: Option<u64>,
    /// Received from one peer, kbit/s; 0 is no bound
    #[arg(long, value_name = "KBIT/S")]
    peer_down: Option<u64>,
    /// Sent to users of class 0, 1, …, kbit/s; 0 is no bound
    #[arg(long, value_name = "KBIT/S", value_delimiter = ',')]
    class_up: Option<Vec<u64>>,
    /// Connections with peers
    #[arg(long, value_name = "COUNT")]
    connections: Option<usize>,
    /// Other rates at a time of the day, such as 22:00-06:00=0,8000: up and down, kbit/s; several
    /// may be given, the first that fits counts, and those that were there go
    #[arg(long = "window", value_name = "FROM-TO=UP,DOWN", value_parser = window)]
    windows: Vec<Window>,
    /// No other rates at any time of the day
    #[arg(long, conflicts_with = "windows")]
    no_windows: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Changes what is named and prints what is in force; it holds until the peer ends.
///
/// # Errors
/// No peer is running, or a limit makes no sense.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let control = Session::running(&arguments.inputs)?;
    let (limits, is_changed): (Limits, bool) = run_to_end(async {
        let before: Limits = control.get("/limits").await?;
        let wanted = changed(arguments, before.clone());
        if wanted == before {
            return Ok((before, false));
        }
        Ok((control.ask(Method::PUT, "/limits", Some(&wanted)).await?, true))
    })?;
    if is_changed {
        eprintln!("until the running peer ends; below [limits] of its settings file they stay");
    }
    write!(out, "{}", toml::to_string_pretty(&limits)?)?;
    Ok(ExitCode::SUCCESS)
}

fn changed(arguments: &Arguments, before: Limits) -> Limits {
    Limits {
        up_kbps: arguments.up.unwrap_or(before.up_kbps),
        down_kbps: arguments.down.unwrap_or(before.down_kbps),
        peer_up_kbps: arguments.peer_up.unwrap_or(before.peer_up_kbps),
        peer_down_kbps: arguments.peer_down.unwrap_or(before.peer_down_kbps),
        class_up_kbps: arguments.class_up.clone().unwrap_or(before.class_up_kbps),
        connections: arguments.connections.unwrap_or(before.connections),
        window: match (arguments.no_windows, arguments.windows.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => before.window,
            (false, false) => arguments.windows.clone(),
        },
    }
}

/// `22:00-06:00=0,8000`.
fn window(text: &str) -> Result<Window, String> {
    let read = || {
        let (times, rates) = text.split_once('=')?;
        let (from, to) = times.split_once('-')?;
        let (up, down) = rates.split_once(',')?;
        let (from, to) = (from.trim().to_owned(), to.trim().to_owned());
        let (up_kbps, down_kbps) = (up.trim().parse().ok()?, down.trim().parse().ok()?);
        Some(Window { from, to, up_kbps, down_kbps })
    };
    read().ok_or_else(|| "it is of the form 22:00-06:00=UP,DOWN, in kbit/s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read() {
        let read = window("22:00-06:00=0, 8000").unwrap();
        let (from, to) = ("22:00".to_owned(), "06:00".to_owned());
        assert_eq!(read, Window { from, to, up_kbps: 0, down_kbps: 8000 });
        assert!(window("22:00=1,2").is_err() && window("22:00-23:00=1").is_err());
    }
}
