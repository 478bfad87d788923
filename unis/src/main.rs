//! `unis`: arguments, then the command. What each does stands in `cli`.

use std::process::ExitCode;

use clap::Parser;
use unis::cli::{Cli, Command, check, config, diff, pki, rank, serve};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Rank(arguments) => rank::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Pki(arguments) => pki::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("unis: {error:#}");
        ExitCode::from(2)
    })
}
