//! One overlay in memory: its members, and where they are in each ISP's map.
//!
//! ```text
//!  seats:  0 anna/1   1 ben/1   2 –   3 carla/2        (a peer keeps its seat while it stays)
//!  placing of isp a, map 9f3c:  Berlin → [0, 3]   Hamburg → [1]
//!  placing of isp b, map 77a0:  as680  → [0, 1, 3]
//! ```
//!
//! A placing is made when the first peer of an ISP asks and kept up from then on; a new network
//! map makes it anew. Where there are many members, seats are now and then taken anew
//! ([`arrange`]).

mod arrange;
mod kept;
mod near;
mod search;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashTable;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::{Health, OverlayDescription, OverlayRequest};

use crate::digests::DigestHash;
use crate::overlay::member::{Member, Reach, Via};
use crate::overlay::placing::Placing;
use crate::overlay::seat::{Front, Seat};
use crate::overlay::seats::Seats;
use crate::overlay::store::{MAX_PLACES, Population};
use crate::overlay::terms::{Owner, Terms};
use crate::scores::Hint;

/// Members of one overlay.
pub(crate) struct Swarm {
    pub(crate) terms: Terms,
    created: u64,
    last_active: u64,
    /// A member other than a cache was there then.
    last_member: u64,
    tickets: u64,
    seats: Seats,
    by_peer: HashTable<u32>,
    hash: DigestHash,
    /// By seat.
    vias: HashMap<u32, Via>,
    caches: Vec<u32>,
    placings: Vec<Placing>,
    /// Seats that were taken since members of one PID sat side by side.
    settled: usize,
}

impl Swarm {
    pub(crate) fn new(request: OverlayRequest, owner: Option<Owner>, now: u64) -> Self {
        Self {
            terms: Terms { request: Arc::new(request), owner: owner.map(Arc::new) },
            created: now,
            last_active: now,
            last_member: now,
            tickets: 0,
            seats: Seats::default(),
            by_peer: HashTable::new(),
            hash: DigestHash::default(),
            vias: HashMap::new(),
            caches: Vec::new(),
            placings: Vec::new(),
            settled: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_peer.len()
    }

    fn slot(&self, peer: &PeerId) -> Option<u32> {
        let hash = self.hash.of(peer);
        self.by_peer.find(hash, |slot| is_of(&self.seats, *slot, peer)).copied()
    }

    pub(crate) fn member(&self, peer: &PeerId, now: u64) -> Option<Member> {
        let slot = self.slot(peer)?;
        let (front, seat) = self.seats.both(slot).filter(|(front, _)| front.counts(now))?;
        Some(seat.member(front, self.vias.get(&slot)))
    }

    /// All members, those too that did not refresh.
    pub(crate) fn members(&self) -> impl Iterator<Item = Member> {
        self.seats.iter().map(|(slot, front, seat)| seat.member(front, self.vias.get(&slot)))
    }

    /// Members that are looked for.
    pub(crate) fn find(&self, is_meant: impl Fn(&Seat) -> bool) -> impl Iterator<Item = &PeerId> {
        let meant = self.seats.iter().filter(move |(_, _, seat)| is_meant(seat));
        meant.map(|(_, _, seat)| &seat.peer)
    }

    /// Something is known of a member from now on; whether it is there.
    pub(crate) fn change(
        &mut self,
        peer: &PeerId,
        change: impl FnOnce(&mut Front, &mut Seat) -> bool,
    ) -> bool {
        let both = self.slot(peer).and_then(|slot| self.seats.both_mut(slot));
        both.is_some_and(|(front, seat)| change(front, seat))
    }

    /// The relay of a member from now on; whether the member is there.
    pub(crate) fn relayed(&mut self, peer: &PeerId, via: Option<Via>) -> bool {
        let Some(slot) = self.slot(peer) else { return false };
        if let Some((front, _)) = self.seats.both_mut(slot) {
            front.relayed(via.is_some());
        }
        self.keep_via(slot, via);
        true
    }

    fn keep_via(&mut self, slot: u32, via: Option<Via>) {
        match via {
            Some(via) => drop(self.vias.insert(slot, via)),
            None => drop(self.vias.remove(&slot)),
        }
    }

    /// Whether a user's overlay has had no member for so long; the provider's stay.
    pub(crate) fn is_idle(&self, idle_seconds: u64, now: u64) -> bool {
        self.terms.owner.is_some()
            && self.by_peer.is_empty()
            && now.saturating_sub(self.last_active) >= idle_seconds
    }

    /// How many are in it; none where nobody could hold a reservation for it.
    pub(crate) fn population(&self, overlay: &OverlayId, now: u64) -> Option<Population> {
        let owner = self.terms.owner.as_ref().map(|owner| &owner.peer);
        let first = self.seats.iter().next().map(|(_, _, seat)| &seat.peer);
        let asked = &self.terms.request.requirements;
        Some(Population {
            overlay: overlay.clone(),
            holder: owner.or(first)?.clone(),
            members: (self.len() - self.caches.len()) as u64,
            places: self.places(),
            deserted_s: now.saturating_sub(self.last_member),
            cache_bytes: asked.cache_bytes,
            bandwidth_bps: asked.bandwidth_bps.max(1),
        })
    }

    fn places(&self) -> Vec<IpAddr> {
        let others = self.seats.iter().filter(|(_, _, seat)| seat.kind != PeerType::Cache);
        others.take(MAX_PLACES).map(|(_, _, seat)| seat.address.ip_address).collect()
    }

    pub(crate) fn describe(&self, now: u64) -> OverlayDescription {
        let mut health = Health::default();
        let mut num_peers = 0;
        for (_, front, seat) in self.seats.iter().filter(|(_, front, _)| front.counts(now)) {
            num_peers += 1;
            health.caches += u32::from(seat.kind == PeerType::Cache);
            health.behind_nat += u32::from(front.reach == Reach::Unreachable);
        }
        OverlayDescription {
            request: OverlayRequest::clone(&self.terms.request),
            owner_id: self.terms.owner.as_ref().map(|owner| owner.peer.clone()),
            created: self.created,
            last_active: self.last_active,
            num_peers,
            health,
        }
    }

    /// Takes a member in, or in its old place, where that makes no more than `most`; its ticket.
    pub(crate) fn announce(&mut self, member: Member, now: u64, most: usize) -> Option<u64> {
        let known = self.slot(&member.peer);
        if known.is_none() && self.len() >= most {
            self.sweep(now);
            if self.len() >= most {
                return None;
            }
        }
        self.last_active = now;
        if member.kind != PeerType::Cache {
            self.last_member = now;
        }
        let before = known.and_then(|slot| self.seats.both(slot));
        let ticket = before.map(|(_, seat)| seat.ticket);
        let hint = before.map_or(Hint::NONE, |(front, _)| front.hint());
        let stays = before.is_some_and(|(_, seat)| {
            seat.address.ip_address == member.address.ip_address && seat.kind == member.kind
        });
        let slot = known.filter(|_| stays);
        if slot.is_none() {
            self.remove(&member.peer);
        }
        let ticket = ticket.unwrap_or_else(|| {
            self.tickets += 1;
            self.tickets
        });
        let slot = slot.unwrap_or_else(|| self.settle(&member));
        let (front, seat, via) = Seat::of(member, ticket, hint);
        if via.is_some() || !self.vias.is_empty() {
            self.keep_via(slot, via.map(|via| *via));
        }
        self.seats.put(slot, front, seat);
        Some(ticket)
    }

    /// A free seat, in all that leads to it.
    fn settle(&mut self, member: &Member) -> u32 {
        let slot = self.seats.find();
        self.settled += 1;
        for placing in &mut self.placings {
            placing.add(member.address.ip_address, slot);
        }
        if member.kind == PeerType::Cache {
            self.caches.push(slot);
        }
        let (hash, seats) = (&self.hash, &self.seats);
        let rehash = |slot: &u32| seats.seat(*slot).map_or(0, |seat| hash.of(&seat.peer));
        self.by_peer.insert_unique(hash.of(&member.peer), slot, rehash);
        slot
    }

    /// Lets a member go; whether it was there.
    pub(crate) fn leave(&mut self, peer: &PeerId, now: u64) -> bool {
        let was_there = self.remove(peer);
        if was_there {
            self.last_active = now;
        }
        was_there
    }

    fn remove(&mut self, peer: &PeerId) -> bool {
        let hash = self.hash.of(peer);
        let seats = &self.seats;
        let entry = self.by_peer.find_entry(hash, |slot| is_of(seats, *slot, peer));
        let Ok(entry) = entry else { return false };
        let (slot, _) = entry.remove();
        let Some(gone) = self.seats.clear(slot) else { return false };
        for placing in &mut self.placings {
            placing.drop_slot(gone.address.ip_address, slot);
        }
        if gone.kind != PeerType::Cache {
            self.last_member = self.last_member.max(self.last_active);
        }
        if gone.kind == PeerType::Cache {
            let at = self.caches.iter().position(|cache| *cache == slot);
            at.map(|at| self.caches.swap_remove(at));
        }
        self.vias.remove(&slot);
        true
    }

    /// Forgets whoever did not refresh.
    pub(crate) fn sweep(&mut self, now: u64) {
        let over = self.seats.iter().filter(|(_, front, _)| !front.counts(now));
        let over: Vec<PeerId> = over.map(|(_, _, seat)| seat.peer.clone()).collect();
        for peer in over {
            self.remove(&peer);
        }
        self.arrange_if_due();
    }
}

fn is_of(seats: &Seats, slot: u32, peer: &PeerId) -> bool {
    seats.seat(slot).is_some_and(|seat| seat.peer == *peer)
}
