//! What to ask for next, and whom.
//!
//! Who is ranked lower is asked only for what those ranked higher have not, or do not bring in
//! time. Near peers are asked for whatever they have, the rarest near first. Far peers are asked
//! only for what nobody near has and nobody near fetches: first the own share, then, with nothing
//! of it left to ask for, what others of the group have not begun. When all that is missing is
//! asked for, the end has come: what waits in one queue is asked for in another as well, and
//! whichever begins first ends the other.

use std::time::{Duration, Instant};

use mp2p::frame::{Frame, Get, MapUpdate};
use mp2p::id::PeerId;

use crate::exchange::budget::Budget;
use crate::exchange::config::Order;
use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;
use crate::exchange::link::Link;
use crate::exchange::request::Request;

/// Fragments asked for on a link, as time at its rate, beyond the one that waits.
const AHEAD_S: f64 = 0.3;
/// Fragments that wait on one link at most.
const MAX_QUEUED: usize = 16;
/// Fragments asked for near at a time, with links of all together at least; and as time at the rate
/// at which they come: what is not asked for yet can still be asked where it is quick.
const NEAR_ASKED: usize = 24;
const NEAR_AHEAD_S: f64 = 3.0;
/// Nothing asked for and much missing for so long: the rules of the group are off.
const STARVED: Duration = Duration::from_secs(15);
/// A better-ranked peer keeps up while what it was asked for takes no longer than so long.
const KEEPS_UP_S: f64 = 0.5;
/// After a list, those ranked lower wait so long for better ones that are being dialled.
const MEETING: Duration = Duration::from_millis(700);

/// How the best of several fragments is found; less is better.
type Key = (u32, u16, u32, u32);
/// How well a peer is placed; less is better.
pub(crate) type Standing = (bool, bool, u32);

impl Engine {
    pub(crate) fn plan(&mut self, budget: &mut Budget, now: Instant) {
        self.fetching.again = None;
        let paused = self.fetching.paused.filter(|until| now < *until);
        if self.stopped.is_some() || self.pieces.missing == 0 {
            return;
        }
        if let Some(later) = paused.or_else(|| budget.down.after(1, now)) {
            self.fetching.again = Some(later);
            return;
        }
        let peer_down = budget.rates().peer_down;
        for own in [true, false] {
            for id in self.askable(now) {
                while self.has_room(id, peer_down, now) && (own || self.takes_over()) {
                    let Some(fragment) = self.pick(id, own, now) else { break };
                    self.ask(id, fragment, now);
                }
            }
        }
        self.move_to_idle(peer_down, now);
        self.ask_spare(peer_down, now);
        self.note_idle(now);
        match self.lacks_nothing_to_ask() {
            true => self.ask_twice(peer_down, now),
            false => self.ask_for_players(now),
        }
    }

    /// Links that could be asked, the nearest first; the overloaded and the slow last.
    pub(crate) fn askable(&self, now: Instant) -> Vec<LinkId> {
        let may = |link: &Link| {
            let is_open = link.is_ready() && link.retired.is_none();
            is_open && link.useful > 0 && !link.taking.is_busy(now)
        };
        let links = self.links.iter().filter(|(_, link)| may(link));
        let key = |link: &Link| (self.standing(link), link.taking.requests.len());
        let mut found: Vec<_> = links.map(|(id, link)| (key(link), *id)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    pub(crate) fn standing(&self, link: &Link) -> Standing {
        let overloaded = self.neighbours.is_overloaded(&link.info.peer);
        (overloaded || link.is_slow(), !link.near, link.rank)
    }

    /// What need not be asked for on a link, since better ones bring it in time; `None`: nothing is
    /// asked for there yet, since better ones are about to be met.
    fn left_to_better(&self, id: LinkId, now: Instant) -> Option<Vec<LinkId>> {
        let link = self.links.get(&id)?;
        let own = self.standing(link);
        if link.is_slow() {
            // It is asked for what nobody else has.
            let others = self.links.iter().filter(|(_, link)| link.is_ready() && !link.is_slow());
            return Some(others.map(|(id, _)| *id).collect());
        }
        if now < self.fetching.listed_at + MEETING && self.meets_better(own) {
            return None;
        }
        // What somebody near has is not asked for afar, however busy those near are.
        let near = link.near;
        let better = self.links.iter().filter(|(_, link)| {
            link.is_ready()
                && (link.near || !near)
                && self.standing(link) < own
                && !link.taking.is_busy(now)
                && self.keeps_up(link, now)
        });
        Some(better.map(|(id, _)| *id).collect())
    }

    fn meets_better(&self, own: Standing) -> bool {
        let mut greeting = self.links.values().filter(|link| !link.is_ready());
        let mut dialling = self.neighbours.dialling();
        greeting.any(|link| self.standing_of(&link.info.peer) < own)
            || dialling.any(|peer| self.standing_of(peer) < own)
    }

    fn standing_of(&self, peer: &PeerId) -> Standing {
        let overloaded = self.neighbours.is_overloaded(peer);
        (overloaded, !self.group.is_near(peer), self.neighbours.rank(peer))
    }

    /// Whether what was asked for on a link will be here soon.
    fn keeps_up(&self, link: &Link, now: Instant) -> bool {
        let left =
            |request: &Request| self.content.len(request.fragment).saturating_sub(request.offset);
        let left: f64 = link.taking.requests.iter().map(|request| f64::from(left(request))).sum();
        let oldest = link.taking.requests.iter().map(|request| request.last).min();
        let waited = oldest.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        let rate = link.taking.rate.at(now);
        let known = link.taking.rate.is_known(Duration::from_secs_f64(KEEPS_UP_S), now);
        waited <= KEEPS_UP_S && (!known || left <= rate * KEEPS_UP_S)
    }

    pub(crate) fn has_room(&mut self, id: LinkId, peer_down: Option<u64>, now: Instant) -> bool {
        let fragment_bytes = self.content.cut.fragment_size();
        let asked: usize = self.links.values().map(|link| link.taking.requests.len()).sum();
        if asked > 0 && (asked as u64 + 1) * u64::from(fragment_bytes) > self.config.asked_bytes {
            return false;
        }
        let far_full = self.far_asked() >= self.far_room(now);
        let near_full = self.near_asked() >= self.near_room(now);
        let Some(link) = self.links.get_mut(&id) else { return false };
        if self.group.is_known() && if link.near { near_full } else { far_full } {
            return false;
        }
        link.taking.bucket.set(peer_down, now);
        if link.taking.bucket.after(1, now).is_some() {
            return false;
        }
        if link.is_slow() {
            return link.taking.requests.is_empty();
        }
        let ahead = link.taking.rate.at(now) * AHEAD_S / f64::from(fragment_bytes);
        link.queued() < MAX_QUEUED.min(1 + ahead as usize)
    }

    fn near_asked(&self) -> usize {
        let near = self.links.values().filter(|link| link.is_at_hand());
        near.map(|link| link.taking.requests.len()).sum()
    }

    fn near_room(&self, now: Instant) -> usize {
        let rate = self.fetching.all_rate.at(now) * NEAR_AHEAD_S;
        NEAR_ASKED.max((rate / f64::from(self.content.cut.fragment_size())) as usize)
    }

    /// The best fragment to ask for on a link; `own`: of the own share, where it comes from afar.
    fn pick(&mut self, id: LinkId, own: bool, now: Instant) -> Option<u32> {
        let link = self.links.get(&id)?;
        if link.near && !own {
            return None;
        }
        let starved = self.is_starved(now);
        if !link.near && !self.is_source(link) && self.leaves_to_sources(now) {
            return None;
        }
        let alone = self.is_left_alone(now);
        let better = self.left_to_better(id, now)?;
        let better: Vec<&Link> = better.iter().filter_map(|id| self.links.get(id)).collect();
        let mut best: Option<Key> = None;
        let mut found = Vec::new();
        for fragment in link.map.iter_without(&self.pieces.have) {
            let piece = self.pieces.of(fragment);
            if piece.asked > 0 || !self.pieces.lacks(fragment) || link.asks_for(fragment) {
                continue;
            }
            if alone && !self.fetching.positions.contains(&fragment) {
                continue;
            }
            if better.iter().any(|better| better.map.has(fragment)) {
                continue;
            }
            if !link.near && !starved && !self.may_fetch_far(fragment, own, now) {
                continue;
            }
            let place = if own { 0 } else { self.group.place(fragment) };
            let key = (self.urgency(fragment), place, piece.near.into(), piece.far.into());
            if best.is_none_or(|best| key < best) {
                best = Some(key);
                found.clear();
            }
            if best == Some(key) {
                found.push(fragment);
            }
        }
        (!found.is_empty()).then(|| found[self.random.usize(..found.len())])
    }

    /// Fragments from a player to this one; `u32::MAX` where none is about to come to it.
    fn urgency(&self, fragment: u32) -> u32 {
        let Order::Stream { ahead } = self.config.order else { return u32::MAX };
        let distances = self.fetching.positions.iter().map(|at| fragment.checked_sub(*at));
        distances.flatten().filter(|distance| *distance < ahead).min().unwrap_or(u32::MAX)
    }

    /// Whether a player is about to come to it.
    pub(crate) fn is_urgent(&self, fragment: u32) -> bool {
        self.urgency(fragment) != u32::MAX
    }

    fn is_starved(&self, now: Instant) -> bool {
        self.fetching.idle_since.is_some_and(|since| now >= since + STARVED)
    }

    fn note_idle(&mut self, now: Instant) {
        let asked = self.links.values().any(|link| !link.taking.requests.is_empty());
        match asked {
            true => self.fetching.idle_since = None,
            false => drop(self.fetching.idle_since.get_or_insert(now)),
        }
    }

    pub(crate) fn ask(&mut self, id: LinkId, fragment: u32, now: Instant) {
        let Some(hasher) = self.content.cut.hasher(fragment) else { return };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.taking.requests.push(Request::new(fragment, hasher, now));
        let (near, slow) = (link.near, link.is_slow());
        if let Some(piece) = self.pieces.at(fragment) {
            piece.asked = piece.asked.saturating_add(u8::from(!slow));
        }
        self.send(id, Frame::Get(Get { fragment, offset: 0 }), now);
        if !near && self.group.is_known() {
            self.tell_near(&MapUpdate::Claim(vec![fragment]), now);
        }
    }
}
