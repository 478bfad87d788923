//! Who plays a content while it is fetched: what comes next for each is fetched first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::transfer::driver::Driver;
use crate::transfer::{Command, Transfer};

/// Players whose places count; more of them play what comes anyhow.
const MAX_PLAYERS: usize = 16;

/// The places of all players of one content.
#[derive(Debug, Default)]
pub(crate) struct Players(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    next: u64,
    at: BTreeMap<u64, u32>,
}

/// One player; it leaves by being dropped.
pub struct Player {
    transfer: Arc<Transfer>,
    id: u64,
}

impl Player {
    /// One more player of a content.
    #[must_use]
    pub fn of(transfer: Arc<Transfer>) -> Self {
        let id = transfer.players.change(|places| {
            places.next += 1;
            places.next
        });
        Self { transfer, id }
    }

    /// It is at this fragment.
    pub fn at(&self, fragment: u32) {
        self.tell(|places| {
            if places.at.len() < MAX_PLAYERS || places.at.contains_key(&self.id) {
                places.at.insert(self.id, fragment);
            }
        });
    }

    /// A fragment that was here cannot be read any more.
    pub fn misses(&self, fragment: u32) {
        self.transfer.tell(Command::Lost(fragment));
    }

    /// What it plays.
    #[must_use]
    pub fn transfer(&self) -> &Transfer {
        &self.transfer
    }

    fn tell(&self, change: impl FnOnce(&mut Places)) {
        let places = self.transfer.players.change(|places| {
            change(places);
            places.at.values().copied().collect()
        });
        self.transfer.tell(Command::Play(places));
    }
}

impl Transfer {
    /// A player is about to come: until then the beginning is fetched first.
    pub(crate) fn expects_player(&self) {
        if self.players.change(|places| places.at.is_empty()) {
            self.tell(Command::Play(vec![0]));
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.tell(|places| {
            places.at.remove(&self.id);
        });
    }
}

impl Players {
    fn change<T>(&self, change: impl FnOnce(&mut Places) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Driver {
    /// What is played is fetched before what is not, whatever content it is of.
    pub(crate) fn leave_to_players(&mut self, now: Instant) {
        if self.engine.lacks_next() && self.engine.is_given() {
            self.node.stage.lacks(&self.kept.index.content_id, now);
        } else if let Some(until) = self.node.stage.until(now) {
            self.engine.pause(until, now);
        }
    }
}
