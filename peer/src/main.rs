//! `peer`: arguments, then the command. What each does stands in `cli`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use link::daemon::{config, exit_code, manual};
use peer::cli::{
    Cli, Command, account, delegates, enroll, get, index, limits, login, report, search, serve,
    share, status, stop,
};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let outcome = match Cli::parse().command {
        Command::Enroll(arguments) => enroll::run(&arguments, &mut out),
        Command::Login(arguments) => login::run(&arguments, &mut out),
        Command::Share(arguments) => share::run(&arguments, &mut out),
        Command::Search(arguments) => search::run(&arguments, &mut out),
        Command::Get(arguments) => get::run(&arguments, &mut out),
        Command::Index(arguments) => index::run(&arguments, &mut out),
        Command::Serve(arguments) => serve::run(&arguments, &mut out),
        Command::Status(arguments) => status::run(&arguments, &mut out),
        Command::Limits(arguments) => limits::run(&arguments, &mut out),
        Command::Delegates(arguments) => delegates::run(&arguments, &mut out),
        Command::Stop(arguments) => stop::run(&arguments, &mut out),
        Command::Account(arguments) => account::run(&arguments, &mut out),
        Command::Report(arguments) => report::run(&arguments, &mut out),
        Command::Config(arguments) => config::run(&arguments, &mut out),
        Command::Man(arguments) => manual::man::<Cli>(&arguments, &mut out),
        Command::Completions(arguments) => manual::completions::<Cli>(&arguments, &mut out),
    };
    exit_code("peer", outcome.and_then(|code| out.flush().map(|()| code).map_err(Into::into)))
}
