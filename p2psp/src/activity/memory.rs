//! Statuses in memory, and which peers have which resource.
//!
//! ```text
//!  board:  3f… → load, time              (by row: what lists need)
//!  rows:   status, windows, static …     (by the same row)
//!  named:  (disk, 3f…) (disk, 9a…)        of type:  (storage, 3f…) (storage, 9a…)
//! ```

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use arc_swap::ArcSwap;
use mp2p::id::PeerId;
use mp2p::message::resource::{Resource, ResourceType};

use crate::activity::entry::Entry;
use crate::activity::store::{
    Aged, Counts, Offer, Record, Sent, StatusBounds, StatusStore, Told, TooMany, Wanted,
};
use crate::chunks::Chunks;
use crate::scores::Board;

/// Peers looked at for a type at most: old reports are passed over.
const MAX_LOOKED_AT: usize = 10_000;
/// Rows whose measurements are told at a time: so many fit into a request.
const TOLD_ROWS: u32 = 1000;
/// Rows that are swept at a time: nobody waits for all.
const SWEPT_ROWS: u32 = 4096;

/// A [`StatusStore`] that is gone with its process. Rows are locked before the index, and the
/// board last.
pub struct MemoryStatus {
    board: Board,
    rows: RwLock<Rows>,
    index: RwLock<Index>,
    bounds: ArcSwap<StatusBounds>,
}

/// Peers by their row of the board.
#[derive(Default)]
struct Rows {
    entries: Chunks<Option<Entry>>,
    peers: usize,
}

/// Who has which resource.
#[derive(Default)]
struct Index {
    named: BTreeSet<(String, PeerId)>,
    of_type: BTreeSet<(ResourceType, PeerId)>,
}

impl MemoryStatus {
    /// An empty store.
    #[must_use]
    pub fn new(bounds: StatusBounds) -> Self {
        let bounds = ArcSwap::from_pointee(bounds);
        let (board, rows, index) = (Board::default(), RwLock::default(), RwLock::default());
        Self { board, rows, index, bounds }
    }

    /// Forgets those of `at` that are older than `keep_s`.
    fn forget(&self, rows: &mut Rows, at: std::ops::Range<u32>, keep_s: u64, now: u64) {
        for row in at {
            let is_over = |entry: &mut Entry| now.saturating_sub(entry.at()) > keep_s;
            let place = rows.entries.get_mut(row);
            let Some(entry) = place.and_then(|place| place.take_if(is_over)) else { continue };
            rows.peers -= 1;
            let Some(peer) = self.board.remove(row) else { continue };
            if !entry.resources().is_empty() {
                write(&self.index).replace(&peer, entry.resources(), &[]);
            }
        }
    }

    /// Looks at a peer.
    fn look<T>(&self, peer: &PeerId, act: impl FnOnce(&Entry) -> T) -> Option<T> {
        let rows = read(&self.rows);
        let row = self.board.row(peer)?;
        rows.entries.get(row)?.as_ref().map(act)
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
        let least = PeerId::of_digest([0; 32]);
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
        let bounds = self.bounds.load();
        let mut rows = write(&self.rows);
        let known = self.board.row(&peer);
        if known.is_none() && rows.peers >= bounds.max_peers {
            let all = 0..rows.entries.len() as u32;
            self.forget(&mut rows, all, bounds.max_age_s, now);
            if rows.peers >= bounds.max_peers {
                return Err(TooMany(bounds.max_peers));
            }
        }
        let row = self.board.put(&peer, told.report.status.load(), now);
        while rows.entries.len() <= row as usize {
            rows.entries.push(None);
        }
        rows.peers += usize::from(known.is_none());
        let Some(place) = rows.entries.get_mut(row) else { return Ok(()) };
        let entry = place.get_or_insert_default();
        let says_resources = told.report.resources.is_some();
        let old = if says_resources { entry.resources().to_vec() } else { Vec::new() };
        entry.take(told, now, &bounds);
        if says_resources {
            write(&self.index).replace(&peer, &old, entry.resources());
        }
        Ok(())
    }

    fn latest(&self, peers: &[PeerId], max_age_s: u64, now: u64) -> Vec<Option<Aged>> {
        let aged =
            |entry: &Entry| (now.saturating_sub(entry.at()) <= max_age_s).then(|| entry.aged(now));
        peers.iter().map(|peer| self.look(peer, aged).flatten()).collect()
    }

    fn record(&self, peer: &PeerId, now: u64) -> Option<Record> {
        self.look(peer, |entry| entry.record(now))
    }

    fn resources(&self, wanted: &Wanted, max_age_s: u64, most: usize, now: u64) -> Vec<Offer> {
        let holders = read(&self.index).holders(wanted);
        let mut found = Vec::new();
        for peer in holders {
            let offers = self.look(&peer, |entry| {
                let age_s = now.saturating_sub(entry.at());
                let theirs = entry.resources().iter().filter(|one| is_wanted(wanted, one));
                let offer = |resource: &Resource| {
                    let (peer, resource) = (peer.clone(), resource.clone());
                    Offer { peer, resource, age_s, agreed: entry.agreed() }
                };
                if age_s > max_age_s { Vec::new() } else { theirs.map(offer).collect() }
            });
            found.extend(offers.unwrap_or_default());
        }
        found.sort_by(|a, b| b.resource.score().total_cmp(&a.resource.score()));
        found.truncate(most);
        found
    }

    fn sweep(&self, max_age_s: u64, keep_s: u64, now: u64) -> Counts {
        let mut counts = Counts::default();
        let mut begin = 0;
        loop {
            let mut rows = write(&self.rows);
            let all = rows.entries.len() as u32;
            let end = all.min(begin + SWEPT_ROWS);
            self.forget(&mut rows, begin..end, keep_s, now);
            for entry in (begin..end).filter_map(|row| rows.entries.get(row)?.as_ref()) {
                let is_silent = now.saturating_sub(entry.at()) > max_age_s;
                *if is_silent { &mut counts.silent } else { &mut counts.reporting } += 1;
            }
            if end == all {
                return counts;
            }
            begin = end;
        }
    }

    fn measured(&self, from: u32, since: u64) -> (Vec<Sent>, Option<u32>) {
        let rows = read(&self.rows);
        let all = rows.entries.len() as u32;
        let end = all.min(from.saturating_add(TOLD_ROWS));
        let sent = |row: u32| {
            let entry = rows.entries.get(row)?.as_ref().filter(|entry| entry.at() >= since)?;
            let (day, bytes) = entry.sent();
            let peer = self.board.peer(row).filter(|_| bytes > 0)?;
            Some(Sent { peer, day, bytes })
        };
        ((from..end).filter_map(sent).collect(), (end < all).then_some(end))
    }

    fn bound(&self, bounds: StatusBounds) {
        self.bounds.store(Arc::new(bounds));
    }

    fn board(&self) -> Option<&Board> {
        Some(&self.board)
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
            let bounds = StatusBounds { max_peers, max_age_s, window_s: 300, windows: 2 };
            Box::new(MemoryStatus::new(bounds))
        });
    }
}
