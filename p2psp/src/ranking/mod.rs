//! From candidates to the list (TR 20002 §8.3.1 step 4, §8.3.2, Req-Traffic-060).
//!
//! ```text
//!  by class ─► by the ISP's cost ─► by score ─► cut, with bridges ─► overloaded last
//! ```
//!
//! Pure: candidates in, an order out. Locality alone cuts an overlay into islands
//! that starve, so some entries always come from beyond the nearest rank.

use mp2p::message::list::{Demotion, PeerType};

use crate::overlay::Found;
use crate::settings::Overloaded;

/// The score of a peer that reported nothing: neither idle nor busy.
const UNKNOWN_SCORE: f32 = 0.5;

/// What a list is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Entries.
    pub size: usize,
    /// Share of entries from beyond the nearest rank, per cent.
    pub bridge_percent: u8,
    /// What becomes of overloaded peers.
    pub overloaded: Overloaded,
    /// The asker's class: whoever serves higher ones only is left out.
    pub class: u8,
}

/// A candidate with its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Who.
    pub found: Found,
    /// How near, from 1; ties share it.
    pub rank: Option<u32>,
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Stands here so that regions stay connected.
    pub bridge: bool,
    /// Why it stands lower than its rank.
    pub demoted: Option<Demotion>,
}

/// Where a candidate stands: without cost last, then by score, then as it came.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    distance: u32,
    /// What it lacks in score, and behind it its place among the candidates.
    rest: u64,
}

impl Key {
    fn of(place: u32, found: &Found) -> Self {
        let rest = u64::from(lack(score(found))) << 32 | u64::from(place);
        Self { distance: distance(found), rest }
    }

    const fn place(self) -> usize {
        (self.rest & 0xffff_ffff) as usize
    }
}

/// Stores tell of candidates near to far: then only those of one distance are to be sorted.
fn sort(keys: &mut [Key]) {
    if !keys.is_sorted_by_key(|key| key.distance) {
        keys.sort_unstable();
        return;
    }
    for alike in keys.chunk_by_mut(|a, b| a.distance == b.distance) {
        alike.sort_unstable_by_key(|key| key.rest);
    }
}

/// Puts candidates in order, best first.
#[must_use]
pub fn rank(found: &[Found], policy: &Policy) -> Vec<Placed> {
    let taken = (0..).zip(found).filter(|(_, found)| is_taken(found, policy));
    let mut sorted: Vec<Key> = Vec::with_capacity(found.len());
    sorted.extend(taken.map(|(place, found)| Key::of(place, found)));
    sort(&mut sorted);
    let chosen = chosen(&sorted, found, policy);
    let (mut list, mut last) = (Vec::with_capacity(policy.size), Vec::new());
    let (mut rank, mut before) = (0, None);
    let mut chosen = chosen.into_iter().peekable();
    for (place, key) in sorted.iter().enumerate() {
        // Dense ranks, by cost alone, over all of them.
        rank += u32::from(before != Some(key.distance));
        before = Some(key.distance);
        let Some((_, bridge)) = chosen.next_if(|(next, _)| *next == place) else { continue };
        let found = &found[key.place()];
        let demoted = demotion(found);
        let one = Placed {
            found: found.clone(),
            rank: found.ordinal.map(|_| rank),
            score: score(found),
            bridge,
            demoted,
        };
        // The overloaded keep their order among themselves.
        if demoted.is_some() { &mut last } else { &mut list }.push(one);
    }
    list.append(&mut last);
    list
}

fn is_taken(found: &Found, policy: &Policy) -> bool {
    let is_dropped =
        policy.overloaded != Overloaded::Last && demotion(found) == Some(Demotion::Overload);
    found.class_floor <= policy.class && !is_dropped
}

fn score(found: &Found) -> f32 {
    found.brief.map_or(UNKNOWN_SCORE, |brief| brief.score)
}

fn demotion(found: &Found) -> Option<Demotion> {
    match (found.brief.is_some_and(|brief| brief.is_overloaded), found.is_doubted) {
        (true, _) => Some(Demotion::Overload),
        (false, true) => Some(Demotion::Unreliable),
        (false, false) => None,
    }
}

/// Without a cost comes last.
fn distance(found: &Found) -> u32 {
    found.ordinal.unwrap_or(u32::MAX)
}

/// A number that falls as the score rises, for any score: the total order of IEEE 754 (§5.10).
fn lack(score: f32) -> u32 {
    let bits = score.to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    !ascending
}

/// The places of the first `size`, of which a share comes from beyond the nearest rank, caches
/// first; ascending, each with whether it is a bridge.
fn chosen(sorted: &[Key], found: &[Found], policy: &Policy) -> Vec<(usize, bool)> {
    if sorted.len() <= policy.size || policy.size == 0 {
        return (0..sorted.len().min(policy.size)).map(|place| (place, false)).collect();
    }
    let nearest = sorted[0].distance;
    let near = sorted.partition_point(|key| key.distance == nearest);
    let wanted = (policy.size * usize::from(policy.bridge_percent) / 100).max(1);
    let natural = policy.size.saturating_sub(near);
    let bridges = wanted.saturating_sub(natural).min(sorted.len() - near).min(policy.size - 1);
    let kept = policy.size - bridges;
    let mut chosen: Vec<(usize, bool)> = (0..kept).map(|place| (place, false)).collect();
    let beyond = kept.max(near)..sorted.len();
    let is_cache = |at: &usize| found[sorted[*at].place()].kind == PeerType::Cache;
    let caches = beyond.clone().filter(|at| is_cache(at));
    let others = beyond.clone().filter(|at| !is_cache(at));
    chosen.extend(caches.chain(others).take(bridges).map(|place| (place, true)));
    chosen[kept..].sort_unstable();
    chosen
}

#[cfg(test)]
mod plain;
#[cfg(test)]
mod tests;
