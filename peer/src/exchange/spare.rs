//! What the group would be long in passing on: some of it comes from afar once more.
//!
//! A fragment that came from afar once goes to each other member by the uplinks of the group. When
//! those of another group have all, their uplinks have nothing to do, and the link between the two
//! has little: each fragment that comes over it spares an uplink here one. It costs bytes between
//! ISPs, and so there is a bound; the one who had all from the beginning gives what nobody else
//! has, and is left in peace.

use std::time::Instant;

use crate::exchange::engine::Engine;

impl Engine {
    /// One at a time, of those who had not all when they were met and have it now.
    pub(crate) fn ask_spare(&mut self, peer_down: Option<u64>, now: Instant) {
        if !self.group.is_known() || self.far_asked() > 0 || self.is_left_alone(now) {
            return;
        }
        if self.fetching.extra >= self.spare_fragments() {
            return;
        }
        for id in self.askable(now) {
            let is_idle = self.links.get(&id).is_some_and(|link| {
                !link.near && link.map.is_full() && !link.had_all && !link.is_slow()
            });
            if !is_idle || !self.has_room(id, peer_down, now) {
                continue;
            }
            if let Some(fragment) = self.rarest_near() {
                self.fetching.extra += 1;
                return self.ask(id, fragment, now);
            }
        }
    }

    /// The more members, the less of their work one fragment more spares.
    fn spare_fragments(&self) -> u32 {
        let percent = f64::from(self.config.spare_percent) / self.group.crowd();
        self.group.extra(self.pieces.count(), percent as u32)
    }

    /// Of what somebody near has and nobody was asked for, what the fewest have: it has the longest
    /// way to go.
    fn rarest_near(&mut self) -> Option<u32> {
        let turn = self.random.u32(..);
        let missing = self.pieces.want.iter_without(&self.pieces.have);
        let open = missing.filter_map(|fragment| {
            let piece = self.pieces.of(fragment);
            let is_open = piece.asked == 0 && piece.near > 0 && self.pieces.lacks(fragment);
            is_open.then_some((piece.near, fragment.wrapping_add(turn), fragment))
        });
        open.min().map(|(_, _, fragment)| fragment)
    }
}
