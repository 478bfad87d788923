//! The order of a list in the plainest words, to hold the quick one against.

use mp2p::message::list::Demotion;

use crate::ranking::{Place, Policy, Sketch};
use crate::settings::Overloaded;

#[derive(Clone, Copy)]
struct One {
    sketch: Sketch,
    place: Place,
}

/// Filter, sort, number, cut, overloaded last: one thing after the other.
pub(crate) fn order(sketches: &[Sketch], policy: &Policy) -> Vec<Place> {
    let all = sketches.iter().enumerate().map(|(candidate, sketch)| one(candidate, *sketch));
    let mut placed: Vec<One> = all
        .filter(|one| one.sketch.class_floor <= policy.class)
        .filter(|one| {
            one.place.demoted != Some(Demotion::Overload) || policy.overloaded == Overloaded::Last
        })
        .collect();
    placed.sort_by(|a, b| {
        let by_distance = a.sketch.distance.cmp(&b.sketch.distance);
        by_distance.then(b.sketch.score.total_cmp(&a.sketch.score))
    });
    let (mut rank, mut last) = (0, None);
    for one in &mut placed {
        let distance = one.sketch.distance;
        if distance != u32::MAX {
            rank += u32::from(last != Some(distance));
            last = Some(distance);
            one.place.rank = Some(rank);
        }
    }
    let mut list = cut(&placed, policy);
    list.sort_by_key(|place| place.demoted.is_some());
    list
}

fn one(candidate: usize, sketch: Sketch) -> One {
    let demoted = match (sketch.is_overloaded, sketch.is_doubted) {
        (true, _) => Some(Demotion::Overload),
        (false, true) => Some(Demotion::Unreliable),
        (false, false) => None,
    };
    One { sketch, place: Place { candidate, rank: None, bridge: false, demoted } }
}

/// The first `size`, of which a share comes from beyond the nearest rank, caches first.
fn cut(sorted: &[One], policy: &Policy) -> Vec<Place> {
    if sorted.len() <= policy.size || policy.size == 0 {
        return sorted.iter().take(policy.size).map(|one| one.place).collect();
    }
    let nearest = sorted.first().map(|one| one.sketch.distance);
    let near = sorted.iter().take_while(|one| Some(one.sketch.distance) == nearest).count();
    let wanted = (policy.size * usize::from(policy.bridge_percent) / 100).max(1);
    let natural = policy.size.saturating_sub(near);
    let bridges = wanted.saturating_sub(natural).min(sorted.len() - near).min(policy.size - 1);
    let kept = policy.size - bridges;
    let mut chosen: Vec<bool> = (0..sorted.len()).map(|at| at < kept).collect();
    let beyond = kept.max(near)..sorted.len();
    let is_cache = |at: &usize| sorted[*at].sketch.is_cache;
    let caches = beyond.clone().filter(|at| is_cache(at));
    let others = beyond.clone().filter(|at| !is_cache(at));
    for at in caches.chain(others).take(bridges) {
        chosen[at] = true;
    }
    let taken = sorted.iter().enumerate().filter(|(at, _)| chosen[*at]);
    taken.map(|(at, one)| Place { bridge: at >= kept, ..one.place }).collect()
}
