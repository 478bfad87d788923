//! `p2psp`: arguments, then the command. What each does stands in `cli`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use link::daemon::{config, exit_code, manual, pki};
use p2psp::cli::{
    Cli, Command, audit, backup, bench, check, class, denylist, expel, invite, openapi, overlays,
    report, serve, takedown, users,
};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments, &mut out),
        Command::Openapi => openapi::run(&mut out),
        Command::Bench(arguments) => bench::run(&arguments, &mut out),
        Command::Check(arguments) => check::run(&arguments, &mut out),
        Command::Config(arguments) => config::run(&arguments, &mut out),
        Command::Invite(arguments) => invite::run(&arguments, &mut out),
        Command::Users(arguments) => users::run(&arguments, &mut out),
        Command::Class(arguments) => class::run(&arguments, &mut out),
        Command::Overlays(arguments) => overlays::overlays(&arguments, &mut out),
        Command::Peers(arguments) => overlays::peers(&arguments, &mut out),
        Command::Rank(arguments) => overlays::rank(&arguments, &mut out),
        Command::Report(arguments) => report::run(&arguments, &mut out),
        Command::Expel(arguments) => expel::run(&arguments, &mut out),
        Command::Takedown(arguments) => takedown::run(&arguments, &mut out),
        Command::Denylist(arguments) => denylist::run(&arguments, &mut out),
        Command::Audit(arguments) => audit::run(&arguments, &mut out),
        Command::Backup(arguments) => backup::run(&arguments, &mut out),
        Command::Restore(arguments) => backup::restore(&arguments, &mut out),
        Command::Pki(arguments) => pki::run(arguments, &mut out),
        Command::Man(arguments) => manual::man::<Cli>(&arguments, &mut out),
        Command::Completions(arguments) => manual::completions::<Cli>(&arguments, &mut out),
    };
    exit_code("p2psp", outcome.and_then(|code| out.flush().map(|()| code).map_err(Into::into)))
}
