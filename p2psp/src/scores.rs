//! How peers stand, as far as the order of lists needs it: 12 bytes a peer beside its id, read for
//! each candidate of each list where PAMS is in the process of OMS.
//!
//! ```text
//!  report ─► PAMS ─ put ─► rows: 0 #7 14:02 0.25   1 #9 14:01 0.90   2 –   …
//!  list ─► OMS ─ (row and its turn, when it was read last) ─► score, age
//! ```

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use hashbrown::HashTable;
use mp2p::id::PeerId;

use crate::chunks::Chunks;
use crate::digests::DigestHash;

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

/// A share as it is told: in thousandths, without what sums of binary fractions leave behind.
#[must_use]
pub fn told(share: f32) -> f32 {
    (share * 1000.0).round() / 1000.0
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
    hash: DigestHash,
    /// How often a row became somebody's.
    turns: u32,
}

/// 12 bytes, of which five are in a line of the processor's cache.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// Which of all turns made it whose it is: by this a hint that is wrong is known.
    turn: u32,
    /// Unix seconds.
    at: u32,
    /// No number of one that is free.
    load: f32,
}

/// Where a peer's row was, and whether that is still it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hint {
    row: u32,
    turn: u32,
}

impl Hint {
    /// Not known.
    pub(crate) const NONE: Self = Self { row: u32::MAX, turn: 0 };

    /// To be kept in one piece.
    pub(crate) const fn bits(self) -> u64 {
        (self.row as u64) << 32 | self.turn as u64
    }

    /// What was kept.
    pub(crate) const fn of_bits(bits: u64) -> Self {
        Self { row: (bits >> 32) as u32, turn: bits as u32 }
    }
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
            *place = Row { at, load, ..*place };
        }
        row
    }

    /// The row of a peer.
    pub(crate) fn row(&self, peer: &PeerId) -> Option<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).find(peer)
    }

    /// Whose a row is.
    pub(crate) fn peer(&self, row: u32) -> Option<PeerId> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_taken = table.rows.get(row).is_some_and(|row| !row.is_free());
        is_taken.then(|| table.peers.get(row).cloned()).flatten()
    }

    /// Forgets a row; whose it was.
    pub(crate) fn remove(&self, row: u32) -> Option<PeerId> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Table { rows, peers, free, by_peer, hash, .. } = &mut *table;
        let place = rows.get_mut(row).filter(|row| !row.is_free())?;
        *place = Row::free(place.turn);
        let peer = peers.get(row)?.clone();
        if let Ok(entry) = by_peer.find_entry(hash.of(&peer), |other| *other == row) {
            entry.remove();
        }
        free.push(row);
        Some(peer)
    }
}

impl Row {
    /// Nobody's, since its last turn is over.
    const fn free(turn: u32) -> Self {
        Self { turn, at: 0, load: f32::NAN }
    }

    const fn is_free(&self) -> bool {
        self.load.is_nan()
    }
}

impl Table {
    fn find(&self, peer: &PeerId) -> Option<u32> {
        self.by_peer.find(self.hash.of(peer), |row| self.peers.get(*row) == Some(peer)).copied()
    }

    fn settle(&mut self, peer: &PeerId) -> u32 {
        let row = self.free.pop().unwrap_or(self.rows.len() as u32);
        self.turns = self.turns.wrapping_add(1);
        match self.peers.get_mut(row).zip(self.rows.get_mut(row)) {
            Some((place, row)) => {
                *place = peer.clone();
                row.turn = self.turns;
            }
            None => {
                self.rows.push(Row::free(self.turns));
                self.peers.push(peer.clone());
            }
        }
        let (hash, peers) = (&self.hash, &self.peers);
        let rehash = |row: &u32| peers.get(*row).map_or(0, |peer| hash.of(peer));
        self.by_peer.insert_unique(hash.of(peer), row, rehash);
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
    /// quicker the better the hint is, and `peer` is not called where the hint is right.
    #[inline]
    #[must_use]
    pub fn brief<'p>(
        &self,
        hint: Hint,
        peer: impl FnOnce() -> Option<&'p PeerId>,
    ) -> (Hint, Option<Brief>) {
        match self.table.rows.get(hint.row).filter(|row| row.turn == hint.turn && !row.is_free()) {
            Some(row) => (hint, self.told(row)),
            None => self.sought(peer()),
        }
    }

    #[inline]
    fn told(&self, row: &Row) -> Option<Brief> {
        let age_s = self.now.saturating_sub(u64::from(row.at));
        let counts = age_s <= self.scores.max_age_s;
        counts.then(|| Brief::of(row.load, age_s, self.scores.overload))
    }

    /// Without a hint.
    #[cold]
    fn sought(&self, peer: Option<&PeerId>) -> (Hint, Option<Brief>) {
        let found = peer.and_then(|peer| self.table.find(peer));
        let found = found.and_then(|at| Some((at, self.table.rows.get(at)?)));
        let Some((at, row)) = found else { return (Hint::NONE, None) };
        (Hint { row: at, turn: row.turn }, self.told(row))
    }

    /// Asks the memory for many rows at once: they come quicker than one by one.
    pub(crate) fn touch(&self, hints: &[Hint]) {
        let row = |hint: &Hint| self.table.rows.get(hint.row).map_or(0, |row| row.at);
        std::hint::black_box(hints.iter().fold(0, |touched, hint| touched ^ row(hint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: u8) -> PeerId {
        PeerId::of_digest([name; 32])
    }

    /// Whoever has a load of 0.9 has 0.1 to give, not 0.100000024.
    #[test]
    fn a_score_is_told_in_thousandths() {
        for (load, text) in [(0.9, "0.1"), (0.7, "0.3"), (0.25, "0.75"), (1.0, "0.0")] {
            let score = told(Brief::of(load, 0, 1.0).score);
            assert_eq!(serde_json::to_string(&score).unwrap(), text);
        }
    }

    #[test]
    fn a_row_that_became_anothers_is_nobody_elses_score() {
        let board = Board::default();
        let scores = Scores { board: &board, max_age_s: 60, overload: 0.9 };
        let brief = |now: u64, name: u8, hint: Hint| {
            let peer = peer(name);
            scores.read(now).brief(hint, || Some(&peer))
        };
        let row = board.put(&peer(1), 0.25, 100);
        let told = Some(Brief { score: 0.75, is_overloaded: false, age_s: 60 });
        let (hint, first) = brief(160, 1, Hint::NONE);
        assert_eq!((hint.row, first), (row, told));
        assert_eq!(Hint::of_bits(hint.bits()), hint);
        let asked = scores.read(160).brief(hint, || panic!("the hint is right"));
        assert_eq!(asked, (hint, told));
        assert_eq!(brief(160, 1, Hint { row: 7, turn: 1 }), (hint, told), "a wrong hint");
        assert_eq!(brief(161, 1, hint), (hint, None), "too old");
        assert_eq!(board.remove(row), Some(peer(1)));
        assert_eq!(board.remove(row), None);
        assert_eq!(brief(100, 1, hint), (Hint::NONE, None));
        assert_eq!(board.put(&peer(2), 0.9, 100), row);
        assert_eq!(brief(100, 1, hint), (Hint::NONE, None));
        assert!(brief(100, 2, hint).1.unwrap().is_overloaded);
    }
}
