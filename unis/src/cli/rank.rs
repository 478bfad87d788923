//! `unis rank`: the order in which a source should prefer destinations, and why.

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Args;
use link::printable;
use netmap::{CostMatrix, Pid, Ranked, rank};
use serde_json::{Value, json};
use topology::Kind;

use crate::cli::chosen::Chosen;
use crate::cli::{InputArguments, OutputFormat, number, print_json};
use crate::maps::network::ServedNetwork;

/// Why a pair has no cost.
const NO_PATH: &str = "no path is known between them";
const NO_COST: &str = "an end is in no source; the setting default-pid-cost would give them a cost";

/// Arguments of `unis rank`.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
    /// Address that asks
    #[arg(long, value_name = "ADDR")]
    from: IpAddr,
    /// Addresses to rank
    #[arg(long, value_name = "ADDR", required = true, num_args = 1..)]
    to: Vec<IpAddr>,
    /// Metric to rank by
    #[arg(long, default_value = "routingcost")]
    metric: String,
    /// Which network, where the settings file has several
    #[arg(long, value_name = "NAME")]
    network: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t)]
    format: OutputFormat,
    /// Say why: address, prefix, PID, path, cost
    #[arg(long)]
    explain: bool,
}

/// Prints the list.
///
/// # Errors
/// The files are refused, or there is no such network or metric.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let chosen = Chosen::load(&arguments.inputs.inputs(), arguments.network.as_deref())?;
    let (network, matrix) = (chosen.network(), chosen.matrix(&arguments.metric)?);
    let snapshot = network.snapshot();
    let mut to = Vec::new();
    snapshot.pids_of(&arguments.to, &mut to);
    let list = match snapshot.pid_of(arguments.from) {
        Some(from) => rank(matrix.row(from), &to),
        None => (0..to.len()).map(|index| Ranked { index, ordinal: None, rank: None }).collect(),
    };
    let ranking =
        Ranking { arguments, network, matrix, from: snapshot.pid_of(arguments.from), to, list };
    match arguments.format {
        OutputFormat::Text => ranking.print(out)?,
        OutputFormat::Json => print_json(&ranking.json(), out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A ranked list with what it was made from.
struct Ranking<'a> {
    arguments: &'a Arguments,
    network: &'a ServedNetwork,
    matrix: &'a CostMatrix,
    from: Option<Pid>,
    to: Vec<Option<Pid>>,
    list: Vec<Ranked>,
}

impl Ranking<'_> {
    fn cost(&self, ranked: &Ranked) -> Option<netmap::Cost> {
        ranked.ordinal.map(|ordinal| self.matrix.table().cost(ordinal))
    }

    fn pid_name(&self, pid: Option<Pid>) -> Option<&str> {
        pid.map(|pid| self.network.snapshot().pids().name(pid).as_str())
    }

    fn json(&self) -> Value {
        let entry = |ranked: &Ranked| {
            let mut entry = json!({
                "to": self.arguments.to[ranked.index].to_string(),
                "pid": self.pid_name(self.to[ranked.index]),
                "cost": self.cost(ranked).map(number),
                "rank": ranked.rank,
            });
            if self.arguments.explain {
                entry["because"] = json!(self.because(ranked));
            }
            entry
        };
        self.list.iter().map(entry).collect()
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let source = self.pid_name(self.from).unwrap_or("no PID");
        writeln!(out, "{} ({source}) by {}:", self.arguments.from, self.arguments.metric)?;
        writeln!(out, "{:>4}  {:>12}  {:<39}  PID", "rank", "cost", "to")?;
        for ranked in &self.list {
            let rank = ranked.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            let cost = self.cost(ranked).map_or_else(|| "-".to_owned(), |cost| cost.to_string());
            let pid = self.pid_name(self.to[ranked.index]).unwrap_or("-");
            writeln!(
                out,
                "{rank:>4}  {cost:>12}  {:<39}  {pid}",
                self.arguments.to[ranked.index].to_string()
            )?;
            if self.arguments.explain {
                for line in self.because(ranked) {
                    writeln!(out, "      {}", printable(&line))?;
                }
            }
        }
        Ok(())
    }

    /// Prefix → PID of both ends, then the path with its costs.
    fn because(&self, ranked: &Ranked) -> Vec<String> {
        let mut lines =
            vec![self.placed(self.arguments.from), self.placed(self.arguments.to[ranked.index])];
        let ends = self.from.zip(self.to[ranked.index]);
        let Some(path) = ends.and_then(|(from, to)| {
            self.network.topology().explain(&self.arguments.metric, from, to)
        }) else {
            let unplaced =
                ends.is_some_and(|(from, to)| self.is_default(from) || self.is_default(to));
            lines.push(if unplaced { NO_COST } else { NO_PATH }.to_owned());
            return lines;
        };
        for step in &path.steps {
            let (from, to) = (printable(&step.from), printable(&step.to));
            lines.push(format!("{from} -> {to}  {}", step.cost));
        }
        if let Some((relation, cost)) = &path.penalty {
            lines.push(format!("penalty for {relation}  {cost}"));
        }
        lines.push(format!("sum  {}", path.total));
        lines
    }

    /// Whether it is the PID of the addresses that no source places.
    fn is_default(&self, pid: Pid) -> bool {
        let name = self.network.snapshot().pids().name(pid);
        let pids = self.network.topology().pids();
        pids.iter().any(|entry| entry.kind == Kind::Default && entry.pid == *name)
    }

    fn placed(&self, address: IpAddr) -> String {
        match self.network.snapshot().prefixes().matching(address.to_canonical()) {
            Some((prefix, pid)) => {
                format!(
                    "{address} is in {prefix}, which is in {}",
                    self.network.snapshot().pids().name(pid)
                )
            }
            None => format!("{address} is in no prefix"),
        }
    }
}
