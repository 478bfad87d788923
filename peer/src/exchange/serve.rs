//! Fragments go: GET, CANCEL, and who is served when.
//!
//! A few fragments are sent at a time. Which class has its turn follows from how much it was sent,
//! divided by its weight (start-time fair queuing): none starves. Within a class the fragment goes
//! first that the fewest others have, then the peer that was sent least, so that each fragment
//! leaves here once before any leaves twice. A cache server of the own group comes before all
//! others of its class: what it has, it passes on to all of them on a line wider than theirs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::{Busy, ByeReason, Data, Frame, Get};

use crate::exchange::budget::Budget;
use crate::exchange::config::{Config, weight};
use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, Output, StoreError};
use crate::exchange::link::{Asked, Link, Upload};
use crate::exchange::notary::DeliveryClaim;
use crate::exchange::pace::Access;

/// Fragments that one peer may wait for.
const MAX_ASKED: usize = 64;
/// When to ask again, told to a peer that asked for too much or for what is not here.
const RETRY_MS: u32 = 1000;
/// Who has waited so long goes before the rare ones.
const AGED: Duration = Duration::from_secs(10);
/// One that goes at less than this part of an even share does not count as one of the slots.
const SLOW_PART: f64 = 0.25;
/// … once it has gone on for so long, and where the own access has more to give.
const SLOW_AFTER: Duration = Duration::from_secs(2);
/// DATA that waits on a link to be written, as time at its rate: what is said after it waits too.
const WINDOW_S: f64 = 0.1;
/// Slices on a link slower than so many bytes a second are short.
const FAST: f64 = 2e6;
const SHORT_SLICE: usize = 16 << 10;
/// Fragments under way to near ones, the cache server's own too, while a near cache server waits
/// for one: where it takes little, another takes the rest.
const CACHED: usize = 2;
/// A class of weight 1 pays so much for a byte.
const COST: u64 = 1 << 16;

/// What is being sent.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    /// When to look again whether the budget has room.
    pub(crate) again: Option<Instant>,
    /// When claims were last said.
    pub(crate) claimed_at: Option<Instant>,
    /// Fragments read lately, the last used at the end.
    held: VecDeque<(u32, Bytes)>,
    /// Being read.
    reading: BTreeSet<u32>,
    /// What each class has had, and what the last served one had then.
    had: BTreeMap<u8, u64>,
    turn: u64,
    /// How much of the own access is used.
    pub(crate) access: Access,
}

impl Engine {
    pub(crate) fn is_serving(&self) -> bool {
        self.links.values().any(Link::is_served)
    }

    pub(crate) fn asked_for(&mut self, id: LinkId, get: Get, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if get.offset >= self.content.len(get.fragment) {
            return self.close(id, ByeReason::Fault, now);
        }
        let refused = link.class < self.config.class_floor
            || link.giving.asked.len() >= MAX_ASKED
            || !self.pieces.have.has(get.fragment);
        if refused {
            let busy = Busy { fragment: get.fragment, retry_ms: RETRY_MS };
            return self.send(id, Frame::Busy(busy), now);
        }
        let asked = Asked { fragment: get.fragment, offset: get.offset, since: now };
        link.giving.asked.retain(|earlier| earlier.fragment != get.fragment);
        link.giving.asked.push_back(asked);
    }

    pub(crate) fn cancelled(&mut self, id: LinkId, fragment: u32) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.giving.asked.retain(|asked| asked.fragment != fragment);
        if link.giving.active.as_ref().is_some_and(|active| active.fragment == fragment) {
            link.giving.active = None;
        }
    }

    /// Sends one slice; whether there was one to send.
    pub(crate) fn serve(&mut self, budget: &mut Budget, now: Instant) -> bool {
        self.serving.again = None;
        self.start_uploads(now);
        let Some(id) = self.next_to_send(budget, now) else { return false };
        self.send_slice(id, budget, now);
        true
    }

    /// The link whose turn it is, of those that have room for a slice; notes when to look again.
    fn next_to_send(&mut self, budget: &mut Budget, now: Instant) -> Option<LinkId> {
        let mut best: Option<((u64, u64, usize), LinkId)> = None;
        let mut again: Option<Instant> = None;
        for (id, link) in &mut self.links {
            let Some(active) = &link.giving.active else { continue };
            let most = slice_bytes(link, &self.config, now);
            let ahead = (link.giving.rate.at(now) * WINDOW_S) as usize;
            let window = ahead.clamp(2 * most, self.config.window_bytes.max(2 * most));
            if active.bytes.is_none() || link.giving.unwritten >= window {
                continue;
            }
            let bytes = budget.slice(link.class, most) as u64;
            link.giving.bucket.set(budget.rates().peer_up, now);
            let class = budget.class_up.get_mut(&link.class);
            let waits = [
                budget.up.after(bytes, now),
                link.giving.bucket.after(bytes, now),
                class.and_then(|bucket| bucket.after(bytes, now)),
            ];
            if let Some(later) = waits.into_iter().flatten().max() {
                again = Some(again.map_or(later, |at| at.min(later)));
                continue;
            }
            let had = self.serving.had.get(&link.class).copied().unwrap_or_default();
            let sent = link.giving.rate.at(now) as u64;
            let key = (had.max(self.serving.turn), sent, link.giving.unwritten);
            if best.is_none_or(|(least, _)| key < least) {
                best = Some((key, *id));
            }
        }
        self.serving.again = again;
        best.map(|(_, id)| id)
    }

    fn send_slice(&mut self, id: LinkId, budget: &mut Budget, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let class = link.class;
        let most = budget.slice(class, slice_bytes(link, &self.config, now));
        let Some(active) = &mut link.giving.active else { return };
        let Some(bytes) = &active.bytes else { return };
        let (from, fragment) = (active.offset as usize, active.fragment);
        let slice = bytes.slice(from..bytes.len().min(from + most));
        active.offset += u32::try_from(slice.len()).unwrap_or_default();
        let ended = active.offset as usize >= bytes.len();
        let mut delivery = None;
        if ended {
            let whole = bytes.len() as u64;
            link.giving.active = None;
            link.giving.fragments += 1;
            link.giving.bytes += whole;
            delivery = self.signed(id, fragment);
            if delivery.is_none() {
                return self.close(id, ByeReason::Shutdown, now);
            }
            self.demand_receipt(id, now);
        }
        let offset = u32::try_from(from).unwrap_or_default();
        let data = Data { fragment, offset, delivery, bytes: slice };
        let length = Frame::data_len(&data);
        budget.up.spend(length as u64, now);
        if let Some(bucket) = budget.class_up.get_mut(&class) {
            bucket.spend(length as u64, now);
        }
        let had = self.serving.had.entry(class).or_default();
        self.serving.turn = self.serving.turn.max(*had);
        *had = self.serving.turn + length as u64 * COST / weight(class);
        if let Some(link) = self.links.get_mut(&id) {
            link.giving.bucket.spend(length as u64, now);
            link.giving.unwritten += length;
            link.giving.share.add(length, now);
        }
        self.send(id, Frame::Data(data), now);
    }

    /// The own statement of what was sent: the fragment was checked when it was read.
    fn signed(&self, id: LinkId, fragment: u32) -> Option<Box<str>> {
        let receiver = &self.links.get(&id)?.info.peer;
        let hash = self.content.hash(fragment)?;
        let claim = DeliveryClaim { fragment, hash, sender: &self.me, receiver };
        self.notary.sign_delivery(&claim).map(String::into_boxed_str)
    }

    fn start_uploads(&mut self, now: Instant) {
        // Each start takes one out of a queue, so this ends.
        while let Some((id, place)) = self.next_to_start(now) {
            let Some(link) = self.links.get_mut(&id) else { return };
            let Some(asked) = link.giving.asked.remove(place) else { return };
            let held = self.serving.held.iter().position(|(held, _)| *held == asked.fragment);
            let held = held.and_then(|place| self.serving.held.remove(place));
            let bytes = held.as_ref().map(|(_, bytes)| bytes.clone());
            self.serving.held.extend(held);
            let needed = bytes.is_none();
            let mut next = None;
            let near = self.links.get(&id).is_some_and(|link| link.near);
            if let Some(piece) = self.pieces.at(asked.fragment).filter(|_| !near) {
                piece.given_far = piece.given_far.saturating_add(1);
            }
            if let Some(link) = self.links.get_mut(&id) {
                let (fragment, offset) = (asked.fragment, asked.offset);
                link.giving.active = Some(Upload { fragment, offset, bytes, since: now });
                next = link.giving.asked.front().map(|asked| asked.fragment);
            }
            if needed {
                self.want_read(asked.fragment);
            }
            // The next one is read while this one goes.
            if let Some(next) = next {
                self.want_read(next);
            }
        }
    }

    fn want_read(&mut self, fragment: u32) {
        let held = self.serving.held.iter().any(|(held, _)| *held == fragment);
        if !held && self.serving.reading.insert(fragment) {
            self.put(Output::Read { fragment });
        }
    }

    /// The link, and the place in its queue, of the fragment to start with; `None`: enough is under
    /// way. A class that has nothing under way may always start one.
    fn next_to_start(&self, now: Instant) -> Option<(LinkId, usize)> {
        let full = [true, false].map(|near| self.slots_taken(near, now) >= self.slots(near));
        let mut best = None;
        for (id, link) in &self.links {
            let waits = !link.giving.asked.is_empty() && link.giving.active.is_none();
            if !waits || link.giving.unsigned_since.is_some() {
                continue;
            }
            let is_cache = self.is_near_cache(link);
            let served = |other: &Link| other.class == link.class && other.giving.active.is_some();
            if !is_cache && full[usize::from(!link.near)] && self.links.values().any(served) {
                continue;
            }
            let had = self.serving.had.get(&link.class).copied().unwrap_or_default();
            let share = link.giving.share.at(now) as u64;
            for (place, asked) in link.giving.asked.iter().enumerate() {
                let piece = self.pieces.of(asked.fragment);
                let fresh = now < asked.since + AGED;
                // A far peer asks for what nobody near it has, whoever has it here.
                let holders = if link.near { piece.near } else { piece.given_far };
                let holders = if fresh { holders } else { 0 };
                let key =
                    (had.max(self.serving.turn), fresh, !is_cache, share, holders, asked.since);
                if best.as_ref().is_none_or(|(least, _)| key < *least) {
                    best = Some((key, (*id, place)));
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// How many fragments may be under way to near and to far peers. For what far ones get, a whole
    /// group waits, and their links may be slow: who has all gives them most of it, and what they
    /// cannot take to near ones. To one who fetches, near ones come first.
    fn slots(&self, near: bool) -> usize {
        let slots = self.config.slots;
        let mut far = self.links.values().filter(|link| !link.near);
        let mut caches = self.links.values().filter(|link| self.is_near_cache(link));
        if near && caches.any(Link::is_served) {
            return CACHED;
        }
        match (self.pieces.missing == 0, near) {
            (true, true) if far.any(|link| link.giving.active.is_some()) => slots.div_ceil(2),
            (false, false) => slots.div_ceil(4),
            _ => slots,
        }
    }

    fn is_near_cache(&self, link: &Link) -> bool {
        link.near && self.neighbours.is_cache(&link.info.peer)
    }

    /// How many fragments are under way, without those that their receivers hold up.
    fn slots_taken(&self, near: bool, now: Instant) -> usize {
        let active = self.links.values().filter(|link| link.near == near);
        let active = active.filter_map(|link| Some((link.giving.active.as_ref()?, link)));
        let active: Vec<(Duration, f64)> = active
            .map(|(upload, link)| {
                (now.saturating_duration_since(upload.since), link.giving.rate.at(now))
            })
            .collect();
        if self.serving.access.is_full(now) {
            // It is the access that holds them up: with more of them all would go slower.
            return active.len();
        }
        let even = active.iter().map(|(_, rate)| rate).sum::<f64>() / active.len().max(1) as f64;
        let counts =
            |(since, rate): &&(Duration, f64)| *since < SLOW_AFTER || *rate >= even * SLOW_PART;
        active.iter().filter(counts).count().max(active.len() / 4)
    }

    pub(crate) fn read(&mut self, fragment: u32, read: Result<Bytes, StoreError>, now: Instant) {
        self.serving.reading.remove(&fragment);
        let whole = self.content.len(fragment) as usize;
        match read.and_then(|b| if b.len() == whole { Ok(b) } else { Err(StoreError::Lost) }) {
            Ok(bytes) => {
                for link in self.links.values_mut() {
                    let active = link.giving.active.as_mut();
                    if let Some(active) = active.filter(|active| active.fragment == fragment) {
                        active.bytes.get_or_insert_with(|| bytes.clone());
                    }
                }
                self.hold(fragment, bytes);
            }
            Err(error) => {
                self.serve_not(fragment, now);
                if error == StoreError::Lost && self.pieces.lost(fragment) {
                    self.fetching.finished = false;
                    self.fetching.due = true;
                    self.announce_loss(fragment, now);
                }
            }
        }
    }

    fn hold(&mut self, fragment: u32, bytes: Bytes) {
        self.serving.held.retain(|(held, _)| *held != fragment);
        self.serving.held.push_back((fragment, bytes));
        let mut all: u64 = self.serving.held.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        // What is being sent, and what is read meanwhile.
        let fragments = 2 * self.config.slots as u64 * u64::from(self.content.cut.fragment_size());
        while all > self.config.held_bytes.max(fragments) {
            let Some((_, bytes)) = self.serving.held.pop_front() else { return };
            all -= bytes.len() as u64;
        }
    }

    /// A fragment cannot be read: who waits for it is told.
    fn serve_not(&mut self, fragment: u32, now: Instant) {
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            let Some(link) = self.links.get(&id) else { continue };
            let asked = link.giving.asked.iter().any(|asked| asked.fragment == fragment);
            let active = link.giving.active.as_ref().is_some_and(|a| a.fragment == fragment);
            if asked || active {
                self.cancelled(id, fragment);
                let busy = Busy { fragment, retry_ms: RETRY_MS };
                self.send(id, Frame::Busy(busy), now);
            }
        }
    }
}

fn slice_bytes(link: &Link, config: &Config, now: Instant) -> usize {
    match link.giving.rate.at(now) < FAST {
        true => config.slice_bytes.min(SHORT_SLICE),
        false => config.slice_bytes,
    }
}
