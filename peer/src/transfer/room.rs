//! As many connections as the user set.

use std::time::Instant;

use crate::exchange::LinkId;
use crate::transfer::driver::Driver;
use crate::transfer::start;
use crate::wire::{Met, Path};

impl Driver {
    /// A connection that stands is used, where there is room for it.
    pub(crate) fn take(&mut self, id: LinkId, met: Met, way: (Path, bool), now: Instant) {
        let place = self.node.connections.enter();
        let has_room = place.is_some();
        self.links.start(id, met, way, place);
        if !has_room {
            self.engine.turn_away(id, now);
        }
    }

    /// Other limits: what is beyond them ends now.
    pub(crate) fn limited(&mut self, now: Instant) {
        let config = start::config(&self.node, &self.kept);
        let beyond = self.links.len().saturating_sub(config.links);
        self.engine.configure(config);
        self.engine.shed(beyond.max(self.node.connections.over()), now);
    }
}
