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
/// Fragments that a member of a large group fetches from afar at a time…
const FAR_ASKED: usize = 4;
/// … and all of a small one together.
const GROUP_ASKED: usize = 24;
/// A claim that is not said again is void after so long…
const CLAIM_LIFE: Duration = Duration::from_secs(25);
/// Nothing asked for and much missing for so long: the rules of the group are off.
const STARVED: Duration = Duration::from_secs(15);
/// What has waited in one queue for so long may be asked for in another.
const SECOND_AFTER: Duration = Duration::from_millis(500);
/// … from afar: for so long.
const FAR_SECOND_AFTER: Duration = Duration::from_secs(2);
/// A member that is not linked is left its share for so long.
const UNLINKED: Duration = Duration::from_secs(30);
/// Who has nothing of its own share to ask for takes over from others after so long, and as much
/// again by chance: or all would jump at the same fragments.
const TAKE_OVER: Duration = Duration::from_secs(1);
/// Fragments of others' shares fetched from afar at a time, by a member of a small and of a crowded
/// group.
const TAKEN_OVER: (usize, usize) = (2, 1);
/// A group of more is crowded.
const CROWD: usize = 8;
/// Who stands further back for a fragment takes it over so much later for each place, the last one
/// so much at most: or several would at once, before they hear of each other.
const TAKE_TURN: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));
/// At first the list lacks those who come with us, and so does the group: one from afar at a time.
const SETTLING: Duration = Duration::from_secs(3);
/// What has begun and brings nothing for so long is held up.
pub(crate) const HELD_UP: Duration = Duration::from_secs(2);
/// A better-ranked peer keeps up while what it was asked for takes no longer than so long.
const KEEPS_UP_S: f64 = 0.5;
/// After a list, those ranked lower wait so long for better ones that are being dialled.
const MEETING: Duration = Duration::from_millis(700);
/// Came to nothing so often: anybody may be asked.
const MANY_FAILS: u8 = 3;

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
            if !own && !self.takes_over(now) {
                break;
            }
            for id in self.askable(now) {
                while self.has_room(id, peer_down, now) && (own || self.takes_over(now)) {
                    let Some(fragment) = self.pick(id, own, now) else { break };
                    let far = self.links.get(&id).is_some_and(|link| !link.near);
                    self.fetching.taking_over &= !(own && far);
                    self.ask(id, fragment, now);
                }
            }
        }
        self.note_idle(now);
        match self.lacks_nothing_to_ask() {
            true => self.ask_twice(peer_down, now),
            false => self.ask_for_players(now),
        }
    }

    /// Links that could be asked, the nearest first; the overloaded last.
    fn askable(&self, now: Instant) -> Vec<LinkId> {
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
        (overloaded, !link.near, link.rank)
    }

    /// What need not be asked for on a link, since better ones bring it in time; `None`: nothing is
    /// asked for there yet, since better ones are about to be met.
    fn left_to_better(&self, id: LinkId, now: Instant) -> Option<Vec<LinkId>> {
        let own = self.standing(self.links.get(&id)?);
        if now < self.fetching.listed_at + MEETING && self.meets_better(own) {
            return None;
        }
        let better = self.links.iter().filter(|(_, link)| {
            link.is_ready()
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

    fn has_room(&mut self, id: LinkId, peer_down: Option<u64>, now: Instant) -> bool {
        let fragment_bytes = self.content.cut.fragment_size();
        let asked: usize = self.links.values().map(|link| link.taking.requests.len()).sum();
        if asked > 0 && (asked as u64 + 1) * u64::from(fragment_bytes) > self.config.asked_bytes {
            return false;
        }
        let far_full = self.far_asked() >= self.far_room(now);
        let Some(link) = self.links.get_mut(&id) else { return false };
        if !link.near && far_full && self.group.is_known() {
            return false;
        }
        link.taking.bucket.set(peer_down, now);
        if link.taking.bucket.after(1, now).is_some() {
            return false;
        }
        let ahead = link.taking.rate.at(now) * AHEAD_S / f64::from(fragment_bytes);
        link.queued() < MAX_QUEUED.min(1 + ahead as usize)
    }

    fn far_asked(&self) -> usize {
        let far = self.links.values().filter(|link| !link.near);
        far.map(|link| link.taking.requests.len()).sum()
    }

    fn far_room(&self, now: Instant) -> usize {
        if now < self.since + SETTLING {
            return 1;
        }
        let far = self.links.values().filter(|link| !link.near);
        let rate: f64 = far.map(|link| link.taking.rate.at(now)).sum();
        let ahead = rate / f64::from(self.content.cut.fragment_size());
        FAR_ASKED.max(GROUP_ASKED / self.group.size()).max(ahead as usize)
    }

    /// The best fragment to ask for on a link; `own`: of the own share, where it comes from afar.
    fn pick(&mut self, id: LinkId, own: bool, now: Instant) -> Option<u32> {
        let link = self.links.get(&id)?;
        if link.near && !own {
            return None;
        }
        let starved = self.is_starved(now);
        let better = self.left_to_better(id, now)?;
        let better: Vec<&Link> = better.iter().filter_map(|id| self.links.get(id)).collect();
        let mut best: Option<Key> = None;
        let mut found = Vec::new();
        for fragment in link.map.iter_without(&self.pieces.have) {
            let piece = self.pieces.of(fragment);
            if piece.asked > 0 || !self.pieces.lacks(fragment) {
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

    fn may_fetch_far(&self, fragment: u32, own: bool, now: Instant) -> bool {
        if !self.group.is_known() {
            return own;
        }
        let piece = self.pieces.of(fragment);
        if piece.failed >= MANY_FAILS || (piece.near > 0 && self.near_is_slow(now)) {
            return true;
        }
        let claimed = piece.claim.is_some_and(|(_, at)| now < at + CLAIM_LIFE);
        if piece.near > 0 || claimed {
            return false;
        }
        // A player waits for nobody's share.
        if self.urgency(fragment) != u32::MAX {
            return own;
        }
        let mine = self.group.is_mine(fragment);
        mine == own && (mine || self.may_take_over(fragment, now))
    }

    /// One that is linked says what it fetches, and is not disturbed; of one that is not linked
    /// nothing is known, and it is left its time.
    fn may_take_over(&self, fragment: u32, now: Instant) -> bool {
        let owner = self.group.owner(fragment);
        let link = owner.and_then(|owner| self.by_peer.get(owner));
        if link.is_none() && now < self.since + UNLINKED {
            return false;
        }
        let size = u32::try_from(self.group.size()).unwrap_or(u32::MAX);
        let turn = TAKE_TURN.0.min(TAKE_TURN.1 / size) * u32::from(self.group.place(fragment));
        let free = self.pieces.of(fragment).freed.max(self.fetching.take_over_at);
        free.is_none_or(|since| now >= since + turn)
    }

    /// Whether this member may fetch for others: it has had nothing to do from afar for a while.
    fn takes_over(&mut self, now: Instant) -> bool {
        let asked = self.far_asked();
        if self.fetching.taking_over {
            let crowded = self.group.size() > CROWD;
            return asked < if crowded { TAKEN_OVER.1 } else { TAKEN_OVER.0 };
        }
        if asked > 0 || !self.group.is_known() {
            self.fetching.take_over_at = None;
            return false;
        }
        let jitter = TAKE_OVER.mul_f64(self.random.f64());
        let at = *self.fetching.take_over_at.get_or_insert(now + TAKE_OVER + jitter);
        self.fetching.taking_over = now >= at;
        self.fetching.taking_over
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
        let near = link.near;
        if let Some(piece) = self.pieces.at(fragment) {
            piece.asked = piece.asked.saturating_add(1);
        }
        self.send(id, Frame::Get(Get { fragment, offset: 0 }), now);
        if !near && self.group.is_known() {
            self.tell_near(&MapUpdate::Claim(vec![fragment]), now);
        }
    }

    /// Whether all that is missing and can be had is asked for.
    fn lacks_nothing_to_ask(&self) -> bool {
        let missing = self.pieces.want.iter_without(&self.pieces.have);
        let mut open = missing.filter(|&fragment| {
            let piece = self.pieces.of(fragment);
            piece.asked == 0 && !piece.storing && piece.near + piece.far > 0
        });
        open.next().is_none()
    }

    fn ask_twice(&mut self, peer_down: Option<u64>, now: Instant) {
        for id in self.askable(now) {
            if !self.has_room(id, peer_down, now) {
                continue;
            }
            let Some(link) = self.links.get(&id) else { continue };
            let far = !link.near;
            let extra = self.group.extra(self.pieces.count(), self.config.extra_percent);
            let spent = self.fetching.extra >= extra && !self.near_is_slow(now);
            if far && self.group.is_known() && spent {
                continue;
            }
            let after = if far { FAR_SECOND_AFTER } else { SECOND_AFTER };
            let Some(fragment) = self.waiting_elsewhere(id, after, now) else { continue };
            self.fetching.extra += u32::from(far);
            self.ask(id, fragment, now);
        }
    }

    /// What a player waits for and somebody is late with is asked for at the best of the others
    /// too, even where much is asked for there already.
    fn ask_for_players(&mut self, now: Instant) {
        if self.config.order == Order::Rarest {
            return;
        }
        for fragment in self.fetching.positions.clone() {
            let piece = self.pieces.of(fragment);
            let late =
                self.links.values().flat_map(|link| link.taking.requests.iter()).any(|one| {
                    let waited = now >= one.since + FAR_SECOND_AFTER;
                    one.fragment == fragment && waited && self.is_late(one, now)
                });
            if piece.asked != 1 || !late {
                continue;
            }
            let other = self.askable(now).into_iter().find(|id| {
                self.links.get(id).is_some_and(|link| {
                    let asked = link.taking.requests.iter().any(|one| one.fragment == fragment);
                    link.map.has(fragment) && !asked
                })
            });
            if let Some(id) = other {
                self.ask(id, fragment, now);
            }
        }
    }

    /// What has waited longest on another link, or goes very slowly there.
    fn waiting_elsewhere(&self, id: LinkId, after: Duration, now: Instant) -> Option<u32> {
        let link = self.links.get(&id)?;
        let others = self.links.iter().filter(|(other, _)| **other != id);
        let requests = others.flat_map(|(_, other)| other.taking.requests.iter());
        let may = |request: &&Request| {
            let once = self.pieces.of(request.fragment).asked == 1;
            let late = now >= request.since + after;
            once && late && link.map.has(request.fragment) && self.is_late(request, now)
        };
        requests.filter(may).min_by_key(|request| request.since).map(|request| request.fragment)
    }

    /// Has not begun, is held up, or will need some seconds more.
    fn is_late(&self, request: &Request, now: Instant) -> bool {
        let Some(begun) = request.begun else { return true };
        if now >= request.last + HELD_UP {
            return true;
        }
        let spent = now.saturating_duration_since(begun).as_secs_f64();
        let left = self.content.len(request.fragment).saturating_sub(request.offset);
        let left_s = spent * f64::from(left) / f64::from(request.offset.max(1));
        spent > 3.0 && left_s > 3.0
    }
}
