//! Ranked lists in memory: a known peer refreshes and gets its list of 50.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mp2p::id::PeerId;
use netmap::Snapshot;
use netmap::workload::Dice;

use crate::activity::{Pams, StatusStore};
use crate::calls::Standing;
use crate::cli::bench::report::Row;
use crate::cli::bench::world::{NOW, World};
use crate::overlay::{Ask, SwarmStore};
use crate::ranking::{self, Policy};
use crate::settings::Overloaded;

/// Entries of a list.
const LIST: usize = 50;
/// Candidates of it, as OMS takes them.
const CANDIDATES: usize = 3 * LIST;

/// One row an overlay size.
pub(crate) fn measured(
    map: &Arc<Snapshot>,
    count: usize,
    seed: u64,
    time: Duration,
) -> anyhow::Result<Row> {
    let before = resident_bytes();
    let world = World::new(map, count, seed)?;
    let bytes = resident_bytes().saturating_sub(before) / count as u64;
    let mut dice = Dice::new(seed ^ 1);
    // The first list places the members.
    let mut entries = one(&world, &mut dice)?;
    let (mut times, begin) = (Vec::new(), Instant::now());
    while begin.elapsed() < time {
        let start = Instant::now();
        entries = one(&world, &mut dice)?;
        times.push(start.elapsed());
    }
    let mut row = Row::of(format!("list of {entries}, {count} peers, in memory"), "lists/s", times);
    if count >= 10_000 {
        row.more.push(("bytes-per-peer", bytes));
    }
    Ok(row)
}

/// Refresh, candidates, standings, order; how many entries.
fn one(world: &World, dice: &mut Dice) -> anyhow::Result<usize> {
    let member = &world.peers[dice.below(world.peers.len())];
    world.store.announce(&world.overlay, member.clone(), NOW)?;
    let outlook = world.outlook(member);
    let found = world.store.nearest(&Ask {
        overlay: &world.overlay,
        asker: &member.peer,
        behind: None,
        outlook: &outlook,
        per_pid: LIST,
        most: CANDIDATES,
        random: dice.roll(),
        now: NOW,
    })?;
    let peers: Vec<PeerId> = found.iter().map(|found| found.member.peer.clone()).collect();
    let latest = world.statuses.latest(&peers, 120, NOW);
    let standings: Vec<Option<Standing>> =
        latest.into_iter().map(|aged| aged.map(|aged| Pams::stands(aged, 0.9))).collect();
    let policy =
        Policy { size: LIST, bridge_percent: 20, overloaded: Overloaded::Last, class: 0, now: NOW };
    Ok(std::hint::black_box(ranking::rank(found, standings, &policy)).len())
}

/// Memory of this process; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    /// Of a page, on every system that this is measured on.
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE_BYTES
}
