//! `p2psp bench`: what ranked lists and durable commands take on this machine.

mod ledger;
mod lists;
mod report;
mod world;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};

/// Arguments of `p2psp bench`.
#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// Where the dice start: the same seed gives the same peers, costs and askers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// A fraction of a second each, without the largest overlay; to see that it runs
    #[arg(long)]
    quick: bool,
    /// Folder for the database of the durable commands; its disk is what is measured, and the
    /// folder is removed afterwards [default: a new one below the current folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the figures are printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

const HELP: &str = "\
What is measured, on one core:
  list      a known peer of an overlay refreshes and gets its ranked list of 50: its place renewed,
            candidates near to far by a map of 1,700 PIDs with random costs, their statuses, the
            order. Overlays of 10, 1,000 and 100,000 peers; memory of the largest by peer, status
            included
  profile   what a join writes into the ledger, 256 clients, each waiting for the disk

Examples:
  p2psp bench --quick
  p2psp bench --format json > figures.json";

/// Measures and prints.
///
/// # Errors
/// The folder cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (sizes, time): (&[usize], _) = match arguments.quick {
        true => (&[10, 1000], Duration::from_millis(100)),
        false => (&[10, 1000, 100_000], Duration::from_secs(3)),
    };
    let machine = link::machine::described(env!("CARGO_PKG_VERSION"));
    let map = world::map(arguments.seed)?;
    let mut rows = Vec::new();
    for size in sizes {
        rows.push(lists::measured(&map, *size, arguments.seed, time)?);
    }
    let name = format!("p2psp-bench-{}", std::process::id());
    let folder = arguments.folder.clone().unwrap_or_else(|| PathBuf::from(name));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let durable = runtime.block_on(ledger::measured(&folder, time));
    std::fs::remove_dir_all(&folder)?;
    rows.push(durable?);
    match arguments.format {
        Format::Text => report::print(&machine, arguments.seed, &rows, out)?,
        Format::Json => writeln!(out, "{:#}", report::json(&machine, arguments.seed, &rows))?,
    }
    Ok(ExitCode::SUCCESS)
}
