//! Who of an overlay's members is near (TR 20002 §8.3.1 step 3).

use std::sync::atomic::Ordering;

use mp2p::id::PeerId;
use mp2p::message::list::PeerType;
use netmap::Pid;

use crate::isp::Outlook;
use crate::overlay::member::{Reach, Via};
use crate::overlay::placing::{Placing, Stop};
use crate::overlay::seat::Seat;
use crate::overlay::store::{Ask, Found};
use crate::overlay::swarm::Swarm;

/// Placings kept: one for each ISP whose peers ask.
const MAX_PLACINGS: usize = 64;
/// Members of a PID that are looked at for gateways.
const MAX_LOOKED_AT: usize = 256;
/// Members of a PID that are asked whether they are the ISP's users.
const MAX_ASKED_WHOSE: usize = 8;
/// Caches that a list is offered besides the nearest members.
const MAX_CACHES: usize = 4;

impl Swarm {
    /// Whether lists by this outlook find their placing, with the costs of now.
    pub(crate) fn is_placed(&self, outlook: &Outlook) -> bool {
        outlook.atlas().is_none() || self.placing(outlook).is_some_and(|it| it.is_renewed(outlook))
    }

    /// Makes the placing that lists by this outlook need, or brings it up to date.
    pub(crate) fn place(&mut self, outlook: &Outlook) {
        if let Some(placing) = self.placings.iter_mut().find(|it| it.is_current(outlook)) {
            return placing.renew(outlook);
        }
        let Some(mut placing) = Placing::new(outlook) else { return };
        self.placings.retain(|placing| !placing.is_of(outlook));
        if self.placings.len() >= MAX_PLACINGS {
            self.placings.remove(0);
        }
        for (slot, seat) in self.seats.iter() {
            if let Some(seat) = seat {
                placing.add(seat.address.ip_address, slot);
            }
        }
        self.placings.push(placing);
    }

    fn placing(&self, outlook: &Outlook) -> Option<&Placing> {
        self.placings.iter().find(|placing| placing.is_current(outlook))
    }

    /// See [`crate::overlay::SwarmStore::nearest`]; by score alone where nothing is placed.
    pub(crate) fn nearest(&self, ask: &Ask<'_>) -> Vec<Found> {
        let mut taken = Taken { swarm: self, ask, own: self.slot(ask.asker), list: Vec::new() };
        taken.list.reserve_exact(ask.most.min(self.len()) + MAX_CACHES);
        let Some(placing) = self.placing(ask.outlook) else {
            let all = self.seats.len() as u32;
            let begin = (ask.random % u64::from(all.max(1))) as u32;
            taken.take((begin..all).chain(0..begin), (None, None), ask.most);
            return taken.seen();
        };
        // Members of several PIDs at a time, as many as should be enough.
        let (mut stops, mut expected) = (Vec::new(), 0);
        placing.tour(ask.outlook, |stop| {
            stops.push(stop);
            expected += stop.members.len().min(ask.per_pid);
            if expected >= ask.most {
                taken.take_all(&stops);
                expected = taken.list.len();
                stops.clear();
            }
            taken.list.len() < ask.most
        });
        taken.take_all(&stops);
        taken.add_caches();
        taken.seen()
    }

    fn via(&self, slot: u32, seat: &Seat, now: u64) -> Option<&Via> {
        let needed = seat.relayed && seat.reach != Reach::Reachable;
        needed.then(|| self.vias.get(&slot)).flatten().filter(|via| via.expires > now)
    }

    /// See [`crate::overlay::SwarmStore::gateways`].
    pub(crate) fn gateways(&self, by: &Outlook, most: usize, now: u64) -> Vec<PeerId> {
        let Some(from) = by.from() else { return Vec::new() };
        let Some(placing) = self.placing(by) else { return Vec::new() };
        let listed = |slot: &u32| {
            let seat = self.seat(*slot)?;
            let is_listed = seat.counts(now)
                && (seat.reach == Reach::Reachable || self.via(*slot, seat, now).is_some());
            (is_listed && seat.kind != PeerType::Relay).then_some(seat)
        };
        let of = |members: &[u32]| -> Vec<PeerId> {
            let listed = members.iter().take(MAX_LOOKED_AT).filter_map(listed);
            listed.take(most).map(|seat| seat.peer.clone()).collect()
        };
        let is_users = |members: &[u32]| {
            let mut first = members.iter().take(MAX_ASKED_WHOSE).filter_map(listed);
            first.any(|seat| by.is_user(seat.address.ip_address) == Some(true))
        };
        if !by.knows_users() {
            return of(placing.members(Some(from)));
        }
        let mut pids: Vec<(Option<Pid>, &[u32])> = placing.all().collect();
        pids.retain(|(pid, members)| *pid == Some(from) || is_users(members));
        pids.sort_unstable_by_key(|(pid, _)| *pid);
        let lists: Vec<Vec<PeerId>> = pids.into_iter().map(|(_, members)| of(members)).collect();
        // One of each PID after the other: all of them are to have some.
        let turns = (0..most).flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn)));
        turns.take(most).cloned().collect()
    }
}

/// Candidates so far.
struct Taken<'a> {
    swarm: &'a Swarm,
    ask: &'a Ask<'a>,
    own: Option<u32>,
    list: Vec<Found>,
}

impl Taken<'_> {
    /// Members of PIDs, as far as asked for. Their seats are all over memory: these come quicker
    /// when all of them are asked for at once than one when it is needed.
    fn take_all(&mut self, stops: &[Stop<'_>]) {
        let mut touched = 0;
        for stop in stops {
            for slot in turn(stop.members, self.ask.random).take(self.ask.per_pid) {
                touched ^= self.swarm.seat(slot).map_or(0, Seat::touch);
            }
        }
        std::hint::black_box(touched);
        for stop in stops {
            let left = self.ask.most - self.list.len();
            let turned = turn(stop.members, self.ask.random);
            self.take(turned, (stop.pid, stop.ordinal), self.ask.per_pid.min(left));
        }
    }

    /// At most so many members from one PID, at one distance.
    fn take(
        &mut self,
        slots: impl Iterator<Item = u32>,
        (pid, ordinal): (Option<Pid>, Option<u32>),
        most: usize,
    ) {
        let mut left = most;
        for slot in slots {
            if left == 0 {
                return;
            }
            if let Some(found) = self.found(slot, pid, ordinal) {
                self.list.push(found);
                left -= 1;
            }
        }
    }

    fn found(&self, slot: u32, pid: Option<Pid>, ordinal: Option<u32>) -> Option<Found> {
        let seat = self.swarm.seat(slot)?;
        if !seat.counts(self.ask.now) || Some(slot) == self.own {
            return None;
        }
        let relay = self.swarm.via(slot, seat, self.ask.now);
        let met = seat.met_from(self.ask.behind);
        if seat.reach != Reach::Reachable && relay.is_none() && met.is_none() {
            return None;
        }
        Some(Found {
            peer: seat.peer.clone(),
            kind: seat.kind,
            address: seat.address.clone(),
            relay: relay.cloned().map(Box::new),
            met,
            class_floor: seat.class_floor,
            show_status: seat.show_status,
            is_doubted: seat.doubted_until() > self.ask.now,
            pid,
            ordinal,
            seat: slot,
            brief: None,
            status: None,
        })
    }

    /// Some caches, wherever they are.
    fn add_caches(&mut self) {
        let caches = &self.swarm.caches;
        for slot in turn(caches, self.ask.random).take(MAX_CACHES) {
            if self.list.iter().any(|found| found.seat == slot) {
                continue;
            }
            let Some(seat) = self.swarm.seat(slot) else { continue };
            let pid = self.ask.outlook.place(seat.address.ip_address);
            let cache = self.found(slot, pid, self.ask.outlook.ordinal(pid));
            self.list.extend(cache);
        }
    }

    /// With what PAMS says of them, where it is asked in this process.
    fn seen(mut self) -> Vec<Found> {
        let Some(scores) = self.ask.scores else { return self.list };
        let reading = scores.read(self.ask.now);
        let hint = |found: &Found| self.swarm.seat(found.seat).map_or(u32::MAX, Seat::hint);
        reading.touch(self.list.iter().map(hint));
        for found in &mut self.list {
            let Some(seat) = self.swarm.seat(found.seat) else { continue };
            let known = seat.hint();
            let (hint, brief) = reading.brief(&found.peer, known);
            if hint != known {
                seat.hint.store(hint, Ordering::Relaxed);
            }
            found.brief = brief;
        }
        self.list
    }
}

/// All of `slots`, beginning somewhere.
fn turn(slots: &[u32], random: u64) -> impl Iterator<Item = u32> {
    let begin = (random % slots.len().max(1) as u64) as usize;
    slots[begin..].iter().chain(&slots[..begin]).copied()
}
