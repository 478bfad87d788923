//! `peer`: arguments, then the command. What each does stands in `cli`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use link::daemon::exit_code;
use peer::cli::{Cli, Command, config, enroll};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let outcome = match Cli::parse().command {
        Command::Enroll(arguments) => enroll::run(&arguments, &mut out),
        Command::Config(arguments) => config::run(&arguments, &mut out),
    };
    exit_code("peer", outcome.and_then(|code| out.flush().map(|()| code).map_err(Into::into)))
}
