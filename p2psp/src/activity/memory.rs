//! Statuses in memory.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use mp2p::id::PeerId;
use mp2p::message::status::PeerStatus;

use crate::activity::store::{Aged, StatusStore, TooMany};

/// A [`StatusStore`] that is gone with its process.
pub struct MemoryStatus {
    latest: RwLock<HashMap<PeerId, (PeerStatus, u64)>>,
    max_peers: usize,
    max_age_s: u64,
}

impl MemoryStatus {
    /// An empty store that keeps `max_peers`; at that bound it forgets those older than
    /// `max_age_s`.
    #[must_use]
    pub fn new(max_peers: usize, max_age_s: u64) -> Self {
        Self { latest: RwLock::default(), max_peers, max_age_s }
    }
}

impl StatusStore for MemoryStatus {
    fn put(&self, peer: PeerId, status: PeerStatus, now: u64) -> Result<(), TooMany> {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        if latest.len() >= self.max_peers && !latest.contains_key(&peer) {
            latest.retain(|_, (_, at)| now.saturating_sub(*at) <= self.max_age_s);
            if latest.len() >= self.max_peers {
                return Err(TooMany(self.max_peers));
            }
        }
        latest.insert(peer, (status, now));
        Ok(())
    }

    fn latest(&self, peers: &[PeerId], max_age_s: u64, now: u64) -> Vec<Option<Aged>> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        let aged = |peer: &PeerId| {
            let (status, at) = latest.get(peer)?;
            let age_s = now.saturating_sub(*at);
            (age_s <= max_age_s).then(|| Aged { status: status.clone(), age_s })
        };
        peers.iter().map(aged).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: u8) -> PeerId {
        PeerId::parse(&format!("{name:064x}")).unwrap()
    }

    #[test]
    fn the_last_report_counts_until_it_is_old() {
        let store = MemoryStatus::new(2, 60);
        let busy = PeerStatus { cpu_load: 0.5, ..PeerStatus::default() };
        store.put(peer(1), PeerStatus::default(), 100).unwrap();
        store.put(peer(1), busy.clone(), 110).unwrap();
        let latest = |now| store.latest(&[peer(1), peer(2)], 60, now);
        assert_eq!(latest(170), [Some(Aged { status: busy, age_s: 60 }), None]);
        assert_eq!(latest(171), [None, None]);
    }

    #[test]
    fn at_the_bound_the_old_make_room_and_the_young_do_not() {
        let store = MemoryStatus::new(2, 60);
        for (name, at) in [(1, 100), (2, 150)] {
            store.put(peer(name), PeerStatus::default(), at).unwrap();
        }
        assert_eq!(store.put(peer(3), PeerStatus::default(), 160), Err(TooMany(2)));
        assert_eq!(store.put(peer(3), PeerStatus::default(), 161), Ok(()));
        assert!(store.latest(&[peer(1)], 1000, 161)[0].is_none());
    }
}
