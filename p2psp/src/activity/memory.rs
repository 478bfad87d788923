//! Statuses in memory, and which peers have which resource.
//!
//! ```text
//!  peers:  3f… → status, age, static, resources, windows      (in shards by the peer)
//!  named:  (disk, 3f…) (disk, 9a…)        of type:  (storage, 3f…) (storage, 9a…)
//! ```

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mp2p::id::PeerId;
use mp2p::message::resource::{Resource, ResourceType};

use crate::activity::entry::{Entry, HistoryBounds};
use crate::activity::store::{Aged, Counts, Offer, Record, StatusStore, Told, TooMany, Wanted};

/// Locks; peers are spread over them.
const SHARDS: usize = 32;
/// Peers looked at for a type at most: old reports are passed over.
const MAX_LOOKED_AT: usize = 10_000;

type Shard = HashMap<PeerId, Entry>;

/// A [`StatusStore`] that is gone with its process.
pub struct MemoryStatus {
    shards: Vec<RwLock<Shard>>,
    index: RwLock<Index>,
    hasher: RandomState,
    peers: AtomicUsize,
    max_peers: usize,
    max_age_s: u64,
    history: HistoryBounds,
}

/// Who has which resource.
#[derive(Default)]
struct Index {
    named: BTreeSet<(String, PeerId)>,
    of_type: BTreeSet<(ResourceType, PeerId)>,
}

impl MemoryStatus {
    /// An empty store that keeps `max_peers`; at that bound it forgets those older than
    /// `max_age_s`.
    #[must_use]
    pub fn new(max_peers: usize, max_age_s: u64, history: HistoryBounds) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            index: RwLock::default(),
            hasher: RandomState::new(),
            peers: AtomicUsize::new(0),
            max_peers,
            max_age_s,
            history,
        }
    }

    fn shard(&self, peer: &PeerId) -> &RwLock<Shard> {
        &self.shards[(self.hasher.hash_one(peer) % SHARDS as u64) as usize]
    }

    /// Room for one more peer, where need be by forgetting what is older than `max_age_s`.
    fn make_room(&self, now: u64) -> Result<(), TooMany> {
        let room = |count: usize| (count < self.max_peers).then_some(count + 1);
        let take = || self.peers.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_ok();
        if take() {
            return Ok(());
        }
        self.forget(self.max_age_s, now);
        if take() { Ok(()) } else { Err(TooMany(self.max_peers)) }
    }

    fn forget(&self, keep_s: u64, now: u64) {
        for shard in &self.shards {
            let gone: Vec<(PeerId, Entry)> = {
                let mut shard = write(shard);
                let is_over = |_: &PeerId, entry: &mut Entry| now.saturating_sub(entry.at) > keep_s;
                shard.extract_if(is_over).collect()
            };
            self.peers.fetch_sub(gone.len(), Ordering::AcqRel);
            for (peer, entry) in gone.iter().filter(|(_, entry)| !entry.resources().is_empty()) {
                write(&self.index).replace(peer, entry.resources(), &[]);
            }
        }
    }
}

impl Index {
    fn replace(&mut self, peer: &PeerId, old: &[Resource], new: &[Resource]) {
        for resource in old {
            self.named.remove(&(resource.resource_id.to_string(), peer.clone()));
            self.of_type.remove(&(resource.kind, peer.clone()));
        }
        for resource in new {
            self.named.insert((resource.resource_id.to_string(), peer.clone()));
            self.of_type.insert((resource.kind, peer.clone()));
        }
    }

    fn holders(&self, wanted: &Wanted) -> Vec<PeerId> {
        let least = PeerId::parse(&"0".repeat(64));
        let Ok(least) = least else { return Vec::new() };
        match wanted {
            Wanted::Named(name) => {
                let from = self.named.range((name.clone(), least)..);
                let theirs = from.take_while(|(other, _)| other == name).take(MAX_LOOKED_AT);
                theirs.map(|(_, peer)| peer.clone()).collect()
            }
            Wanted::Of(kind) => {
                let from = self.of_type.range((*kind, least)..);
                let theirs = from.take_while(|(other, _)| other == kind).take(MAX_LOOKED_AT);
                theirs.map(|(_, peer)| peer.clone()).collect()
            }
        }
    }
}

impl StatusStore for MemoryStatus {
    fn put(&self, told: Told, now: u64) -> Result<(), TooMany> {
        let peer = told.report.peer_id.clone();
        let is_new = !read(self.shard(&peer)).contains_key(&peer);
        if is_new {
            self.make_room(now)?;
        }
        let says_resources = told.report.resources.is_some();
        let mut shard = write(self.shard(&peer));
        let was_there = shard.contains_key(&peer);
        let entry = shard.entry(peer.clone()).or_insert_with(Entry::new);
        let old = if says_resources { entry.resources().to_vec() } else { Vec::new() };
        entry.take(told, now, self.history);
        if says_resources {
            // Shard before index, here and nowhere the other way round.
            write(&self.index).replace(&peer, &old, entry.resources());
        }
        // Somebody else may have put it in, or swept it, meanwhile.
        match (is_new, was_there) {
            (true, true) => drop(self.peers.fetch_sub(1, Ordering::AcqRel)),
            (false, false) => drop(self.peers.fetch_add(1, Ordering::AcqRel)),
            _ => {}
        }
        Ok(())
    }

    fn latest(&self, peers: &[PeerId], max_age_s: u64, now: u64) -> Vec<Option<Aged>> {
        let aged = |peer: &PeerId| {
            let shard = read(self.shard(peer));
            let entry = shard.get(peer)?;
            (now.saturating_sub(entry.at) <= max_age_s).then(|| entry.aged(now))
        };
        peers.iter().map(aged).collect()
    }

    fn record(&self, peer: &PeerId, now: u64) -> Option<Record> {
        read(self.shard(peer)).get(peer).map(|entry| entry.record(now))
    }

    fn resources(&self, wanted: &Wanted, max_age_s: u64, most: usize, now: u64) -> Vec<Offer> {
        let holders = read(&self.index).holders(wanted);
        let mut found = Vec::new();
        for peer in holders {
            let shard = read(self.shard(&peer));
            let Some(entry) = shard.get(&peer) else { continue };
            let age_s = now.saturating_sub(entry.at);
            if age_s > max_age_s {
                continue;
            }
            let agreed = entry.agreed();
            let theirs = entry.resources().iter().filter(|resource| is_wanted(wanted, resource));
            let offers = theirs.map(|resource| {
                let (peer, resource) = (peer.clone(), resource.clone());
                Offer { peer, resource, age_s, agreed }
            });
            found.extend(offers);
        }
        found.sort_by(|a, b| b.resource.score().total_cmp(&a.resource.score()));
        found.truncate(most);
        found
    }

    fn sweep(&self, max_age_s: u64, keep_s: u64, now: u64) -> Counts {
        self.forget(keep_s, now);
        let mut counts = Counts::default();
        for shard in &self.shards {
            for entry in read(shard).values() {
                let is_silent = now.saturating_sub(entry.at) > max_age_s;
                *if is_silent { &mut counts.silent } else { &mut counts.reporting } += 1;
            }
        }
        counts
    }
}

fn is_wanted(wanted: &Wanted, resource: &Resource) -> bool {
    match wanted {
        Wanted::Named(name) => *resource.resource_id == **name,
        Wanted::Of(kind) => resource.kind == *kind,
    }
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::suite;

    #[test]
    fn memory_does_what_a_store_of_statuses_has_to() {
        suite::run(&|max_peers, max_age_s| {
            let history = HistoryBounds { window_s: 300, windows: 2 };
            Box::new(MemoryStatus::new(max_peers, max_age_s, history))
        });
    }
}
