//! How peers stand, as far as the order of lists needs it: 16 bytes a peer beside its id, read for
//! each candidate of each list where PAMS is in the process of OMS.
//!
//! ```text
//!  report ─► PAMS ─ put ─► rows: 0 3f… 14:02 0.25   1 9a… 14:01 0.90   2 –   …
//!  list ─► OMS ─ (peer, row where it was last) ─► score, age
//! ```

use std::hash::{BuildHasher, RandomState};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use hashbrown::HashTable;
use mp2p::id::PeerId;

use crate::chunks::Chunks;

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brief {
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Whether it has too much to do.
    pub is_overloaded: bool,
    /// How long ago it said so, seconds.
    pub age_s: u64,
}

impl Brief {
    /// Of a load, 0 to 1; overloaded from `overload` on.
    #[must_use]
    pub fn of(load: f32, age_s: u64, overload: f32) -> Self {
        Self { score: 1.0 - load, is_overloaded: load >= overload, age_s }
    }
}

/// The last load of each peer.
#[derive(Debug, Default)]
pub struct Board(RwLock<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: Chunks<Row>,
    /// Whose the rows are.
    peers: Chunks<PeerId>,
    free: Vec<u32>,
    by_peer: HashTable<u32>,
    hasher: RandomState,
}

/// 16 bytes, of which four are in a line of the processor's cache.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The first bits of the peer's id, by which a hint that is wrong is known.
    first_bits: u64,
    /// Unix seconds.
    at: u32,
    /// No number of one that is free.
    load: f32,
}

/// A board, and what counts.
#[derive(Clone, Copy, Debug)]
pub struct Scores<'a> {
    /// The board.
    pub board: &'a Board,
    /// Seconds after which a report does not count any more.
    pub max_age_s: u64,
    /// From this load on a peer is overloaded.
    pub overload: f32,
}

/// A board that does not change while this is held: not for long.
pub struct Reading<'a> {
    table: RwLockReadGuard<'a, Table>,
    scores: Scores<'a>,
    now: u64,
}

impl Board {
    /// Takes a load over; the peer's row.
    pub(crate) fn put(&self, peer: &PeerId, load: f32, now: u64) -> u32 {
        let at = u32::try_from(now).unwrap_or(u32::MAX);
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let row = table.find(peer).unwrap_or_else(|| table.settle(peer));
        // What is no number is no load.
        let load = if load.is_nan() { 1.0 } else { load };
        if let Some(place) = table.rows.get_mut(row) {
            *place = Row { first_bits: peer.first_bits(), at, load };
        }
        row
    }

    /// The row of a peer.
    pub(crate) fn row(&self, peer: &PeerId) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(peer)
    }

    /// Forgets a row; whose it was.
    pub(crate) fn remove(&self, row: u32) -> Option<PeerId> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Table { rows, peers, free, by_peer, hasher } = &mut *table;
        let place = rows.get_mut(row).filter(|row| !row.is_free())?;
        *place = Row::FREE;
        let peer = peers.get(row)?.clone();
        let hash = hasher.hash_one(peer.digest());
        if let Ok(entry) = by_peer.find_entry(hash, |other| *other == row) {
            entry.remove();
        }
        free.push(row);
        Some(peer)
    }
}

impl Row {
    const FREE: Self = Self { first_bits: 0, at: 0, load: f32::NAN };

    const fn is_of(&self, peer: &PeerId) -> bool {
        self.first_bits == peer.first_bits() && !self.is_free()
    }

    const fn is_free(&self) -> bool {
        self.load.is_nan()
    }
}

impl Table {
    fn find(&self, peer: &PeerId) -> Option<u32> {
        let hash = self.hasher.hash_one(peer.digest());
        self.by_peer.find(hash, |row| self.peers.get(*row) == Some(peer)).copied()
    }

    fn settle(&mut self, peer: &PeerId) -> u32 {
        let row = self.free.pop().unwrap_or(self.rows.len() as u32);
        match self.peers.get_mut(row) {
            Some(place) => *place = peer.clone(),
            None => {
                self.rows.push(Row::FREE);
                self.peers.push(peer.clone());
            }
        }
        let (hasher, peers) = (&self.hasher, &self.peers);
        let rehash = |row: &u32| peers.get(*row).map_or(0, |peer| hasher.hash_one(peer.digest()));
        self.by_peer.insert_unique(hasher.hash_one(peer.digest()), row, rehash);
        row
    }
}

impl<'a> Scores<'a> {
    /// To read of many peers.
    #[must_use]
    pub fn read(self, now: u64) -> Reading<'a> {
        let table = self.board.0.read().unwrap_or_else(PoisonError::into_inner);
        Reading { table, scores: self, now }
    }
}

impl Reading<'_> {
    /// How a peer stands, none where it told nothing of late, and where that was found: it is the
    /// quicker the better the hint is.
    #[must_use]
    pub fn brief(&self, peer: &PeerId, hint: u32) -> (u32, Option<Brief>) {
        let by_hint = self.table.rows.get(hint).filter(|row| row.is_of(peer));
        let (at, row) = match by_hint {
            Some(row) => (hint, row),
            None => {
                let found = self.table.find(peer);
                let found = found.and_then(|at| Some((at, self.table.rows.get(at)?)));
                let Some(found) = found else { return (u32::MAX, None) };
                found
            }
        };
        let age_s = self.now.saturating_sub(u64::from(row.at));
        let counts = age_s <= self.scores.max_age_s;
        (at, counts.then(|| Brief::of(row.load, age_s, self.scores.overload)))
    }

    /// Asks the memory for many rows at once: they come quicker than one by one.
    pub(crate) fn touch(&self, hints: impl Iterator<Item = u32>) {
        let row = |hint: u32| self.table.rows.get(hint).map_or(0, |row| row.at);
        std::hint::black_box(hints.fold(0, |touched, hint| touched ^ row(hint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: u8) -> PeerId {
        PeerId::of_digest([name; 32])
    }

    #[test]
    fn a_row_that_became_anothers_is_nobody_elses_score() {
        let board = Board::default();
        let scores = Scores { board: &board, max_age_s: 60, overload: 0.9 };
        let row = board.put(&peer(1), 0.25, 100);
        let told = Some(Brief { score: 0.75, is_overloaded: false, age_s: 60 });
        assert_eq!(scores.read(160).brief(&peer(1), row), (row, told));
        assert_eq!(scores.read(160).brief(&peer(1), 7), (row, told), "a wrong hint");
        assert_eq!(scores.read(161).brief(&peer(1), row), (row, None), "too old");
        assert_eq!(board.remove(row), Some(peer(1)));
        assert_eq!(board.remove(row), None);
        assert_eq!(board.put(&peer(2), 0.9, 100), row);
        assert_eq!(scores.read(100).brief(&peer(1), row), (u32::MAX, None));
        let other = scores.read(100).brief(&peer(2), row).1.unwrap();
        assert!(other.is_overloaded);
    }
}
