//! Memberships in memory, in shards by overlay.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::overlay::{Health, OverlayDescription, OverlayRequest};

use crate::overlay::member::Member;
use crate::overlay::store::{Announced, Ask, Found, StoreError, SwarmStore};
use crate::overlay::swarm::Swarm;

/// Locks; overlays are spread over them.
const SHARDS: usize = 64;

type Shard = HashMap<OverlayId, Swarm>;

/// A [`SwarmStore`] that is gone with its process.
pub struct MemoryStore {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    overlays: AtomicUsize,
    max_overlays: usize,
    max_members: usize,
}

impl MemoryStore {
    /// An empty store with bounds.
    #[must_use]
    pub fn new(max_overlays: usize, max_members: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        let hasher = RandomState::new();
        Self { shards, hasher, overlays: AtomicUsize::new(0), max_overlays, max_members }
    }

    fn shard(&self, overlay: &OverlayId) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(overlay) % SHARDS as u64;
        self.shards[index as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SwarmStore for MemoryStore {
    fn create(
        &self,
        request: OverlayRequest,
        owner: Option<PeerId>,
        now: u64,
    ) -> Result<(), StoreError> {
        let overlay = request.overlay_id.clone();
        let mut shard = self.shard(&overlay);
        if shard.contains_key(&overlay) {
            return Err(StoreError::Exists(overlay));
        }
        let room = |count: usize| (count < self.max_overlays).then_some(count + 1);
        if self.overlays.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_err() {
            return Err(StoreError::Full { what: "overlays", most: self.max_overlays });
        }
        shard.insert(overlay, Swarm::new(request, owner, now));
        Ok(())
    }

    fn announce(
        &self,
        overlay: &OverlayId,
        member: Member,
        now: u64,
    ) -> Result<Announced, StoreError> {
        let mut shard = self.shard(overlay);
        let swarm = shard.get_mut(overlay).ok_or_else(|| StoreError::NoOverlay(overlay.clone()))?;
        if swarm.len() >= self.max_members && !swarm.has(&member.peer) {
            swarm.sweep(now);
        }
        if swarm.len() >= self.max_members && !swarm.has(&member.peer) {
            return Err(StoreError::Full { what: "members", most: self.max_members });
        }
        let ticket = swarm.announce(member, now);
        Ok(Announced { ticket, members: swarm.len() as u64 })
    }

    fn member(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> Option<Arc<Member>> {
        let shard = self.shard(overlay);
        let member = shard.get(overlay)?.member(peer)?;
        (member.expires > now).then(|| Arc::clone(member))
    }

    fn leave(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> bool {
        self.shard(overlay).get_mut(overlay).is_some_and(|swarm| swarm.leave(peer, now))
    }

    fn describe(&self, overlay: &OverlayId, now: u64) -> Option<OverlayDescription> {
        let mut shard = self.shard(overlay);
        let swarm = shard.get_mut(overlay)?;
        swarm.sweep(now);
        Some(OverlayDescription {
            request: swarm.request.clone(),
            owner_id: swarm.owner.clone(),
            created: swarm.created,
            last_active: swarm.last_active,
            num_peers: swarm.len() as u64,
            health: Health::default(),
        })
    }

    fn nearest(&self, ask: &Ask<'_>) -> Result<Vec<Found>, StoreError> {
        let mut shard = self.shard(ask.overlay);
        let swarm = shard.get_mut(ask.overlay);
        let swarm = swarm.ok_or_else(|| StoreError::NoOverlay(ask.overlay.clone()))?;
        Ok(swarm.nearest(ask))
    }

    fn sweep(&self, now: u64) -> usize {
        let mut left = 0;
        for shard in &self.shards {
            for swarm in shard.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
                swarm.sweep(now);
                left += swarm.len();
            }
        }
        left
    }
}

#[cfg(test)]
mod tests;
