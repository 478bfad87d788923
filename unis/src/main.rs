//! `unis`: arguments, then the command. What each does stands in `cli`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use link::daemon::{exit_code, manual, pki};
use unis::cli::{Cli, Command, bench, check, config, diff, map, rank, serve};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments, &mut out),
        Command::Check(arguments) => check::run(&arguments, &mut out),
        Command::Rank(arguments) => rank::run(&arguments, &mut out),
        Command::Diff(arguments) => diff::run(&arguments, &mut out),
        Command::Map(arguments) => map::run(&arguments, &mut out),
        Command::Bench(arguments) => bench::run(&arguments, &mut out),
        Command::Config(arguments) => config::run(&arguments, &mut out),
        Command::Pki(arguments) => pki::run(arguments, &mut out),
        Command::Man(arguments) => manual::man::<Cli>(&arguments, &mut out),
        Command::Completions(arguments) => manual::completions::<Cli>(&arguments, &mut out),
    };
    exit_code("unis", outcome.and_then(|code| out.flush().map(|()| code).map_err(Into::into)))
}
