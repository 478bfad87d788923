//! Connections beyond what the user set: not dialled, turned away, let go.

use std::time::{Duration, Instant};

use mp2p::frame::ByeReason;
use mp2p::id::PeerId;

use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;

/// Who finds no room is not dialled for so long.
const PAUSE: Duration = Duration::from_secs(20);

impl Engine {
    /// There is no room to dial a peer now; nobody is to blame.
    pub fn put_off(&mut self, peer: &PeerId, now: Instant) {
        self.neighbours.rest(peer, now + PAUSE);
    }

    /// There is no room for a link that came.
    pub fn turn_away(&mut self, id: LinkId, now: Instant) {
        if let Some(peer) = self.links.get(&id).map(|link| link.info.peer.clone()) {
            self.put_off(&peer, now);
        }
        self.close(id, ByeReason::Full, now);
    }

    /// Lets go of so many links, those that serve worst first.
    pub fn shed(&mut self, count: usize, now: Instant) {
        let links = self.links.iter();
        let mut all: Vec<_> = links.map(|(id, link)| (self.standing(link), *id)).collect();
        all.sort_unstable();
        all.into_iter().rev().take(count).for_each(|(_, id)| self.turn_away(id, now));
    }
}
