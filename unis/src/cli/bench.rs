//! `unis bench`: what look-up, ranking, cost maps and a build take on this machine, each against the
//! plain way to do it.

mod case;
mod cases;
mod contest;
mod ecs;
mod report;
mod sample;
mod workload;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use netmap::workload::synthetic_prefixes;

use crate::cli::bench::contest::Contest;
use crate::cli::bench::report::Report;
use crate::cli::bench::workload::{Size, Workload};
use crate::cli::{InputArguments, OutputFormat};

/// Arguments of `unis bench`.
#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// A list of prefixes, one a line, plain or gzip; several make one table. Each prefix gets a
    /// random PID
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sources", "config"])]
    prefixes: Vec<PathBuf>,
    /// How many PIDs the prefixes of a list, or the synthetic ones, belong to [default: 5000, with
    /// --quick 500]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pids: Option<u32>,
    /// Where the dice start: the same seed gives the same workload, and the same checksum
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// A few seconds: a twentieth of the table, few rounds; to see that it runs
    #[arg(long)]
    quick: bool,
    /// Measure nothing; write a made-up operator's files of that size into a folder (graph.json,
    /// prefixes.csv), to try a start and reloads with
    #[arg(long, value_name = "DIR", conflicts_with_all = ["sources", "config", "format"])]
    write: Option<PathBuf>,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
}

const HELP: &str = "\
What is measured:
  Without a file, on a synthetic table of Internet size (a million prefixes, each length as often as
  on the Internet) with random costs; with --prefixes on your table; with --source or --config on
  the network that `unis serve` would serve.

  look-up   addresses drawn from the table to their PIDs, one by one and 1,000 at a time
            plain way: a tree bitmap, one by one
  rank      candidates (30 % IPv6) to an ordered list, another source each time
            plain way: tree bitmap, a row of floating-point costs, a sort
  ECS       a query of the endpoint cost service (RFC 7285 s. 11.5.1), from its bytes to those
            of the answer, IPv4 addresses
            plain way: serde_json's Value both ways, tree bitmap, a row of floating-point costs
  cost map  rows of the numerical cost map (RFC 7285 s. 11.2.3) as JSON
            plain way: serde_json of nested maps
  build     the snapshot: check, sort, tag, compile
            plain way: the tree bitmap alone, which is a part of the build

How to read it:
  Both ways have their rounds in turns; times are medians. The ratio is the plain way's time by
  ours, round by round, with the lowest and the highest. On a machine that does other work, trust
  ratios.

Examples:
  unis bench --quick
  unis bench --prefixes ipv4.txt.gz --prefixes ipv6.txt.gz --format json > figures.json
  unis bench --source inventory=network.toml
  unis bench --write sample
  unis serve --source nodelink=sample/graph.json --source prefixes=sample/prefixes.csv";

/// Measures and prints.
///
/// # Errors
/// The files are refused, or what they hold cannot be measured.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (size, contest) = match arguments.quick {
        true => (Size::QUICK, Contest { rounds: 3, round: Duration::from_millis(5) }),
        false => (Size::FULL, Contest { rounds: 15, round: Duration::from_millis(100) }),
    };
    let size = Size { pids: arguments.pids.map_or(size.pids, |pids| pids as usize), ..size };
    if let Some(folder) = &arguments.write {
        let prefixes = match arguments.prefixes.is_empty() {
            true => synthetic_prefixes(size.part, arguments.seed),
            false => workload::read_lists(&arguments.prefixes)?,
        };
        sample::write(folder, &prefixes, size.pids, arguments.seed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let bar = progress();
    bar.set_message("making the workload");
    let inputs = arguments.inputs.inputs();
    let workload = if !inputs.sources.is_empty() || inputs.file.is_some() {
        Workload::of_network(&inputs, size, arguments.seed)?
    } else if arguments.prefixes.is_empty() {
        Workload::synthetic(size, arguments.seed)?
    } else {
        Workload::of_prefixes(&arguments.prefixes, size, arguments.seed)?
    };
    let machine = link::machine::described(env!("CARGO_PKG_VERSION"));
    let cases = cases::all(&workload);
    bar.set_length((cases.len() * contest.rounds) as u64);
    let mut rows = Vec::with_capacity(cases.len());
    for case in cases {
        bar.set_message(case.name.clone());
        rows.push(case.measured(&contest, || bar.inc(1)));
    }
    bar.finish_and_clear();
    let report = Report { machine, seed: arguments.seed, facts: workload.facts(), rows };
    match arguments.format {
        OutputFormat::Text => report.print(out)?,
        OutputFormat::Json => writeln!(out, "{:#}", report.json())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on standard error; nothing where that is no terminal.
fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("[{bar:40}] {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
