//! `p2psp overlays`, `peers`, `rank`: what a running OMS has, asked with the operator's certificate.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use mp2p::id::{OverlayId, PeerId};
use serde_json::Value;

use crate::cli::asking::Asking;
use crate::cli::state::Format;

const EXAMPLES: &str = "\
The server is asked with the operator's certificate in STATE-DIR/pki.

Examples:
  p2psp overlays --state-dir state
  p2psp overlays --url https://oms.p2psp.example:9443 --format json";

/// Arguments of `p2psp overlays`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct OverlaysArguments {
    #[command(flatten)]
    asking: Asking,
}

const PEERSARGUMENTS_EXAMPLES: &str = "\
A line each: id, kind, address, class of the user, whether others get through, the user.

Examples:
  p2psp peers film --state-dir state
  p2psp peers film --format json | jq '.[] | select(.reach == \"unreachable\")'";

/// Arguments of `p2psp peers`.
#[derive(Args, Debug)]
#[command(after_help = PEERSARGUMENTS_EXAMPLES)]
pub struct PeersArguments {
    /// The overlay
    overlay: OverlayId,
    #[command(flatten)]
    asking: Asking,
}

const RANKARGUMENTS_EXAMPLES: &str = "\
The first line says what the order rests on: the map of the peer's own ISP, a stale one, its
endpoint costs, or scores alone. Equally near entries share their rank. With --explain: `bridge`
stands where a far one is kept so that no region is cut off; `overload` and `unreliable` say why one
stands last; the age is that of its last report.

Example:
  p2psp rank film PEER --explain --state-dir state       PEER as `p2psp peers film` shows it";

/// Arguments of `p2psp rank`.
#[derive(Args, Debug)]
#[command(after_help = RANKARGUMENTS_EXAMPLES)]
pub struct RankArguments {
    /// The overlay
    overlay: OverlayId,
    /// The peer whose list it is
    peer: PeerId,
    /// Say why: PIDs, costs, scores
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    asking: Asking,
}

/// Prints the overlays.
///
/// # Errors
/// The server does not answer.
pub fn overlays(arguments: &OverlaysArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let found = arguments.asking.ask(Method::GET, "/oms/overlays")?;
    arguments.asking.print(&found, "no overlays", out, |overlay, out| {
        let text = |key: &str| overlay[key].as_str().unwrap_or("-").to_owned();
        let (id, kind, title) = (text("overlay-id"), text("type"), text("title"));
        writeln!(out, "{id:<24} {kind:<9} {:>7} peers  {title}", overlay["num_peers"])
    })
}

/// Prints the members of an overlay.
///
/// # Errors
/// The server does not answer, or there is no such overlay.
pub fn peers(arguments: &PeersArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let found = arguments
        .asking
        .ask(Method::GET, &format!("/oms/members?overlay-id={}", arguments.overlay))?;
    let none = format!("no members of {}", arguments.overlay);
    arguments.asking.print(&found, &none, out, |member, out| {
        let text = |key: &str| member[key].as_str().unwrap_or("-").to_owned();
        let (peer, kind, address) = (text("peer-id"), text("peer-type"), text("address"));
        let (user, reach) = (text("user-id"), text("reach"));
        let class = &member["class"];
        writeln!(out, "{peer} {kind:<6} {address:<22} class {class} {reach:<11} {user}")
    })
}

/// Prints the list that a peer would get now.
///
/// # Errors
/// The server does not answer, or the peer is no member.
pub fn rank(arguments: &RankArguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (overlay, peer) = (&arguments.overlay, &arguments.peer);
    let path = format!("/oms/explain?overlay-id={overlay}&peer-id={peer}");
    let explained = arguments.asking.ask(Method::GET, &path)?;
    if arguments.asking.format() == Format::Json {
        writeln!(out, "{}", serde_json::to_string_pretty(&explained)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (by, isp, from) = (&explained["ranked-by"], &explained["isp"], &explained["from-pid"]);
    writeln!(out, "ranked by {}, isp {}, from {}", text(by), text(isp), text(from))?;
    if explained["scored"] == false {
        writeln!(out, "PAMS is silent: scores are unknown, and who is overloaded")?;
    }
    let entries = explained["entries"].as_array().map_or(&[][..], Vec::as_slice);
    if entries.is_empty() {
        writeln!(out, "no other member that lists may name")?;
    }
    for entry in entries {
        let (rank, peer, address) = (&entry["rank"], &entry["peer-id"], &entry["address"]);
        write!(out, "{:>4}  {}  {:<40}", text(rank), text(peer), text(address))?;
        if arguments.explain {
            let bridge = if entry["bridge"] == true { "  bridge" } else { "" };
            let (pid, cost, score) = (&entry["pid"], &entry["cost"], &entry["score"]);
            write!(out, " pid {:<16} cost {:<10}", text(pid), text(cost))?;
            write!(out, " score {:.2}{bridge}", score.as_f64().unwrap_or_default())?;
            if let Some(age) = entry["status-age-s"].as_u64() {
                write!(out, "  {age} s old")?;
            }
            if let Some(reason) = entry["reason"].as_str() {
                write!(out, "  {reason}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(ExitCode::SUCCESS)
}
