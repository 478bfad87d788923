//! `p2psp bench`: what ranked lists, joins over mutual TLS, durable commands and searches take on
//! this machine, beside an echo server and a tracker.

mod ledger;
mod lists;
mod passkeys;
mod report;
mod search;
mod served;
mod tracker;
mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use link::load::Turns;

use crate::cli::bench::report::Row;

/// Arguments of `p2psp bench`.
#[derive(Args, Debug)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// Where the dice start: the same seed gives the same peers, costs and askers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// A fraction of a second each, without the largest overlays and index; to see that it runs
    #[arg(long)]
    quick: bool,
    /// What is measured [default: all]
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    only: Vec<What>,
    /// Folder for databases and certificates; its disk is what is measured. What is made there is
    /// removed afterwards [default: a new one below the current folder]
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Folder with `aquatic_udp` and `aquatic_udp_load_test` [default: those on PATH, if any]
    #[arg(long, value_name = "FOLDER")]
    rival: Option<PathBuf>,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Serves from this folder, as the other end of a measurement
    #[arg(long, value_name = "DIR", hide = true)]
    serve: Option<PathBuf>,
    /// Sizes of the overlays whose lists are measured in memory [default: 10 to 1,000,000]
    #[arg(long, value_name = "NUMBER", value_delimiter = ',', value_parser = members)]
    members: Vec<usize>,
    /// Tells what a peer takes in an overlay of so many members, bytes
    #[arg(long, hide = true)]
    weigh: bool,
    /// Echoes, with the certificates of this folder
    #[arg(long, value_name = "DIR", hide = true)]
    echo: Option<PathBuf>,
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

/// What is measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum What {
    /// Ranked lists in memory, passkeys
    List,
    /// Joins over mutual TLS, beside an echo server
    Tls,
    /// Durable commands
    Ledger,
    /// Searches
    Search,
    /// A tracker
    Tracker,
}

/// Of an overlay: 2.6 GB of memory.
const MAX_MEMBERS: usize = 10_000_000;

const HELP: &str = "\
What is measured:
  list      a known peer of an overlay refreshes and gets its ranked list of 50: its place renewed,
            candidates near to far by a map of 1,700 PIDs with random costs, their scores, the
            order. On one core. Overlays of 10 to 1,000,000 peers; memory of the
            large ones by peer: membership, status and its history, index
  passkey   signed anew, and handed out again
  tls       the same as requests over mutual TLS, kept connections of 4 peers, each with its own
            certificate; and an echo server with the same certificates that answers as many bytes.
            `percent-of-echo` is the ratio of rates, `-by-work` that of processor time
  ledger    what a join writes into the ledger, 256 clients, each waiting for the disk
  search    1,000,000 contents, words as frequent as in a language, half of the searches with an
            unfinished word; 4 at a time
  tracker   `aquatic_udp` with its load test, if it is there: members in no order, over UDP

Examples:
  p2psp bench --quick
  p2psp bench --only list,tls
  p2psp bench --only list --members 100,1000
  p2psp bench --format json > figures.json";

/// How much of it.
struct Size {
    overlays: &'static [usize],
    served: &'static [usize],
    contents: usize,
    time: Duration,
    turns: Turns,
}

const FULL: Size = Size {
    overlays: &[10, 100, 1000, 10_000, 100_000, 1_000_000],
    served: &[1000, 100_000],
    contents: 1_000_000,
    time: Duration::from_secs(3),
    turns: Turns { rounds: 15, each: Duration::from_millis(200) },
};
const QUICK: Size = Size {
    overlays: &[10, 1000],
    served: &[1000],
    contents: 1000,
    time: Duration::from_millis(100),
    turns: Turns { rounds: 1, each: Duration::from_millis(100) },
};

/// How many members an overlay has: somebody asks, and the machine's memory has an end.
fn members(text: &str) -> Result<usize, String> {
    let count: usize = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    match (1..=MAX_MEMBERS).contains(&count) {
        true => Ok(count),
        false => Err(format!("an overlay of the bench has 1 to {MAX_MEMBERS} members")),
    }
}

/// Measures and prints.
///
/// # Errors
/// The folder cannot be written, or a server does not start.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if let Some(state) = &arguments.serve {
        served::serve(state, arguments.seed, *arguments.members.first().unwrap_or(&1000))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(state) = &arguments.echo {
        served::serve_echo(state)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.weigh {
        let members = *arguments.members.first().unwrap_or(&1000);
        writeln!(out, "{}", lists::weigh(members, arguments.seed)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let machine = link::machine::described(env!("CARGO_PKG_VERSION"));
    let name = format!("p2psp-bench-{}", std::process::id());
    let place = arguments.folder.clone().unwrap_or_default();
    let (folder, was_there) = (place.join(name), place.as_os_str().is_empty() || place.exists());
    std::fs::create_dir_all(&folder)?;
    let measured = rows(arguments, &folder);
    std::fs::remove_dir_all(&folder)?;
    if !was_there {
        // Only this one, and only where it is empty.
        let _ = std::fs::remove_dir(&place);
    }
    let (rows, absent) = measured?;
    match arguments.format {
        Format::Text => report::print(&machine, arguments.seed, &rows, &absent, out)?,
        Format::Json => {
            writeln!(out, "{:#}", report::json(&machine, arguments.seed, &rows, &absent))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures, and what could not be measured.
fn rows(arguments: &Arguments, folder: &Path) -> anyhow::Result<(Vec<Row>, Vec<String>)> {
    let size = if arguments.quick { QUICK } else { FULL };
    let (seed, time) = (arguments.seed, size.time);
    let wants = |what| arguments.only.is_empty() || arguments.only.contains(&what);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut rows, mut absent) = (Vec::new(), Vec::new());
    if wants(What::List) {
        let map = world::map(seed)?;
        let own = &*arguments.members;
        for overlay in if own.is_empty() { size.overlays } else { own } {
            rows.push(lists::measured(&map, *overlay, seed, time)?);
        }
        rows.extend(passkeys::measured(folder, time)?);
    }
    if wants(What::Tls) {
        for members in size.served {
            rows.extend(served::measured(folder, (seed, *members), size.turns)?);
        }
    }
    if wants(What::Ledger) {
        rows.push(runtime.block_on(ledger::measured(folder, time))?);
    }
    if wants(What::Search) {
        rows.push(runtime.block_on(search::measured(folder, seed, size.contents, time))?);
    }
    if wants(What::Tracker) {
        match tracker::found(arguments.rival.as_deref()) {
            Ok(programs) => rows.push(tracker::measured(&programs, folder, time)?),
            Err(reason) => absent.push(reason),
        }
    }
    Ok((rows, absent))
}
