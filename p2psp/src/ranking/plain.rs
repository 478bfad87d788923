//! The order of a list in the plainest words, to hold the quick one against.

use mp2p::message::list::{Demotion, PeerType};

use crate::overlay::Found;
use crate::ranking::{Placed, Policy};
use crate::settings::Overloaded;

/// Filter, sort, number, cut, overloaded last: one thing after the other.
pub(crate) fn rank(found: Vec<Found>, policy: &Policy) -> Vec<Placed> {
    let mut placed: Vec<Placed> = found
        .into_iter()
        .filter(|found| found.class_floor <= policy.class)
        .map(placed)
        .filter(|one| {
            one.demoted != Some(Demotion::Overload) || policy.overloaded == Overloaded::Last
        })
        .collect();
    placed.sort_by(|a, b| distance(a).cmp(&distance(b)).then(b.score.total_cmp(&a.score)));
    let (mut rank, mut last) = (0, None);
    for one in &mut placed {
        if let Some(ordinal) = one.found.ordinal {
            rank += u32::from(last != Some(ordinal));
            last = Some(ordinal);
            one.rank = Some(rank);
        }
    }
    let mut list = cut(placed, policy);
    list.sort_by_key(|one| one.demoted.is_some());
    list
}

fn placed(found: Found) -> Placed {
    let score = found.brief.map_or(0.5, |brief| brief.score);
    let demoted = match (found.brief.is_some_and(|brief| brief.is_overloaded), found.is_doubted) {
        (true, _) => Some(Demotion::Overload),
        (false, true) => Some(Demotion::Unreliable),
        (false, false) => None,
    };
    Placed { found, rank: None, score, bridge: false, demoted }
}

fn distance(one: &Placed) -> u32 {
    one.found.ordinal.unwrap_or(u32::MAX)
}

/// The first `size`, of which a share comes from beyond the nearest rank, caches first.
fn cut(sorted: Vec<Placed>, policy: &Policy) -> Vec<Placed> {
    if sorted.len() <= policy.size || policy.size == 0 {
        return sorted.into_iter().take(policy.size).collect();
    }
    let nearest = sorted.first().map(distance);
    let near = sorted.iter().take_while(|one| Some(distance(one)) == nearest).count();
    let wanted = (policy.size * usize::from(policy.bridge_percent) / 100).max(1);
    let natural = policy.size.saturating_sub(near);
    let bridges = wanted.saturating_sub(natural).min(sorted.len() - near).min(policy.size - 1);
    let kept = policy.size - bridges;
    let mut chosen: Vec<bool> = (0..sorted.len()).map(|at| at < kept).collect();
    let beyond = kept.max(near)..sorted.len();
    let is_cache = |at: &usize| sorted[*at].found.kind == PeerType::Cache;
    let caches = beyond.clone().filter(|at| is_cache(at));
    let others = beyond.clone().filter(|at| !is_cache(at));
    for at in caches.chain(others).take(bridges) {
        chosen[at] = true;
    }
    let taken = sorted.into_iter().enumerate().filter(|(at, _)| chosen[*at]);
    taken.map(|(at, one)| Placed { bridge: at >= kept, ..one }).collect()
}
