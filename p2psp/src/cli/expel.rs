//! `p2psp expel`: puts a peer out of an overlay of a running server, or lets it in again
//! (Req-Net-090).

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use mp2p::id::{OverlayId, PeerId};

use crate::cli::asking::{Asking, quoted};

const EXAMPLES: &str = "\
A peer that signed wrong bytes is expelled by itself, on the report of whoever got them. This
command is for what no proof is there of. It holds at once and over restarts: the peer leaves the
lists, its passkeys are void, the others are told.

Examples:
  p2psp peers film                                       who takes part
  p2psp expel film PEER --reason \"floods its neighbours\"
  p2psp expel film PEER --readmit";

/// Arguments of `p2psp expel`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The overlay
    overlay: OverlayId,
    /// The peer
    peer: PeerId,
    /// Why; goes on record
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Let it in again
    #[arg(long)]
    readmit: bool,
    #[command(flatten)]
    asking: Asking,
}

/// Expels or readmits.
///
/// # Errors
/// The server does not answer, or the peer was not expelled.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (overlay, peer) = (&arguments.overlay, &arguments.peer);
    let why = quoted(&arguments.reason);
    let path = format!("/oms/expel?overlay-id={overlay}&peer-id={peer}&reason={why}");
    let (method, done) = match arguments.readmit {
        true => (Method::DELETE, "may take part again in"),
        false => (Method::POST, "is out of"),
    };
    arguments.asking.ask(method, &path)?;
    writeln!(out, "{peer} {done} {overlay}")?;
    Ok(ExitCode::SUCCESS)
}
