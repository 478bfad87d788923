//! `p2psp takedown`: forced stop (TR 20002 §8.3.4), beside a running server, which acts within a
//! second.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};
use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::Text;
use mp2p::message::takedown::{Takedown, TakedownRequest, TakedownState};

use crate::cli::dates::moment;
use crate::cli::state::{Format, StateArguments, operator, reason, wait};
use crate::index::{Ixs, Lifting, Which};
use crate::membership::Charters;

/// Takedowns shown.
const MAX_SHOWN: usize = 100;

const EXAMPLES: &str = "\
Examples:
  p2psp takedown --content DIGEST --reason \"court order 12/34\"
  p2psp takedown --list                                  how far each has come
  p2psp takedown --lift TAKEDOWN --reason \"appeal won\"    by the name that --list shows";

/// Arguments of `p2psp takedown`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("what").required(true).args(["content", "overlay", "lift", "list"])))]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Stop this content; the only one of an overlay ends the overlay
    #[arg(long, value_name = "DIGEST", requires = "reason")]
    content: Option<ContentId>,
    /// Stop all contents of this overlay
    #[arg(long, value_name = "OVERLAY", conflicts_with = "content", requires = "reason")]
    overlay: Option<OverlayId>,
    /// Allow again what this takedown stopped; its publisher may register it anew
    #[arg(long, value_name = "TAKEDOWN", requires = "reason")]
    lift: Option<String>,
    /// Why; peers are told, and it goes on record
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<String>,
    /// Stop an overlay too of which neither index nor overlays here know anything
    #[arg(long, requires = "overlay")]
    force: bool,
    /// Forbid the fragments too, in whichever content they turn up
    #[arg(long)]
    fragments: bool,
    /// Show the takedowns there are, the latest first
    #[arg(long)]
    list: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    state: StateArguments,
}

/// Takes down, or shows what was taken down.
///
/// # Errors
/// There is no index, or nothing of that name in it.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let ixs = arguments.state.ixs()?;
    let why = Text::new(arguments.reason.as_deref().unwrap_or_default()).context("--reason")?;
    let shown = match &arguments.lift {
        _ if arguments.list => wait(ixs.takedowns(Which::default(), MAX_SHOWN))?,
        Some(id) => {
            let by = operator();
            let lifting = Lifting { who: by.actor, is_operator: true };
            let lifted = wait(ixs.lift(id.clone(), why, lifting, by.now))?;
            vec![lifted.with_context(|| format!("there is no takedown {id}"))?]
        }
        None => {
            let request = TakedownRequest {
                content_id: arguments.content.clone(),
                overlay_id: arguments.overlay.clone(),
                reason: why,
                deny_fragments: arguments.fragments,
            };
            if let Some(overlay) = arguments.overlay.as_ref().filter(|_| !arguments.force) {
                arguments.is_known(&ixs, overlay)?;
            }
            let by = operator();
            vec![wait(ixs.take_down(request, by.actor, by.now))?]
        }
    };
    match arguments.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&shown)?)?,
        Format::Text if shown.is_empty() => writeln!(out, "no takedowns")?,
        Format::Text => shown.iter().try_for_each(|one| tell(one, out))?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    /// Refuses an overlay of which nothing is known: a slip of the pen stops nothing.
    fn is_known(&self, ixs: &Ixs, overlay: &OverlayId) -> anyhow::Result<()> {
        if wait(ixs.knows(overlay.clone()))? {
            return Ok(());
        }
        // Where OMS lives elsewhere the index is all there is to ask.
        let path = self.state.folder()?.join("overlays.db");
        if path.is_file() && wait(Charters::open(&path)?.has(overlay.clone()))? {
            return Ok(());
        }
        bail!(
            "there is no overlay {overlay} here, and no content of it in the index; --force stops it all the same"
        );
    }
}

fn tell(one: &Takedown, out: &mut dyn Write) -> anyhow::Result<()> {
    let what = match &one.content_id {
        Some(content) => format!("content {content} in {}", one.overlay_id),
        None => format!("overlay {}", one.overlay_id),
    };
    let state = match one.state {
        TakedownState::Pending => "OMS is not told yet",
        TakedownState::Stopping => "stopping",
        TakedownState::Done => "done",
        TakedownState::Lifted => "lifted",
    };
    writeln!(out, "{} {what}: {state}", &*one.takedown_id)?;
    writeln!(out, "  {} by {} at {}", &*one.reason, one.authority, moment(one.at))?;
    if let Some(lift) = &one.lift {
        let told = if lift.told { "" } else { "; OMS is not told yet" };
        writeln!(
            out,
            "  lifted: {} by {} at {}{told}",
            &*lift.reason,
            lift.authority,
            moment(lift.at)
        )?;
    }
    if let Some(result) = one.result {
        writeln!(
            out,
            "  {} members: {} notified, {} acknowledged, {} offline",
            result.members, result.notified, result.acknowledged, result.offline
        )?;
    }
    Ok(())
}
