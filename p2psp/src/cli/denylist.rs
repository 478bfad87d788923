//! `p2psp denylist`: what is forbidden (Req-Content-020), beside a running server.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use mp2p::id::ContentId;
use mp2p::message::bound::Text;
use mp2p::message::content::{Denied, DeniedKind, MAX_REASON_BYTES};

use crate::cli::dates::moment;
use crate::cli::state::{StateArguments, operator, reason, wait};
use crate::index::Reason;

const EXAMPLES: &str = "\
Works on the files, beside a running server or without one. Each change has a number, by which
peers ask for what is new. What a takedown stopped stays stopped until `takedown --lift`, though
its digest is taken off here.

Examples:
  p2psp denylist add DIGEST --reason TEXT --state-dir state
  p2psp denylist add HASH --fragment --reason TEXT --state-dir state
  p2psp denylist list --state-dir state
  p2psp denylist remove DIGEST --reason TEXT --state-dir state";

/// Arguments of `p2psp denylist`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what is forbidden, a digest a line: since when, by whom and why
    List(StateArguments),
    /// Forbid a digest; a content leaves the index at once
    Add(Change),
    /// Allow a digest again
    Remove(Change),
}

#[derive(Args, Debug)]
struct Change {
    /// The content's id, or the fragment's hash: 64 hex digits
    digest: ContentId,
    /// It is a fragment's hash
    #[arg(long)]
    fragment: bool,
    /// Why; goes on record
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    #[command(flatten)]
    state: StateArguments,
}

/// Prints the list, or changes it.
///
/// # Errors
/// There is no index.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        What::List(state) => list(state, out)?,
        What::Add(change) => change.make(true, out)?,
        What::Remove(change) => change.make(false, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(state: &StateArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let (ixs, mut after, mut is_any) = (state.ixs()?, 0, false);
    let reasons = wait(ixs.reasons())?;
    loop {
        let page = wait(ixs.denylist(after))?;
        if page.digests.is_empty() {
            if !is_any {
                writeln!(out, "nothing is forbidden")?;
            }
            return Ok(());
        }
        for one in page.digests.iter().filter(|one| one.denied) {
            is_any = true;
            write!(out, "{} {}", word(one.kind), one.digest)?;
            match reasons.of(one) {
                Some(Reason { at, who, text }) => {
                    let text = text.replace(char::is_control, " ");
                    writeln!(out, "  {}  {who}: {text}", moment(*at))?;
                }
                None => writeln!(out)?,
            }
        }
        after = page.seq;
    }
}

impl Change {
    fn make(&self, denied: bool, out: &mut dyn Write) -> anyhow::Result<()> {
        let kind = if self.fragment { DeniedKind::Fragment } else { DeniedKind::Content };
        let reason = Text::<MAX_REASON_BYTES>::new(self.reason.as_str()).context("--reason")?;
        let (one, by) = (Denied { digest: self.digest.clone(), kind, denied }, operator());
        let seq = wait(self.state.ixs()?.deny(vec![one], reason.into(), by.actor, by.now))?;
        let state = if denied { "forbidden" } else { "allowed" };
        writeln!(out, "{} {} is {state}, as of change {seq}", word(kind), self.digest)?;
        Ok(())
    }
}

const fn word(kind: DeniedKind) -> &'static str {
    match kind {
        DeniedKind::Content => "content",
        DeniedKind::Fragment => "fragment",
    }
}
