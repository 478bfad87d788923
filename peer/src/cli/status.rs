//! `peer status`: what the running peer shares and fetches.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use indicatif::HumanBytes;
use link::daemon::run_to_end;
use mp2p::message::join::Nat;
use mp2p::reservation::ReservationKind;

use crate::cli::InputArguments;
use crate::cli::session::Session;
use crate::control::message::{CacheStatus, LimitsInForce, RelayStatus, State, Status};
use crate::control::message::{SuperStatus, TransferStatus, WayThere};

/// Arguments of `peer status`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// For programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Prints it.
///
/// # Errors
/// No peer is running.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let control = Session::running(&arguments.inputs)?;
    let status: Status = run_to_end(async { Ok(control.get("/status").await?) })?;
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&status)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let user = status.user_id.map_or_else(|| "-".to_owned(), |user| user.to_string());
    writeln!(
        out,
        "peer {} of {user} at {}, port {}, {}",
        status.peer_id,
        status.provider,
        status.port,
        behind(status.nat)
    )?;
    if let Some(page) = &status.page {
        writeln!(out, "page {page}")?;
    }
    if let Some(told) = status.limits.as_ref().and_then(limits) {
        writeln!(out, "{told}")?;
    }
    for what in &status.waits_for {
        writeln!(out, "waits for {what}")?;
    }
    for work in &status.hashing {
        let (done, size) = (HumanBytes(work.done), HumanBytes(work.size));
        writeln!(out, "hashing {done} of {size}  {}", work.path.display())?;
    }
    for transfer in &status.transfers {
        tell(transfer, out)?;
    }
    if let Some(cache) = &status.cache {
        tell_cache(cache, out)?;
    }
    if let Some(relay) = &status.relay {
        tell_relay(relay, out)?;
    }
    if let Some(care) = &status.super_peer {
        let SuperStatus { port, peers, .. } = care;
        let state = if care.registered { "" } else { ", not taken by PAMS yet" };
        writeln!(out, "super peer at port {port}{state}: {peers} peers in care are here")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is given and taken at most by all together, where that is bounded now or by the time of the
/// day.
fn limits(now: &LimitsInForce) -> Option<String> {
    let (up, down) = match &now.window {
        Some(window) => (window.up_kbps, window.down_kbps),
        None => (now.limits.up_kbps, now.limits.down_kbps),
    };
    let told = |kbps: u64| match kbps {
        0 => "no bound".to_owned(),
        _ => format!("{kbps} kbit/s"),
    };
    let rates = format!("limits: up {}, down {}", told(up), told(down));
    match &now.window {
        Some(window) => Some(format!("{rates}, from {} to {}", window.from, window.to)),
        None => (up > 0 || down > 0 || !now.limits.window.is_empty()).then_some(rates),
    }
}

fn behind(nat: Nat) -> &'static str {
    match nat {
        Nat::None => "open to others",
        Nat::Unknown => "not known whether open to others",
        Nat::Cone => "behind a NAT that others are met through",
        Nat::Symmetric => "behind a NAT that needs a relay",
        Nat::Blocked => "behind a firewall that others are met through",
    }
}

fn tell_relay(relay: &RelayStatus, out: &mut dyn Write) -> anyhow::Result<()> {
    let RelayStatus { port, holders, circuits, .. } = relay;
    let state = if relay.registered { "" } else { ", not registered with OMS yet" };
    let bytes = HumanBytes(relay.bytes);
    writeln!(
        out,
        "relay at port {port}{state}: {holders} reservations, {circuits} connections through, {bytes}"
    )?;
    Ok(())
}

fn tell_cache(cache: &CacheStatus, out: &mut dyn Write) -> anyhow::Result<()> {
    let kind = if cache.dedicated { "dedicated" } else { "temporary" };
    let state = if cache.registered { "" } else { ", not registered with OMS yet" };
    let (all, reserved) = (HumanBytes(cache.storage_bytes), HumanBytes(cache.reserved_bytes));
    let used = HumanBytes(cache.used_bytes);
    writeln!(out, "{kind} cache{state}: {all}, {reserved} reserved, {used} used")?;
    let (fetched, served) = (HumanBytes(cache.fetched_bytes), HumanBytes(cache.served_bytes));
    writeln!(out, "  fetched {fetched}, served {served}")?;
    for one in &cache.reservations {
        let whom = match one.kind {
            ReservationKind::Delegate => format!("in the place of {}", one.holder),
            _ => "as long as it needs a cache".to_owned(),
        };
        let (kept, reserved) = (HumanBytes(one.kept_bytes), HumanBytes(one.storage_bytes));
        let served = HumanBytes(one.served_bytes);
        writeln!(
            out,
            "  overlay {}: {kept} of {reserved} kept, {served} served, {whom}",
            one.overlay_id
        )?;
    }
    Ok(())
}

/// What the order of peers rests on, in the words of the page.
pub(crate) fn ranked(by: &str) -> Option<&'static str> {
    Some(match by {
        "map" => ", ranked by the ISP's map",
        "stale-map" => ", ranked by a map grown old",
        "ecs" => ", ranked by the ISP's answers",
        "score" => ", ranked by score alone",
        "unis" => ", ranked by your ISP",
        _ => return None,
    })
}

fn tell(transfer: &TransferStatus, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = match transfer.state {
        State::Fetching => "fetching",
        State::Sharing if transfer.cached => "keeping",
        State::Sharing => "sharing",
        State::Stopped => "stopped",
        State::Failed => "failed",
    };
    let percent = (transfer.have * 100).checked_div(transfer.size).unwrap_or(100);
    let (down, up) = (HumanBytes(transfer.down_rate), HumanBytes(transfer.up_rate));
    let (id, title) = (&transfer.content_id, &transfer.title);
    writeln!(out, "{state} {percent:>3} % of {}  {title}", HumanBytes(transfer.size))?;
    writeln!(out, "  {id}")?;
    if let Some(message) = &transfer.message {
        writeln!(out, "  {message}")?;
    }
    let ranked = transfer.ranked_by.as_deref().and_then(ranked).unwrap_or_default();
    let (linked, others) = (transfer.neighbours.len(), transfer.others());
    writeln!(out, "  down {down}/s, up {up}/s, {linked} of {others} others{ranked}")?;
    for neighbour in &transfer.neighbours {
        let rank = neighbour.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
        let way = match neighbour.path {
            WayThere::Direct => "direct",
            WayThere::Punched => "punched",
            WayThere::Relay => "by relay",
        };
        let (down, up) = (HumanBytes(neighbour.downloaded), HumanBytes(neighbour.uploaded));
        let (peer, has) = (&neighbour.peer_id, neighbour.has * 100.0);
        let peer = peer.to_string();
        writeln!(
            out,
            "  rank {rank:>2}  {peer:.16}…  has {has:.0} %, down {down}, up {up}, {way}"
        )?;
    }
    Ok(())
}
