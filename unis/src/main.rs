//! `unis`: arguments, then the command. What each does stands in `cli`.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use unis::cli::{Cli, Command, check, config, diff, map, pki, rank, serve};

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(&arguments, &mut out),
        Command::Check(arguments) => check::run(&arguments, &mut out),
        Command::Rank(arguments) => rank::run(&arguments, &mut out),
        Command::Diff(arguments) => diff::run(&arguments, &mut out),
        Command::Map(arguments) => map::run(&arguments, &mut out),
        Command::Config(arguments) => config::run(&arguments, &mut out),
        Command::Pki(arguments) => pki::run(arguments, &mut out),
    };
    match outcome.and_then(|code| out.flush().map(|()| code).map_err(Into::into)) {
        Ok(code) => code,
        // Whoever reads our output has seen enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("unis: {}", told(&error));
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
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
