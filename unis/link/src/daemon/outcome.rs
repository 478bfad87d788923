//! How a program ends, and what it says when that was not well.

use std::io;
use std::process::ExitCode;

use crate::printable::printable;

/// Exit code of a program that could not do what it was asked.
const REFUSED: u8 = 2;

/// The exit code for the outcome of a command; an error goes to standard error, with its causes.
#[must_use]
pub fn exit_code(program: &str, outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        // Whoever reads our output has seen enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {}", error_text(&error));
            ExitCode::from(REFUSED)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    kind == Some(io::ErrorKind::BrokenPipe)
}

/// The error and its causes; a message may already have its cause in it.
#[must_use]
pub fn error_text(error: &anyhow::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    let is_told =
        |text: &str, cause: &str| text.ends_with(cause) || text.contains(&format!(": {cause}: "));
    let join = |text: String, cause: String| match is_told(&text, &cause) {
        true => text,
        false => format!("{text}: {cause}"),
    };
    let text = causes.reduce(join).unwrap_or_default();
    // Some tell several things in lines of their own; nothing else may move the terminal.
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("the disk is full").context("cannot write a");
        assert_eq!(error_text(&error), "cannot write a: the disk is full");
        let whole_chain =
            anyhow::anyhow!("refused").context("connect").context("a: connect: refused");
        assert_eq!(error_text(&whole_chain), "a: connect: refused");
        let ends_alike = anyhow::anyhow!("gone").context("the file is gone");
        assert_eq!(error_text(&ends_alike), "the file is gone");
        let hostile = anyhow::anyhow!("no \u{1b}[31mname").context("line 1\nline 2");
        assert_eq!(error_text(&hostile), "line 1\nline 2: no \\u{1b}[31mname");
    }
}
