//! The command line: one file per command.

pub mod bench;
pub mod check;
mod chosen;
pub mod config;
pub mod diff;
pub mod map;
pub mod rank;
pub mod serve;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use link::daemon::{IdentitySettings, manual, pki};
use link::printable_json;
use serde_json::Value;

use crate::settings::{Inputs, Settings};

/// UNIS tells peer-to-peer applications which peers are near: an ALTO server (RFC 7285) over an
/// operator's own topology files.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
First steps:
  unis check --source inventory=network.toml         what would be served, and what is wrong with it
  unis rank  --source inventory=network.toml --from 192.0.2.1 --to 198.51.100.1 --to 203.0.113.1
  unis serve --source inventory=network.toml --state-dir state
  unis config default > unis.toml                    every setting, documented";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve ALTO over mutual TLS
    Serve(serve::Arguments),
    /// Load the operator's files and report what is wrong with them; exit 0 clean, 1 warnings, 2
    /// refused
    Check(check::Arguments),
    /// Rank destinations by their cost from a source, best first
    Rank(rank::Arguments),
    /// Compare two versions of the operator's files before a reload; exit 0 same, 1 different, 2
    /// refused
    Diff(diff::Arguments),
    /// Draw the network as SVG, its PIDs coloured by their cost from one of them
    Map(map::Arguments),
    /// Measure this machine: look-up, ranking, cost maps, each against the plain way to do it
    Bench(bench::Arguments),
    /// Print the documented default settings, or the ones in force
    Config(config::Arguments),
    /// Keys and certificates: create a CA, enrol, renew, revoke, go over to another CA
    Pki(pki::Arguments<InputArguments>),
    /// Write a manual page for each command
    Man(manual::ManArguments),
    /// Print the script with which a shell completes commands and options
    Completions(manual::CompletionArguments),
}

/// What `serve`, `check` and `rank` load.
#[derive(Args, Clone, Debug, Default)]
pub struct InputArguments {
    /// Settings file (TOML); `unis config default` prints one with every setting explained
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// An operator file; several make one network, and replace the sources of the settings file.
    /// FORMAT is one of inventory, graphml, gml, nodelink, sndlib, rfc8345 (PATH#NETWORK-ID),
    /// prefixes, neighbours, geofeed, mrt, bgpdump, alto; gzip, bzip2 and xz are recognised
    #[arg(long = "source", value_name = "FORMAT=PATH")]
    sources: Vec<String>,
    /// One setting, such as routingcost.weight=hops or network.asn=64500
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl InputArguments {
    /// As the settings take them.
    #[must_use]
    pub fn inputs(&self) -> Inputs {
        Inputs {
            file: self.config.clone(),
            sources: self.sources.clone(),
            set: self.set.clone(),
            ..Inputs::default()
        }
    }
}

impl pki::Household for InputArguments {
    const PROGRAM: &'static str = "unis";

    fn identity(&self, state_dir: Option<PathBuf>) -> anyhow::Result<IdentitySettings> {
        Ok(Settings::load(&Inputs { state_dir, ..self.inputs() })?.identity()?)
    }

    fn url(&self, state_dir: Option<PathBuf>) -> anyhow::Result<String> {
        let settings = Settings::load(&Inputs { state_dir, ..self.inputs() })?;
        Ok(pki::reached_at(settings.public_url.as_deref(), settings.listen))
    }
}

/// Prints a report for programs, whose names cannot move a terminal either.
fn print_json(report: &Value, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", printable_json(&format!("{report:#}")))
}

/// How a command prints.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum OutputFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// A cost as the JSON number that the maps show: 5, not 5.0.
pub(crate) fn number(cost: netmap::Cost) -> Value {
    serde_json::from_str(&cost.to_string()).unwrap_or(Value::Null)
}
