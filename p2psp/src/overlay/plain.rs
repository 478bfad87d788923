//! Who is near, in the plainest words: all PIDs sorted for each list, to hold the quick way
//! against.

use std::collections::HashMap;

use mp2p::id::PeerId;
use mp2p::message::list::PeerType;
use netmap::Pid;

use crate::isp::Outlook;
use crate::overlay::store::Ask;
use crate::overlay::{Member, Reach, Via};

/// Which member, its PID, the ordinal cost to there.
pub(crate) type Plain = (PeerId, Option<Pid>, Option<u32>);

/// Members by their place, of one overlay and one ISP's network map.
#[derive(Default)]
pub(crate) struct PlainSwarm {
    slots: Vec<Option<Member>>,
    free: Vec<usize>,
    caches: Vec<usize>,
    /// Made with the first list, and kept up from then on.
    placed: Option<HashMap<Option<Pid>, Vec<usize>>>,
}

impl PlainSwarm {
    fn slot(&self, peer: &PeerId) -> Option<usize> {
        let is = |slot: &Option<Member>| slot.as_ref().is_some_and(|member| member.peer == *peer);
        self.slots.iter().position(is)
    }

    pub(crate) const fn has_caches(&self) -> bool {
        !self.caches.is_empty()
    }

    pub(crate) fn announce(&mut self, member: Member, by: &Outlook) {
        let known = self.slot(&member.peer);
        let before = known.and_then(|slot| self.slots[slot].as_ref());
        let stays = before.is_some_and(|before| {
            before.address.ip_address == member.address.ip_address && before.kind == member.kind
        });
        if let (Some(slot), true) = (known, stays) {
            self.slots[slot] = Some(member);
            return;
        }
        self.remove(&member.peer.clone(), by);
        let slot = self.free.pop().unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(None);
        }
        if let Some(placed) = &mut self.placed {
            placed.entry(by.place(member.address.ip_address)).or_default().push(slot);
        }
        if member.kind == PeerType::Cache {
            self.caches.push(slot);
        }
        self.slots[slot] = Some(member);
    }

    pub(crate) fn remove(&mut self, peer: &PeerId, by: &Outlook) {
        let Some(slot) = self.slot(peer) else { return };
        let Some(gone) = self.slots[slot].take() else { return };
        let drop_slot = |slots: &mut Vec<usize>| {
            let at = slots.iter().position(|other| *other == slot);
            at.map(|at| slots.swap_remove(at));
        };
        if let Some(placed) = &mut self.placed {
            let pid = by.place(gone.address.ip_address);
            placed.get_mut(&pid).map(drop_slot);
            placed.retain(|_, members| !members.is_empty());
        }
        drop_slot(&mut self.caches);
        self.free.push(slot);
    }

    pub(crate) fn change(&mut self, peer: &PeerId, reach: Reach, via: Option<Via>) {
        let slot = self.slot(peer);
        if let Some(member) = slot.and_then(|slot| self.slots[slot].as_mut()) {
            (member.reach, member.via) = (reach, via.map(Box::new));
        }
    }

    pub(crate) fn sweep(&mut self, now: u64, by: &Outlook) {
        let over = self.slots.iter().flatten().filter(|member| member.expires <= now);
        for peer in over.map(|member| member.peer.clone()).collect::<Vec<_>>() {
            self.remove(&peer, by);
        }
    }

    fn place_all(&mut self, by: &Outlook) {
        if by.atlas().is_some() && self.placed.is_none() {
            let mut placed: HashMap<_, Vec<usize>> = HashMap::new();
            for (slot, member) in self.slots.iter().enumerate() {
                if let Some(member) = member {
                    placed.entry(by.place(member.address.ip_address)).or_default().push(slot);
                }
            }
            self.placed = Some(placed);
        }
    }

    pub(crate) fn nearest(&mut self, ask: &Ask<'_>) -> Vec<Plain> {
        self.place_all(ask.outlook);
        let found = |slot: usize, pid: Option<Pid>| {
            let member = self.slots[slot].as_ref()?;
            let is_met = member.expires > ask.now && member.met_from(ask.behind).is_some();
            let counts = (is_met || member.is_listed(ask.now)) && member.peer != *ask.asker;
            counts.then(|| (member.peer.clone(), pid, ask.outlook.ordinal(pid)))
        };
        let placed = self.placed.as_ref().filter(|_| ask.outlook.atlas().is_some());
        let Some(placed) = placed else {
            let all: Vec<usize> = (0..self.slots.len()).collect();
            let turned = turn(&all, ask.random);
            return turned.filter_map(|slot| found(slot, None)).take(ask.most).collect();
        };
        let mut order: Vec<_> = placed
            .keys()
            .map(|pid| (ask.outlook.ordinal(*pid).unwrap_or(u32::MAX), *pid))
            .collect();
        order.sort_unstable();
        let mut taken: Vec<Plain> = Vec::new();
        for (_, pid) in order {
            let Some(left @ 1..) = ask.most.checked_sub(taken.len()) else { break };
            let theirs = turn(&placed[&pid], ask.random).filter_map(|slot| found(slot, pid));
            taken.extend(theirs.take(ask.per_pid.min(left)));
        }
        for slot in turn(&self.caches, ask.random).take(4) {
            let pid = self.slots[slot].as_ref().map(|cache| cache.address.ip_address);
            let cache = found(slot, pid.and_then(|address| ask.outlook.place(address)));
            let is_new = |cache: &Plain| !taken.iter().any(|other| other.0 == cache.0);
            let cache: Vec<Plain> = cache.into_iter().filter(is_new).collect();
            taken.extend(cache);
        }
        taken
    }

    pub(crate) fn gateways(&mut self, by: &Outlook, most: usize, now: u64) -> Vec<PeerId> {
        self.place_all(by);
        let (Some(from), Some(placed)) = (by.from(), &self.placed) else { return Vec::new() };
        let near = placed.get(&Some(from)).map_or(&[][..], Vec::as_slice);
        let members = near.iter().filter_map(|slot| self.slots[*slot].as_ref());
        let listed = members.filter(|it| it.is_listed(now) && it.kind != PeerType::Relay);
        listed.map(|member| member.peer.clone()).take(most).collect()
    }
}

/// All of `slots`, beginning somewhere.
fn turn(slots: &[usize], random: u64) -> impl Iterator<Item = usize> {
    let begin = (random % slots.len().max(1) as u64) as usize;
    slots[begin..].iter().chain(&slots[..begin]).copied()
}
