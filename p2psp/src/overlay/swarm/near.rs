//! Who of an overlay's members is near (TR 20002 §8.3.1 step 3).

use mp2p::id::PeerId;
use mp2p::message::join::Nat;
use mp2p::message::list::PeerType;

use crate::isp::Outlook;
use crate::overlay::found::{Found, Placed};
use crate::overlay::member::{Reach, Via};
use crate::overlay::placing::Placing;
use crate::overlay::seat::{Front, Seat};
use crate::overlay::store::Ask;
use crate::overlay::swarm::Swarm;
use crate::overlay::swarm::search::{CACHED, MAX_CACHES, Near, Nearest, Search};
use crate::ranking::{self, Enough, Place, Policy};

/// Placings kept: one for each ISP whose peers ask.
const MAX_PLACINGS: usize = 64;
/// Members of a PID that are looked at for gateways.
const MAX_LOOKED_AT: usize = 256;

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
        for (slot, _, seat) in self.seats.iter() {
            placing.add(seat.address.ip_address, slot);
        }
        self.placings.push(placing);
        self.arrange_if_due();
    }

    pub(crate) fn placing(&self, outlook: &Outlook) -> Option<&Placing> {
        self.placings.iter().find(|placing| placing.is_current(outlook))
    }

    /// See [`crate::overlay::SwarmStore::nearest`]; by score alone where nothing is placed.
    pub(crate) fn nearest(&self, ask: &Ask<'_>) -> Vec<Found> {
        let mut near = Nearest::new();
        Search::new(self, ask, None, &mut near).run();
        let both = |near: &Near| self.seats.both(near.slot);
        let all = near.iter().filter_map(|near| Some((near, both(near)?)));
        all.map(|(near, both)| self.found(near, both, ask)).collect()
    }

    /// See [`crate::overlay::SwarmStore::ranked`].
    pub(crate) fn ranked(&self, ask: &Ask<'_>, policy: &Policy) -> Vec<Placed> {
        let caches = self.caches.len().min(MAX_CACHES);
        let mut near = Nearest::new();
        Search::new(self, ask, Some(Enough::new(policy, caches)), &mut near).run();
        let near = &*near;
        let places = ranking::places(near, policy);
        if self.len() > CACHED {
            // What is read of their seats comes quicker where all is asked for at once.
            let seat = |place: &Place| self.seats.seat(near[place.candidate].slot);
            let touched = places.iter().filter_map(seat).fold(0, |all, seat| all ^ seat.touch());
            std::hint::black_box(touched);
        }
        let mut list = Vec::with_capacity(places.len());
        for place in &places {
            let near = &near[place.candidate];
            if let Some(both) = self.seats.both(near.slot) {
                list.push(Placed::of(self.found(near, both, ask), *place));
            }
        }
        list
    }

    /// What others are told of a candidate.
    #[inline]
    fn found(&self, near: &Near, (front, seat): (&Front, &Seat), ask: &Ask<'_>) -> Found {
        let (relay, met) = match front.is_reachable() {
            true => (None, None),
            false => self.ways(near.slot, front, ask),
        };
        Found {
            peer: seat.peer.clone(),
            kind: seat.kind,
            address: seat.address.clone(),
            relay,
            met,
            class_floor: near.sketch.class_floor,
            show_status: seat.show_status,
            is_doubted: near.sketch.is_doubted,
            pid: near.pid(),
            ordinal: near.sketch.ordinal(),
            seat: near.slot,
            brief: near.brief(),
            status: None,
        }
    }

    /// How to come to a candidate that cannot be dialled: by its relay, or by meeting it.
    #[inline(never)]
    fn ways(&self, slot: u32, front: &Front, ask: &Ask<'_>) -> (Option<Box<Via>>, Option<Nat>) {
        let relay = self.via(slot, front, ask.now).cloned().map(Box::new);
        (relay, front.met_from(ask.behind))
    }

    pub(crate) fn via(&self, slot: u32, front: &Front, now: u64) -> Option<&Via> {
        let needed = front.is_relayed() && front.reach != Reach::Reachable;
        needed.then(|| self.vias.get(&slot)).flatten().filter(|via| via.expires > now)
    }

    /// See [`crate::overlay::SwarmStore::gateways`].
    pub(crate) fn gateways(&self, by: &Outlook, most: usize, now: u64) -> Vec<PeerId> {
        let Some(from) = by.from() else { return Vec::new() };
        let Some(placing) = self.placing(by) else { return Vec::new() };
        let listed = |slot: &u32| {
            let (front, seat) = self.seats.both(*slot)?;
            let is_listed = front.counts(now)
                && (front.reach == Reach::Reachable || self.via(*slot, front, now).is_some());
            (is_listed && seat.kind != PeerType::Relay).then_some(seat)
        };
        let of = |members: &[u32], most: usize| -> Vec<PeerId> {
            let listed = members.iter().take(MAX_LOOKED_AT).filter_map(listed);
            listed.take(most).map(|seat| seat.peer.clone()).collect()
        };
        if !by.knows_users() {
            return of(placing.members(Some(from)), most);
        }
        // One of each PID after the other: all of them are to have some.
        let first: Vec<PeerId> =
            placing.of_users(from).flat_map(|members| of(members, 1)).take(most).collect();
        if first.len() == most {
            return first;
        }
        let lists: Vec<Vec<PeerId>> =
            placing.of_users(from).map(|members| of(members, most)).collect();
        let turns = (0..most).flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn)));
        turns.take(most).cloned().collect()
    }
}
