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
        eprintln!("unis: {}", told(&error));
        ExitCode::from(2)
    })
}

/// The error and its causes; a message may already end with its cause.
fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    let join = |text: String, cause: String| match text.ends_with(&cause) {
        true => text,
        false => format!("{text}: {cause}"),
    };
    causes.reduce(join).unwrap_or_default()
}
