//! From candidates to the list (TR 20002 §8.3.1 step 4, §8.3.2, Req-Traffic-060).
//!
//! ```text
//!  filter by class ─► rank by the ISP's cost ─► score inside a rank ─► cut, with bridges ─► overloaded last
//! ```
//!
//! Pure: candidates and standings in, an order out. Locality alone cuts an overlay into islands
//! that starve, so some entries always come from beyond the nearest rank.

use mp2p::message::list::{Demotion, PeerType};

use crate::calls::Standing;
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
    /// Unix seconds.
    pub now: u64,
    /// The asker's class: whoever serves higher ones only is left out.
    pub class: u8,
}

/// A candidate with its place.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Who.
    pub found: Found,
    /// What PAMS says.
    pub standing: Option<Standing>,
    /// How near, from 1; ties share it.
    pub rank: Option<u32>,
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Stands here so that regions stay connected.
    pub bridge: bool,
    /// Why it stands lower than its rank.
    pub demoted: Option<Demotion>,
}

/// Puts candidates in order, best first. `standings` goes along with `found`; what it lacks counts
/// as unknown.
#[must_use]
pub fn rank(found: Vec<Found>, standings: Vec<Option<Standing>>, policy: &Policy) -> Vec<Placed> {
    let standings = standings.into_iter().chain(std::iter::repeat(None));
    let mut placed: Vec<Placed> = found
        .into_iter()
        .zip(standings)
        .filter(|(found, _)| found.member.policy.class_floor <= policy.class)
        .map(|(found, standing)| Placed::new(found, standing, policy.now))
        .filter(|one| {
            one.demoted != Some(Demotion::Overload) || policy.overloaded == Overloaded::Last
        })
        .collect();
    placed.sort_by(|a, b| a.distance().cmp(&b.distance()).then(b.score.total_cmp(&a.score)));
    number(&mut placed);
    let mut list = cut(placed, policy);
    // Stable: the overloaded keep their order among themselves.
    list.sort_by_key(|one| one.demoted.is_some());
    list
}

impl Placed {
    fn new(found: Found, standing: Option<Standing>, now: u64) -> Self {
        let score = standing.as_ref().map_or(UNKNOWN_SCORE, |standing| standing.score);
        let is_overloaded = standing.as_ref().is_some_and(|standing| standing.is_overloaded);
        let is_doubted = found.member.doubted_until > now;
        let demoted = match (is_overloaded, is_doubted) {
            (true, _) => Some(Demotion::Overload),
            (false, true) => Some(Demotion::Unreliable),
            (false, false) => None,
        };
        Self { found, standing, rank: None, score, bridge: false, demoted }
    }

    /// Without a cost comes last.
    fn distance(&self) -> u32 {
        self.found.ordinal.unwrap_or(u32::MAX)
    }
}

/// Dense ranks, by cost alone; no cost, no rank.
fn number(sorted: &mut [Placed]) {
    let (mut rank, mut last) = (0, None);
    for one in sorted {
        if let Some(ordinal) = one.found.ordinal {
            rank += u32::from(last != Some(ordinal));
            last = Some(ordinal);
            one.rank = Some(rank);
        }
    }
}

/// The first `size`, of which a share comes from beyond the nearest rank, caches first.
fn cut(sorted: Vec<Placed>, policy: &Policy) -> Vec<Placed> {
    if sorted.len() <= policy.size || policy.size == 0 {
        return sorted.into_iter().take(policy.size).collect();
    }
    let nearest = sorted.first().map(Placed::distance);
    let near = sorted.iter().take_while(|one| Some(one.distance()) == nearest).count();
    let wanted = (policy.size * usize::from(policy.bridge_percent) / 100).max(1);
    let natural = policy.size.saturating_sub(near);
    let bridges = wanted.saturating_sub(natural).min(sorted.len() - near).min(policy.size - 1);
    let kept = policy.size - bridges;
    let mut chosen: Vec<bool> = (0..sorted.len()).map(|at| at < kept).collect();
    let beyond = kept.max(near)..sorted.len();
    let is_cache = |at: &usize| sorted[*at].found.member.kind == PeerType::Cache;
    let caches = beyond.clone().filter(|at| is_cache(at));
    let others = beyond.clone().filter(|at| !is_cache(at));
    for at in caches.chain(others).take(bridges) {
        chosen[at] = true;
    }
    let taken = sorted.into_iter().enumerate().filter(|(at, _)| chosen[*at]);
    taken.map(|(at, one)| Placed { bridge: at >= kept, ..one }).collect()
}

#[cfg(test)]
mod tests;
