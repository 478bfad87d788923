//! Ranked lists in memory: a known peer refreshes and gets its list of 50.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use netmap::workload::Dice;

use crate::calls::Activity;
use crate::cli::bench::report::Row;
use crate::cli::bench::world::{self, NOW, World, peer};
use crate::isp::Atlas;
use crate::overlay::{Ask, Member, SwarmStore};
use crate::ranking::Policy;
use crate::settings::Overloaded;
use crate::work;

/// Entries of a list.
const LIST: usize = 50;
/// Candidates of it, as OMS takes them.
const CANDIDATES: usize = 3 * LIST;
/// Peers that ask, all of those there are in a smaller overlay.
const ASKERS: usize = 4096;
/// From so many peers on their memory is told: beside fewer, other memory is no little.
const MANY: usize = 100_000;

/// One row an overlay size.
pub(crate) fn measured(
    map: &Arc<Atlas>,
    count: usize,
    seed: u64,
    time: Duration,
) -> anyhow::Result<Row> {
    let mut dice = Dice::new(seed ^ 1);
    let some = 0..ASKERS.min(count);
    let askers = some.map(|at| match count > ASKERS {
        true => peer(seed, dice.below(count), NOW),
        false => peer(seed, at, NOW),
    });
    let askers = askers.collect::<anyhow::Result<Vec<Member>>>()?;
    let world = World::new(map, count, seed)?;
    let mut entries = 0;
    for asker in &askers {
        entries = one(&world, asker, &mut dice)?;
    }
    let (mut times, begin, before) = (Vec::new(), Instant::now(), work::of_this_thread());
    // One look at the clock a list, for it takes a hundredth of one.
    let mut start = begin;
    while start - begin < time {
        let asker = &askers[dice.below(askers.len())];
        entries = one(&world, asker, &mut dice)?;
        let end = Instant::now();
        times.push(end - start);
        start = end;
    }
    let used = work::of_this_thread().zip(before).map(|(now, before)| now.saturating_sub(before));
    let mut row = Row::of(format!("list of {entries}, {count} peers, in memory"), "lists/s", times);
    // By the core's time, whatever else it does meanwhile; all of this loop counts.
    if let Some(used) = used.filter(|used| !used.is_zero()) {
        row.per_second = row.count as f64 / used.as_secs_f64();
    }
    if count >= MANY {
        row.more.push(("bytes-per-peer", weighed(count, seed)?));
    }
    Ok(row)
}

/// Memory of a peer in an overlay of so many, bytes, as a process of its own finds it: this one has
/// room left over from what it measured before.
fn weighed(count: usize, seed: u64) -> anyhow::Result<u64> {
    let mut program = Command::new(std::env::current_exe()?);
    let (seed, count) = (seed.to_string(), count.to_string());
    let told = program.args(["bench", "--weigh", "--seed", &seed, "--members", &count]).output()?;
    ensure!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr).trim());
    let text = String::from_utf8(told.stdout)?;
    text.trim().parse().with_context(|| format!("{text:?} is no number of bytes"))
}

/// What such a process finds.
pub(crate) fn weigh(count: usize, seed: u64) -> anyhow::Result<u64> {
    let map = world::map(seed)?;
    let asker = peer(seed, 0, NOW)?;
    let before = resident_bytes();
    let world = World::new(&map, count, seed)?;
    // The first list places the members.
    one(&world, &asker, &mut Dice::new(seed))?;
    Ok(resident_bytes().saturating_sub(before) / count as u64)
}

/// What OMS does in memory for a refresh: known? renewed, candidates, scores, order; how many
/// entries.
#[inline(never)]
fn one(world: &World, asker: &Member, dice: &mut Dice) -> anyhow::Result<usize> {
    let known = world.store.member(&world.overlay, &asker.peer, NOW);
    let member = known.unwrap_or_else(|| asker.clone());
    let outlook = world.outlook(&member);
    world.store.announce(&world.overlay, member, NOW)?;
    let ask = Ask {
        overlay: &world.overlay,
        asker: &asker.peer,
        behind: None,
        outlook: &outlook,
        per_pid: LIST,
        most: CANDIDATES,
        random: dice.roll(),
        now: NOW,
        scores: world.pams.scores(),
    };
    let policy = Policy { size: LIST, bridge_percent: 20, overloaded: Overloaded::Last, class: 0 };
    Ok(std::hint::black_box(world.store.ranked(&ask, &policy)?).len())
}

/// Memory of this process without that of its program; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    /// Of a page, on every system that this is measured on.
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let mut pages = text.split(' ').skip(1).map(|pages| pages.parse::<u64>().unwrap_or(0));
    let (all, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    all.saturating_sub(shared) * PAGE_BYTES
}
