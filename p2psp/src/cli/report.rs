//! `p2psp report`: how the contents of an overlay were distributed (TR 20002 §8.3.8).

use std::io::Write;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use mp2p::id::OverlayId;

use crate::cli::state::{Format, StateArguments, wait};

const EXAMPLES: &str = "\
What consumers reported as got, what their receipts prove, errors, and how much came from how near.
The owner of the overlay reads the same at GET /ums/result?overlay-id=OVERLAY.

Example:
  p2psp report film --state-dir state";

/// Arguments of `p2psp report`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The overlay
    overlay: OverlayId,
    #[command(flatten)]
    state: StateArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Prints the result.
///
/// # Errors
/// There is no such overlay.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let found = wait(arguments.state.ums()?.result(&arguments.overlay))?;
    let Some(found) = found else { bail!("there was no overlay {}", arguments.overlay) };
    if arguments.format == Format::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(&found.result)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let owner = found.owner.map_or_else(|| "the provider".to_owned(), |owner| owner.to_string());
    writeln!(out, "overlay {} of {owner}", found.result.overlay_id)?;
    if found.result.contents.is_empty() {
        writeln!(out, "no contents: nobody has reported anything yet")?;
    }
    for content in &found.result.contents {
        writeln!(out, "content {}", content.content_id)?;
        writeln!(
            out,
            "  got by {} peers, whole by {}, from {}",
            content.consumers, content.complete, content.contributors
        )?;
        writeln!(
            out,
            "  {} MiB reported, {} MiB receipted, {} fragments rejected",
            content.bytes >> 20,
            content.receipted >> 20,
            content.rejected
        )?;
        writeln!(out, "  {} errors, {} contradicted", content.errors, content.contradicted)?;
        for (rank, bytes) in &content.by_distance {
            writeln!(out, "  {}: {} MiB", distance(*rank), bytes >> 20)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Ranks begin at 1; 0 stands for what no map told the rank of.
fn distance(rank: u32) -> String {
    match rank {
        0 => "unknown distance".to_owned(),
        rank => format!("rank {rank}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_that_no_map_told_is_no_rank() {
        assert_eq!([0, 1].map(distance), ["unknown distance", "rank 1"]);
    }
}
