//! Memberships in memory, in shards by overlay.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashTable;
use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::join::PeerAddress;
use mp2p::message::overlay::{OverlayChange, OverlayDescription, OverlayRequest};

use crate::isp::Outlook;
use crate::overlay::found::{Found, Placed};
use crate::overlay::kept::KeptOverlay;
use crate::overlay::member::{Member, Reach, Via};
use crate::overlay::seat::{Front, Seat};
use crate::overlay::store::{Announced, Ask, Dismissed, Population, StoreError, SwarmStore, Swept};
use crate::overlay::swarm::Swarm;
use crate::overlay::terms::{Owner, Terms};
use crate::ranking::Policy;
use crate::settings::OverlaySettings;

/// Locks; overlays are spread over them.
const SHARDS: usize = 64;

type Shard = HashTable<(OverlayId, Swarm)>;

/// A [`SwarmStore`] that is gone with its process.
pub struct MemoryStore {
    shards: Vec<RwLock<Shard>>,
    hasher: RandomState,
    overlays: AtomicUsize,
    /// How many overlays each user has. Locked inside of a shard, never around one.
    owned: Mutex<HashMap<UserId, usize>>,
    bounds: OverlaySettings,
}

impl MemoryStore {
    /// An empty store with bounds.
    #[must_use]
    pub fn new(bounds: OverlaySettings) -> Self {
        let shards = (0..SHARDS).map(|_| RwLock::default()).collect();
        let (overlays, owned) = (AtomicUsize::new(0), Mutex::default());
        Self { shards, hasher: RandomState::new(), overlays, owned, bounds }
    }

    /// Where an overlay is, and its hash there. Tables need the last bits of it and the first ones:
    /// the shard is told by those between.
    fn shard(&self, overlay: &OverlayId) -> (u64, &RwLock<Shard>) {
        let hash = self.hasher.hash_one(overlay);
        (hash, &self.shards[(hash >> 32) as usize % SHARDS])
    }

    /// Looks at an overlay.
    fn look<T>(&self, overlay: &OverlayId, act: impl FnOnce(&Swarm) -> T) -> Result<T, StoreError> {
        let (hash, shard) = self.shard(overlay);
        let shard = read(shard);
        let found = shard.find(hash, |(other, _)| other == overlay);
        found.map(|(_, swarm)| act(swarm)).ok_or_else(|| StoreError::NoOverlay(overlay.clone()))
    }

    /// Members that are looked for, of all overlays.
    fn find(&self, is_meant: impl Fn(&Seat) -> bool) -> Vec<(OverlayId, PeerId)> {
        let mut found = Vec::new();
        for shard in &self.shards {
            for (overlay, swarm) in read(shard).iter() {
                let meant = swarm.find(&is_meant).map(|peer| (overlay.clone(), peer.clone()));
                found.extend(meant);
            }
        }
        found
    }

    /// Looks at an overlay where its members are placed by a map; most find them there.
    fn look_placed<T>(
        &self,
        overlay: &OverlayId,
        by: &Outlook,
        act: impl Fn(&Swarm) -> T,
    ) -> Result<T, StoreError> {
        let placed = |swarm: &Swarm| swarm.is_placed(by).then(|| act(swarm));
        if let Some(done) = self.look(overlay, placed)? {
            return Ok(done);
        }
        self.with(overlay, |swarm| {
            swarm.place(by);
            act(swarm)
        })
    }
}

impl MemoryStore {
    /// Counts one overlay more for its owner, where that may be.
    fn take_on(&self, owner: Option<&Owner>) -> Result<(), StoreError> {
        let Some(user) = owner.and_then(|owner| owner.user.as_ref()) else { return Ok(()) };
        let mut owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner);
        let count = owned.entry(user.clone()).or_default();
        if *count >= self.bounds.max_per_user {
            return Err(StoreError::FullForUser(self.bounds.max_per_user));
        }
        *count += 1;
        Ok(())
    }

    /// An overlay is gone from its shard.
    fn let_go(&self, swarm: &Swarm) {
        self.overlays.fetch_sub(1, Ordering::AcqRel);
        let owner = swarm.terms.owner.as_ref();
        let Some(user) = owner.and_then(|owner| owner.user.as_ref()) else { return };
        let mut owned = self.owned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = owned.get_mut(user) {
            *count -= 1;
            if *count == 0 {
                owned.remove(user);
            }
        }
    }

    /// Does something with an overlay.
    fn with<T>(
        &self,
        overlay: &OverlayId,
        act: impl FnOnce(&mut Swarm) -> T,
    ) -> Result<T, StoreError> {
        let (hash, shard) = self.shard(overlay);
        let mut shard = write(shard);
        let found = shard.find_mut(hash, |(other, _)| other == overlay);
        found.map(|(_, swarm)| act(swarm)).ok_or_else(|| StoreError::NoOverlay(overlay.clone()))
    }
}

impl SwarmStore for MemoryStore {
    fn create(
        &self,
        request: OverlayRequest,
        owner: Option<Owner>,
        now: u64,
    ) -> Result<(), StoreError> {
        let overlay = request.overlay_id.clone();
        let (hash, shard) = self.shard(&overlay);
        let mut shard = write(shard);
        if shard.find(hash, |(other, _)| *other == overlay).is_some() {
            return Err(StoreError::Exists(overlay));
        }
        let most = self.bounds.max_overlays;
        let room = |count: usize| (count < most).then_some(count + 1);
        if self.overlays.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_err() {
            return Err(StoreError::Full { what: "overlays", most });
        }
        if let Err(refused) = self.take_on(owner.as_ref()) {
            self.overlays.fetch_sub(1, Ordering::AcqRel);
            return Err(refused);
        }
        let swarm = Swarm::new(request, owner, now);
        shard.insert_unique(hash, (overlay, swarm), |(other, _)| self.hasher.hash_one(other));
        Ok(())
    }

    fn terms(&self, overlay: &OverlayId) -> Result<Terms, StoreError> {
        self.look(overlay, |swarm| swarm.terms.clone())
    }

    fn change(&self, change: OverlayChange) -> Result<(), StoreError> {
        let overlay = change.overlay_id.clone();
        self.with(&overlay, |swarm| swarm.terms.change(change))
    }

    fn remove(&self, overlay: &OverlayId) -> Option<Vec<Member>> {
        let (hash, shard) = self.shard(overlay);
        let mut shard = write(shard);
        let found = shard.find_entry(hash, |(other, _)| other == overlay).ok()?;
        let ((_, swarm), _) = found.remove();
        drop(shard);
        self.let_go(&swarm);
        Some(swarm.members().collect())
    }

    fn overlays(&self, most: usize, now: u64) -> Vec<OverlayDescription> {
        let mut found: BTreeMap<OverlayId, OverlayDescription> = BTreeMap::new();
        for shard in &self.shards {
            for (id, swarm) in read(shard).iter() {
                found.insert(id.clone(), swarm.describe(now));
            }
            while found.len() > most {
                found.pop_last();
            }
        }
        found.into_values().collect()
    }

    fn announce(
        &self,
        overlay: &OverlayId,
        member: Member,
        now: u64,
    ) -> Result<Announced, StoreError> {
        let most = self.bounds.max_members;
        self.with(overlay, |swarm| {
            let ticket = swarm.announce(member, now, most);
            let ticket = ticket.ok_or(StoreError::Full { what: "members", most })?;
            Ok(Announced { ticket, members: swarm.len() as u64 })
        })?
    }

    fn member(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> Option<Member> {
        self.look(overlay, |swarm| swarm.member(peer, now)).ok()?
    }

    fn members(&self, overlay: &OverlayId, now: u64) -> Result<Vec<Member>, StoreError> {
        let counts = |member: &Member| member.expires > now;
        self.look(overlay, |swarm| swarm.members().filter(counts).collect())
    }

    fn reached(&self, overlay: &OverlayId, peer: &PeerId, at: &PeerAddress, reach: Reach) -> bool {
        let set = |front: &mut Front, seat: &mut Seat| {
            let is_there = seat.address == *at;
            if is_there {
                front.reach = reach;
            }
            is_there
        };
        self.with(overlay, |swarm| swarm.change(peer, set)).unwrap_or_default()
    }

    fn doubted(&self, overlay: &OverlayId, peer: &PeerId, until: u64) -> bool {
        let set = |front: &mut Front, seat: &mut Seat| {
            seat.doubt(front, until);
            true
        };
        self.with(overlay, |swarm| swarm.change(peer, set)).unwrap_or_default()
    }

    fn relayed(&self, overlay: &OverlayId, peer: &PeerId, via: Option<Via>) -> bool {
        self.with(overlay, |swarm| swarm.relayed(peer, via)).unwrap_or_default()
    }

    fn leave(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> bool {
        self.with(overlay, |swarm| swarm.leave(peer, now)).unwrap_or_default()
    }

    fn dismiss(&self, whom: &Dismissed, now: u64) -> Vec<(OverlayId, PeerId)> {
        let mut found = self.find(|seat| whom.has(&seat.peer, seat.user()));
        found.retain(|(overlay, peer)| self.leave(overlay, peer, now));
        found
    }

    fn consented(&self, consents: &HashMap<UserId, Option<bool>>) {
        let of = |seat: &Seat| seat.user().and_then(|user| consents.get(user)).copied();
        let set = |_: &mut Front, seat: &mut Seat| {
            let consent = of(seat);
            consent.inspect(|consent| seat.consents(*consent)).is_some()
        };
        for (overlay, peer) in self.find(|seat| of(seat).is_some()) {
            let _ = self.with(&overlay, |swarm| swarm.change(&peer, set));
        }
    }

    fn describe(&self, overlay: &OverlayId, now: u64) -> Option<OverlayDescription> {
        self.look(overlay, |swarm| swarm.describe(now)).ok()
    }

    fn nearest(&self, ask: &Ask<'_>) -> Result<Vec<Found>, StoreError> {
        self.look_placed(ask.overlay, ask.outlook, |swarm| swarm.nearest(ask))
    }

    fn ranked(&self, ask: &Ask<'_>, policy: &Policy) -> Result<Vec<Placed>, StoreError> {
        self.look_placed(ask.overlay, ask.outlook, |swarm| swarm.ranked(ask, policy))
    }

    fn gateways(&self, overlay: &OverlayId, by: &Outlook, most: usize, now: u64) -> Vec<PeerId> {
        let gateways = |swarm: &Swarm| swarm.gateways(by, most, now);
        self.look_placed(overlay, by, gateways).unwrap_or_default()
    }

    fn keep(&self, now: u64) -> Vec<KeptOverlay> {
        let keep = |shard: &RwLock<Shard>| -> Vec<KeptOverlay> {
            read(shard).iter().map(|(_, swarm)| swarm.keep(now)).collect()
        };
        self.shards.iter().flat_map(keep).collect()
    }

    fn restore(&self, overlays: Vec<KeptOverlay>, now: u64) {
        for kept in overlays {
            let (overlay, owner) = (kept.request.overlay_id.clone(), kept.owner.clone());
            // Bounds hold for what was kept, too.
            if self.create(kept.request.clone(), owner, now).is_ok() {
                let _ = self.with(&overlay, |swarm| swarm.restore(kept, self.bounds.max_members));
            }
        }
    }

    fn population(&self, overlay: &OverlayId, now: u64) -> Option<Population> {
        self.look(overlay, |swarm| swarm.population(overlay, now)).ok()?
    }

    fn sweep(&self, now: u64) -> Swept {
        let mut swept = Swept::default();
        for shard in &self.shards {
            write(shard).retain(|(overlay, swarm)| {
                swarm.sweep(now);
                let stays = !swarm.is_idle(self.bounds.idle_seconds, now);
                if stays {
                    swept.members += swarm.len();
                    swept.overlays += 1;
                    swept.populations.extend(swarm.population(overlay, now));
                } else {
                    self.let_go(swarm);
                    swept.ended.push(overlay.clone());
                }
                stays
            });
        }
        swept
    }
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
