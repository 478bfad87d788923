//! `peer limits`: show or change what the running peer gives and takes at most.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::cli::session::Session;
use crate::control::message::LimitsInForce;
use crate::settings::{Limits, Window};

const LASTING: &str = "\
They hold at once, and stay over restarts until they are changed again; all that was not changed is
as [limits] of the settings says (`peer config default` prints them). `--reset` brings all of them
back to the settings'.";

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
    /// Sent to users of class 0, 1, …, kbit/s, such as 500,0,2000; 0 is no bound, "" none for any
    #[arg(long, value_name = "KBIT/S,…", value_parser = classes)]
    class_up: Option<Classes>,
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
    /// Back to the limits of the settings; what is changed besides, is changed from there
    #[arg(long)]
    reset: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Changes what is named and prints what is in force, and where that comes from.
///
/// # Errors
/// No peer is running, or a limit makes no sense.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let control = Session::running(&arguments.inputs)?;
    let now: LimitsInForce = run_to_end(async {
        let before: LimitsInForce = match arguments.reset {
            true => control.ask(Method::DELETE, "/limits", None::<&()>).await?,
            false => control.get("/limits").await?,
        };
        let wanted = changed(arguments, before.limits.clone());
        if wanted == before.limits {
            return Ok(before);
        }
        Ok(control.ask(Method::PUT, "/limits", Some(&wanted)).await?)
    })?;
    write!(out, "{}{}", origin(&now), toml::to_string_pretty(&now.limits)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Where the limits come from, and which window of the day holds now, as comments above them.
fn origin(now: &LimitsInForce) -> String {
    let mut told = match &now.chosen[..] {
        [] => "# as the settings say\n".to_owned(),
        some => format!(
            "# set by command, until --reset: {}; the rest as the settings say\n",
            some.join(", ")
        ),
    };
    if let Some(Window { from, to, up_kbps, down_kbps }) = &now.window {
        told += &format!("# now, from {from} to {to}: up-kbps {up_kbps}, down-kbps {down_kbps}\n");
    }
    told
}

fn changed(arguments: &Arguments, before: Limits) -> Limits {
    Limits {
        up_kbps: arguments.up.unwrap_or(before.up_kbps),
        down_kbps: arguments.down.unwrap_or(before.down_kbps),
        peer_up_kbps: arguments.peer_up.unwrap_or(before.peer_up_kbps),
        peer_down_kbps: arguments.peer_down.unwrap_or(before.peer_down_kbps),
        class_up_kbps: arguments.class_up.clone().map_or(before.class_up_kbps, |rates| rates.0),
        connections: arguments.connections.unwrap_or(before.connections),
        window: match (arguments.no_windows, arguments.windows.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => before.window,
            (false, false) => arguments.windows.clone(),
        },
    }
}

/// A rate for each class, from 0 on.
#[derive(Clone, Debug)]
struct Classes(Vec<u64>);

/// `500,0,2000`, or nothing.
fn classes(text: &str) -> Result<Classes, String> {
    if text.trim().is_empty() {
        return Ok(Classes(Vec::new()));
    }
    let rates = text.split(',').map(|rate| rate.trim().parse::<u64>());
    let rates = rates.collect::<Result<_, _>>();
    rates.map(Classes).map_err(|_| "it is of the form 500,0,2000, in kbit/s".to_owned())
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
    use clap::Parser;

    use super::*;

    #[test]
    fn windows_are_read_and_what_was_set_is_told_apart() {
        let read = window("22:00-06:00=0, 8000").unwrap();
        let (from, to) = ("22:00".to_owned(), "06:00".to_owned());
        assert_eq!(read, Window { from, to, up_kbps: 0, down_kbps: 8000 });
        let mut now = LimitsInForce { limits: Limits::default(), chosen: Vec::new(), window: None };
        assert_eq!(origin(&now), "# as the settings say\n");
        now.window = Some(read);
        now.chosen = vec!["up-kbps".to_owned(), "window".to_owned()];
        let some = "# set by command, until --reset: up-kbps, window; the rest as the settings say\n\
                    # now, from 22:00 to 06:00: up-kbps 0, down-kbps 8000\n";
        assert_eq!(origin(&now), some);
        assert!(window("22:00=1,2").is_err() && window("22:00-23:00=1").is_err());
    }

    #[test]
    fn rates_of_classes_are_set_and_taken_away_again() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            limits: Arguments,
        }
        let set = Limits { class_up_kbps: vec![1, 2], ..Limits::default() };
        for (text, rates) in [("500, 0,2000", vec![500, 0, 2000]), ("", Vec::new())] {
            let line = Line::try_parse_from(["limits", "--class-up", text]).unwrap();
            assert_eq!(changed(&line.limits, set.clone()).class_up_kbps, rates);
        }
        assert_eq!(changed(&Line::parse_from(["limits"]).limits, set.clone()), set);
        for text in ["1,,2", "x", "-1", "1,"] {
            assert!(classes(text).unwrap_err().contains("500,0,2000"), "{text}");
        }
    }
}
