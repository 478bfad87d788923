//! One overlay in memory: its members, and where they are in each ISP's map.
//!
//! ```text
//!  slots:  0 anna/1   1 ben/1   2 –   3 carla/2        (a peer keeps its slot while it stays)
//!  placing of isp a, map 9f3c:  Berlin → [0, 3]   Hamburg → [1]
//!  placing of isp b, map 77a0:  as680  → [0, 1, 3]
//! ```
//!
//! A placing is made when the first peer of an ISP asks and kept up from then on; a new network
//! map makes it anew.

use std::collections::HashMap;
use std::sync::Arc;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::{Health, OverlayDescription, OverlayRequest};
use netmap::Pid;

use crate::isp::Outlook;
use crate::overlay::kept::KeptOverlay;
use crate::overlay::member::{Member, Reach};
use crate::overlay::store::{Ask, Found, Population};
use crate::overlay::terms::{Owner, Terms};

/// Placings kept: one for each ISP whose peers ask.
const MAX_PLACINGS: usize = 64;
/// Members of a PID that are looked at for gateways.
const MAX_LOOKED_AT: usize = 256;
/// Members of a PID that are asked whether they are the ISP's users.
const MAX_ASKED_WHOSE: usize = 8;
/// Caches that a list is offered besides the nearest members.
const MAX_CACHES: usize = 4;

/// Members of one overlay.
pub(crate) struct Swarm {
    pub(crate) terms: Terms,
    created: u64,
    last_active: u64,
    tickets: u64,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    by_peer: HashMap<PeerId, u32>,
    caches: Vec<u32>,
    placings: Vec<Placing>,
}

struct Slot {
    member: Arc<Member>,
    ticket: u64,
}

/// Members by their PID in one version of one ISP's network map.
struct Placing {
    isp: String,
    network: String,
    pids: HashMap<Option<Pid>, Vec<u32>>,
    outlook: Outlook,
}

impl Swarm {
    pub(crate) fn new(request: OverlayRequest, owner: Option<Owner>, now: u64) -> Self {
        Self {
            terms: Terms { request: Arc::new(request), owner: owner.map(Arc::new) },
            created: now,
            last_active: now,
            tickets: 0,
            slots: Vec::new(),
            free: Vec::new(),
            by_peer: HashMap::new(),
            caches: Vec::new(),
            placings: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_peer.len()
    }

    pub(crate) fn has(&self, peer: &PeerId) -> bool {
        self.by_peer.contains_key(peer)
    }

    pub(crate) fn member(&self, peer: &PeerId) -> Option<&Arc<Member>> {
        let slot = *self.by_peer.get(peer)?;
        self.slots[slot as usize].as_ref().map(|slot| &slot.member)
    }

    pub(crate) fn member_mut(&mut self, peer: &PeerId) -> Option<&mut Member> {
        let slot = *self.by_peer.get(peer)?;
        self.slots[slot as usize].as_mut().map(|slot| Arc::make_mut(&mut slot.member))
    }

    /// All members, those too that did not refresh.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.slots.iter().flatten().map(|slot| &slot.member)
    }

    /// Whether a user's overlay has had no member for so long; the provider's stay.
    pub(crate) fn is_idle(&self, idle_seconds: u64, now: u64) -> bool {
        self.terms.owner.is_some()
            && self.by_peer.is_empty()
            && now.saturating_sub(self.last_active) >= idle_seconds
    }

    /// How many are in it; none where nobody could hold a reservation for it.
    pub(crate) fn population(&self, overlay: &OverlayId) -> Option<Population> {
        let owner = self.terms.owner.as_ref().map(|owner| &owner.peer);
        let first = self.members().next().map(|member| &member.peer);
        let asked = &self.terms.request.requirements;
        Some(Population {
            overlay: overlay.clone(),
            holder: owner.or(first)?.clone(),
            members: (self.len() - self.caches.len()) as u64,
            cache_bytes: asked.cache_bytes,
            bandwidth_bps: asked.bandwidth_bps.max(1),
        })
    }

    pub(crate) fn describe(&self, now: u64) -> OverlayDescription {
        let mut health = Health::default();
        let mut num_peers = 0;
        for member in self.members().filter(|member| member.expires > now) {
            num_peers += 1;
            health.caches += u32::from(member.kind == PeerType::Cache);
            health.behind_nat += u32::from(member.reach == Reach::Unreachable);
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

    /// Takes a member in, or in its old place; its ticket.
    pub(crate) fn announce(&mut self, member: Member, now: u64) -> u64 {
        self.last_active = now;
        let (known, peer) = (self.by_peer.get(&member.peer).copied(), member.peer.clone());
        let before = known.and_then(|slot| self.slots[slot as usize].as_ref());
        let ticket = before.map(|slot| slot.ticket);
        let moves = before.is_none_or(|slot| {
            slot.member.address.ip_address != member.address.ip_address
                || slot.member.kind != member.kind
        });
        if let (Some(slot), false) = (known, moves) {
            let ticket = ticket.unwrap_or_default();
            self.slots[slot as usize] = Some(Slot { member: Arc::new(member), ticket });
            return ticket;
        }
        self.remove(&peer);
        let ticket = ticket.unwrap_or_else(|| {
            self.tickets += 1;
            self.tickets
        });
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        if slot as usize == self.slots.len() {
            self.slots.push(None);
        }
        for placing in &mut self.placings {
            let pid = placing.outlook.place(member.address.ip_address);
            placing.pids.entry(pid).or_default().push(slot);
        }
        if member.kind == PeerType::Cache {
            self.caches.push(slot);
        }
        self.by_peer.insert(peer, slot);
        self.slots[slot as usize] = Some(Slot { member: Arc::new(member), ticket });
        ticket
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
        let Some(slot) = self.by_peer.remove(peer) else { return false };
        let Some(gone) = self.slots[slot as usize].take() else { return false };
        for placing in &mut self.placings {
            let pid = placing.outlook.place(gone.member.address.ip_address);
            if let Some(members) = placing.pids.get_mut(&pid) {
                drop_slot(members, slot);
                if members.is_empty() {
                    placing.pids.remove(&pid);
                }
            }
        }
        drop_slot(&mut self.caches, slot);
        self.free.push(slot);
        true
    }

    /// Forgets whoever did not refresh.
    pub(crate) fn sweep(&mut self, now: u64) {
        let is_over = |slot: &&Slot| slot.member.expires <= now;
        let over: Vec<PeerId> = self
            .slots
            .iter()
            .flatten()
            .filter(is_over)
            .map(|slot| slot.member.peer.clone())
            .collect();
        for peer in over {
            self.remove(&peer);
        }
    }

    /// See [`crate::overlay::SwarmStore::nearest`].
    pub(crate) fn nearest(&mut self, ask: &Ask<'_>) -> Vec<Found> {
        let slots = &self.slots;
        let found = |slot: u32, pid: Option<Pid>| {
            let member = &slots[slot as usize].as_ref()?.member;
            let is_met = member.expires > ask.now && member.met_from(ask.behind).is_some();
            let counts = (is_met || member.is_listed(ask.now)) && member.peer != *ask.asker;
            let ordinal = ask.outlook.ordinal(pid);
            counts.then(|| Found { member: Arc::clone(member), pid, ordinal })
        };
        let Some(placing) = placed(&mut self.placings, slots, ask.outlook) else {
            let all = (0..slots.len() as u32).collect::<Vec<_>>();
            let turned = turn(&all, ask.random);
            return turned.filter_map(|slot| found(slot, None)).take(ask.most).collect();
        };
        let mut order: Vec<(u32, Option<Pid>)> = placing
            .pids
            .keys()
            .map(|pid| (ask.outlook.ordinal(*pid).unwrap_or(u32::MAX), *pid))
            .collect();
        order.sort_unstable();
        let mut taken: Vec<Found> = Vec::with_capacity(ask.most);
        for (_, pid) in order {
            let Some(left @ 1..) = ask.most.checked_sub(taken.len()) else { break };
            let members = placing.pids.get(&pid).map_or(&[][..], Vec::as_slice);
            let theirs = turn(members, ask.random).filter_map(|slot| found(slot, pid));
            taken.extend(theirs.take(ask.per_pid.min(left)));
        }
        for slot in turn(&self.caches, ask.random).take(MAX_CACHES) {
            let pid = self.slots[slot as usize]
                .as_ref()
                .and_then(|slot| ask.outlook.place(slot.member.address.ip_address));
            let cache = found(slot, pid);
            let is_new =
                |cache: &Found| !taken.iter().any(|other| other.member.peer == cache.member.peer);
            taken.extend(cache.filter(is_new));
        }
        taken
    }
}

impl Swarm {
    /// What a restart is not to lose.
    pub(crate) fn keep(&self, now: u64) -> KeptOverlay {
        let members = self.slots.iter().flatten().filter(|slot| slot.member.expires > now);
        KeptOverlay {
            request: OverlayRequest::clone(&self.terms.request),
            owner: self.terms.owner.as_deref().cloned(),
            created: self.created,
            last_active: self.last_active,
            tickets: self.tickets,
            members: members.map(|slot| (Member::clone(&slot.member), slot.ticket)).collect(),
        }
    }

    /// Takes over what was kept of it.
    pub(crate) fn restore(&mut self, kept: KeptOverlay, max_members: usize) {
        for (member, ticket) in kept.members.into_iter().take(max_members) {
            self.tickets = ticket.saturating_sub(1);
            self.announce(member, kept.last_active);
        }
        (self.created, self.last_active) = (kept.created, kept.last_active);
        self.tickets = kept.tickets;
    }

    /// See [`crate::overlay::SwarmStore::gateways`].
    pub(crate) fn gateways(&mut self, by: &Outlook, most: usize, now: u64) -> Vec<PeerId> {
        let Some(from) = by.from() else { return Vec::new() };
        let Some(placing) = placed(&mut self.placings, &self.slots, by) else { return Vec::new() };
        let listed = |slot: &u32| {
            let member = &self.slots[*slot as usize].as_ref()?.member;
            (member.is_listed(now) && member.kind == PeerType::Peer).then_some(member)
        };
        let of = |members: &[u32]| -> Vec<PeerId> {
            let listed = members.iter().take(MAX_LOOKED_AT).filter_map(listed);
            listed.take(most).map(|member| member.peer.clone()).collect()
        };
        let is_users = |members: &[u32]| {
            let mut first = members.iter().take(MAX_ASKED_WHOSE).filter_map(listed);
            first.any(|member| by.is_user(member.address.ip_address) == Some(true))
        };
        let mut pids: Vec<(Option<Pid>, &Vec<u32>)> =
            placing.pids.iter().map(|(pid, members)| (*pid, members)).collect();
        pids.retain(|(pid, members)| *pid == Some(from) || is_users(members));
        pids.sort_unstable_by_key(|(pid, _)| *pid);
        let lists: Vec<Vec<PeerId>> = pids.into_iter().map(|(_, members)| of(members)).collect();
        // One of each PID after the other: all of them are to have some.
        let turns = (0..most).flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn)));
        turns.take(most).cloned().collect()
    }
}

/// The placing by the map of `outlook`, made where there is none; none where there is no map.
fn placed<'a>(
    placings: &'a mut Vec<Placing>,
    slots: &[Option<Slot>],
    outlook: &Outlook,
) -> Option<&'a Placing> {
    let (isp, network) = outlook.placing()?;
    let known = placings.iter().position(|placing| placing.isp == isp);
    let index = match known {
        Some(index) if placings[index].network == network => {
            // Places alike; the costs of an older version need not stay in memory.
            placings[index].outlook = outlook.clone();
            index
        }
        other => {
            if let Some(outdated) = other {
                placings.swap_remove(outdated);
            }
            if placings.len() == MAX_PLACINGS {
                placings.remove(0);
            }
            placings.push(Placing::new(isp, network, slots, outlook));
            placings.len() - 1
        }
    };
    placings.get(index)
}

impl Placing {
    fn new(isp: &str, network: &str, slots: &[Option<Slot>], outlook: &Outlook) -> Self {
        let mut pids: HashMap<Option<Pid>, Vec<u32>> = HashMap::new();
        for (index, slot) in (0_u32..).zip(slots) {
            if let Some(slot) = slot {
                let pid = outlook.place(slot.member.address.ip_address);
                pids.entry(pid).or_default().push(index);
            }
        }
        Self { isp: isp.to_owned(), network: network.to_owned(), pids, outlook: outlook.clone() }
    }
}

fn drop_slot(members: &mut Vec<u32>, slot: u32) {
    if let Some(at) = members.iter().position(|member| *member == slot) {
        members.swap_remove(at);
    }
}

/// All of `slots`, beginning somewhere.
fn turn(slots: &[u32], random: u64) -> impl Iterator<Item = u32> {
    let begin = (random % slots.len().max(1) as u64) as usize;
    slots[begin..].iter().chain(&slots[..begin]).copied()
}
