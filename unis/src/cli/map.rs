//! `unis map`: the network as a drawing (SVG), its PIDs coloured by their cost from one of them.

mod drawing;

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use netmap::Pid;

use crate::cli::InputArguments;
use crate::cli::chosen::Chosen;
use crate::cli::map::drawing::Drawing;

/// Arguments of `unis map`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// PID, or address in it, whose costs give the colours [default: the first PID]
    #[arg(long, value_name = "PID|ADDR")]
    from: Option<String>,
    /// Metric of the costs
    #[arg(long, default_value = "routingcost")]
    metric: String,
    /// Which network, where the settings file has several
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// File to write; standard output without it
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Draws.
///
/// # Errors
/// The files are refused, there is no such PID or metric, or the file cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let chosen = Chosen::load(&arguments.inputs.inputs(), arguments.network.as_deref())?;
    let (network, matrix) = (chosen.network(), chosen.matrix(&arguments.metric)?);
    let snapshot = network.snapshot();
    let from = match &arguments.from {
        None => Pid::new(0),
        Some(text) => {
            let by_address = || snapshot.pid_of(text.parse::<IpAddr>().ok()?);
            let found = snapshot.pids().find(text).or_else(by_address);
            found.with_context(|| {
                format!(
                    "there is no PID {text:?}, nor is it an address in one; `unis check` with the \
                     same arguments lists the PIDs"
                )
            })?
        }
    };
    if snapshot.pids().is_empty() {
        bail!("the network has no PID");
    }
    let svg = Drawing::new(network.topology(), matrix, from).svg();
    match &arguments.out {
        Some(path) => std::fs::write(path, svg).with_context(|| path.display().to_string())?,
        None => out.write_all(svg.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
