//! Ranked lists in memory: a known peer refreshes and gets its list of 50.

use std::sync::Arc;
use std::time::{Duration, Instant};

use netmap::workload::Dice;

use crate::calls::Activity;
use crate::cli::bench::report::Row;
use crate::cli::bench::world::{NOW, World, peer};
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
    let before = resident_bytes();
    let world = World::new(map, count, seed)?;
    // The first list places the members.
    let mut entries = one(&world, &askers[0], &mut dice)?;
    let bytes = resident_bytes().saturating_sub(before) / count as u64;
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
        row.more.push(("bytes-per-peer", bytes));
    }
    Ok(row)
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

/// Memory of this process; 0 where the system does not tell.
fn resident_bytes() -> u64 {
    /// Of a page, on every system that this is measured on.
    const PAGE_BYTES: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE_BYTES
}
