//! From candidates to the list (TR 20002 §8.3.1 step 4, §8.3.2, Req-Traffic-060).
//!
//! ```text
//!  by class ─► by the ISP's cost ─► by score ─► cut, with bridges ─► overloaded last
//! ```
//!
//! Pure: what is known of candidates in, an order out. Locality alone cuts an overlay into islands
//! that starve, so some entries always come from beyond the nearest rank.

use std::borrow::Borrow;

use mp2p::message::list::Demotion;
use smallvec::SmallVec;

use crate::isp::NO_COST;
use crate::scores::Brief;
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

/// What the order needs to know of a candidate: 12 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sketch {
    /// The ordinal cost to there; the last number where there is none.
    pub distance: u32,
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// It has too much to do.
    pub is_overloaded: bool,
    /// Several users complain of it.
    pub is_doubted: bool,
    /// It is a cache.
    pub is_cache: bool,
    /// The lowest class that it serves.
    pub class_floor: u8,
}

impl Sketch {
    /// Of somebody at an ordinal cost, none where there is no cost, who stands so; that serves all
    /// classes, and is nothing special.
    #[must_use]
    pub fn of(ordinal: Option<u32>, brief: Option<Brief>) -> Self {
        Self::at(ordinal.unwrap_or(NO_COST), brief)
    }

    /// The same at a distance, [`NO_COST`] where there is no cost: behind all that have one.
    pub(crate) fn at(distance: u32, brief: Option<Brief>) -> Self {
        Self {
            distance,
            score: score(brief),
            is_overloaded: brief.is_some_and(|brief| brief.is_overloaded),
            is_doubted: false,
            is_cache: false,
            class_floor: 0,
        }
    }

    /// The ordinal cost to there.
    pub(crate) fn ordinal(&self) -> Option<u32> {
        (self.distance != NO_COST).then_some(self.distance)
    }

    const fn is_taken(&self, policy: &Policy) -> bool {
        let is_dropped = self.is_overloaded && matches!(policy.overloaded, Overloaded::Drop);
        self.class_floor <= policy.class && !is_dropped
    }

    const fn demotion(&self) -> Option<Demotion> {
        match (self.is_overloaded, self.is_doubted) {
            (true, _) => Some(Demotion::Overload),
            (false, true) => Some(Demotion::Unreliable),
            (false, false) => None,
        }
    }
}

/// How much somebody can give who stands so.
pub(crate) fn score(brief: Option<Brief>) -> f32 {
    brief.map_or(UNKNOWN_SCORE, |brief| brief.score)
}

/// The place of a candidate in the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Which candidate, counted from 0.
    pub candidate: usize,
    /// How near, from 1; ties share it.
    pub rank: Option<u32>,
    /// Stands here so that regions stay connected.
    pub bridge: bool,
    /// Why it stands lower than its rank.
    pub demoted: Option<Demotion>,
}

/// What a candidate lacks in score, and behind it its place among the candidates: in this order
/// those of one distance stand in a list.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Key(u64);

impl Key {
    fn of(place: u32, sketch: &Sketch) -> Self {
        Self(u64::from(lack(sketch.score)) << 32 | u64::from(place))
    }

    const fn place(self) -> usize {
        (self.0 & 0xffff_ffff) as usize
    }

    fn sketch<C: Borrow<Sketch>>(self, candidates: &[C]) -> &Sketch {
        candidates[self.place()].borrow()
    }
}

/// Those of most lists stay off the heap.
type Keys = SmallVec<[Key; 160]>;
/// The same.
pub(crate) type Places = SmallVec<[Place; 64]>;

/// Keys of those that are taken: without cost last, then by score, then as they came. Stores tell
/// of candidates near to far: then only those of one distance are to be sorted.
fn sorted<C: Borrow<Sketch>>(candidates: &[C], policy: &Policy) -> Keys {
    let mut keys = Keys::from_elem(Key(0), candidates.len());
    let (mut count, mut last, mut is_near_to_far) = (0, 0, true);
    // Where those begin that are as far as the last one.
    let mut begin = 0;
    for (place, candidate) in (0..).zip(candidates) {
        let sketch = candidate.borrow();
        if !sketch.is_taken(policy) {
            continue;
        }
        if sketch.distance != last {
            is_near_to_far &= sketch.distance > last;
            last = sketch.distance;
            put_in_order(&mut keys[begin..count]);
            begin = count;
        }
        keys[count] = Key::of(place, sketch);
        count += 1;
    }
    put_in_order(&mut keys[begin..count]);
    keys.truncate(count);
    if !is_near_to_far {
        let distance = |key: &Key| key.sketch(candidates).distance;
        keys.sort_unstable_by_key(|key| (distance(key), *key));
    }
    keys
}

/// Most PIDs have one member or two.
#[inline]
fn put_in_order(alike: &mut [Key]) {
    match alike {
        [] | [_] => {}
        [one, other] => {
            if *other < *one {
                std::mem::swap(one, other);
            }
        }
        more => more.sort_unstable(),
    }
}

/// Puts candidates in order, best first.
#[must_use]
pub fn order(sketches: &[Sketch], policy: &Policy) -> Vec<Place> {
    places(sketches, policy).into_vec()
}

/// See [`order`].
pub(crate) fn places<C: Borrow<Sketch>>(candidates: &[C], policy: &Policy) -> Places {
    let sorted = &*sorted(candidates, policy);
    let Cut { kept, bridges } = cut(sorted, candidates, policy);
    let mut listing = Listing::default();
    listing.list.reserve(kept + bridges.len());
    for key in &sorted[..kept] {
        let sketch = key.sketch(candidates);
        listing.pass(sketch);
        listing.take(key.place(), sketch, false);
    }
    let mut at = kept;
    for bridge in bridges {
        for key in &sorted[at..=bridge] {
            listing.pass(key.sketch(candidates));
        }
        let key = sorted[bridge];
        listing.take(key.place(), key.sketch(candidates), true);
        at = bridge + 1;
    }
    let Listing { mut list, mut last, .. } = listing;
    list.extend(last.drain(..));
    list
}

/// A list as far as it has come.
#[derive(Default)]
struct Listing {
    list: Places,
    /// They come last.
    last: SmallVec<[Place; 16]>,
    /// Dense, by cost alone, over all candidates.
    rank: u32,
    before: Option<u32>,
}

impl Listing {
    /// Comes by a candidate, listed or not.
    #[inline]
    fn pass(&mut self, sketch: &Sketch) {
        self.rank += u32::from(self.before != Some(sketch.distance));
        self.before = Some(sketch.distance);
    }

    #[inline(always)]
    fn take(&mut self, candidate: usize, sketch: &Sketch, bridge: bool) {
        let demoted = sketch.demotion();
        let rank = sketch.ordinal().map(|_| self.rank);
        let one = Place { candidate, rank, bridge, demoted };
        // The overloaded keep their order among themselves.
        if demoted.is_some() { self.last.push(one) } else { self.list.push(one) }
    }
}

/// A number that falls as the score rises, for any score: the total order of IEEE 754 (§5.10).
fn lack(score: f32) -> u32 {
    let bits = score.to_bits();
    let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    !ascending
}

/// What of sorted candidates is in a list.
struct Cut {
    /// The first so many,
    kept: usize,
    /// and these places, ascending.
    bridges: SmallVec<[usize; 32]>,
}

/// The first `size`, of which a share comes from beyond the nearest rank, caches first.
fn cut<C: Borrow<Sketch>>(sorted: &[Key], candidates: &[C], policy: &Policy) -> Cut {
    let all = Cut { kept: sorted.len().min(policy.size), bridges: SmallVec::new() };
    if sorted.len() <= policy.size || policy.size == 0 {
        return all;
    }
    let distance = |key: &Key| key.sketch(candidates).distance;
    let nearest = distance(&sorted[0]);
    let near = sorted.partition_point(|key| distance(key) == nearest);
    let most = policy.bridges(near).min(sorted.len() - near).min(policy.size - 1);
    if most == 0 {
        return all;
    }
    let kept = policy.size - most;
    let beyond = kept.max(near)..sorted.len();
    let is_cache = |at: &usize| sorted[*at].sketch(candidates).is_cache;
    let caches = beyond.clone().filter(|at| is_cache(at));
    let others = beyond.clone().filter(|at| !is_cache(at));
    let mut bridges: SmallVec<[usize; 32]> = caches.chain(others).take(most).collect();
    bridges.sort_unstable();
    Cut { kept, bridges }
}

impl Policy {
    /// Entries that come from beyond the nearest rank, of whom there are `near`, in the place of
    /// nearer ones: none where enough of a list are from there anyway.
    fn bridges(&self, near: usize) -> usize {
        self.share().saturating_sub(self.size.saturating_sub(near))
    }

    /// Entries from beyond the nearest rank, at least.
    fn share(&self) -> usize {
        (self.size * usize::from(self.bridge_percent) / 100).max(1)
    }
}

/// Counts candidates that come near to far, until farther ones would not change the list.
#[derive(Clone, Copy, Debug)]
pub struct Enough<'a> {
    policy: &'a Policy,
    /// Entries from beyond the nearest.
    share: usize,
    /// Caches that may come besides, from anywhere: the better bridges.
    caches: usize,
    nearest: u32,
    near: usize,
    taken: usize,
}

impl<'a> Enough<'a> {
    /// Nobody yet; so many caches come last.
    #[must_use]
    pub fn new(policy: &'a Policy, caches: usize) -> Self {
        let share = policy.share();
        Self { policy, share, caches, nearest: NO_COST, near: 0, taken: 0 }
    }

    /// Entries of the list.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.policy.size
    }

    /// Whether a candidate counts.
    #[must_use]
    pub const fn takes(&self, sketch: &Sketch) -> bool {
        sketch.is_taken(self.policy)
    }

    /// Entries that farther candidates may have, where that is known.
    #[must_use]
    pub fn open(&self) -> Option<usize> {
        // With caches besides, how far down the list those stand depends on all who are before.
        if self.taken == 0 || self.caches > 0 {
            return None;
        }
        let beyond = self.policy.size.saturating_sub(self.near).max(self.share);
        Some(beyond.saturating_sub(self.taken - self.near))
    }

    /// So many more of those that count, at one distance.
    pub fn note(&mut self, distance: u32, count: usize) {
        if self.taken == 0 {
            self.nearest = distance;
        }
        if distance == self.nearest {
            self.near += count;
        }
        self.taken += count;
    }

    /// Whether candidates farther than those so far have no place in the list.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        let (size, beyond) = (self.policy.size, self.taken - self.near);
        if self.taken < size {
            return false;
        }
        match self.policy.bridges(self.near + self.caches) {
            0 => true,
            bridges => self.caches == 0 && self.taken > size && beyond >= bridges,
        }
    }
}

#[cfg(test)]
mod plain;
#[cfg(test)]
mod tests;
