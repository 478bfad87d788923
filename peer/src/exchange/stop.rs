//! The forced stop (TR 20002 §8.3.4): obeyed, passed on once, and the answer to whoever comes
//! later.

use std::time::Instant;

use mp2p::frame::{ByeReason, Frame};

use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, Output};

impl Engine {
    /// Whether the distribution was stopped by order.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub(crate) fn stop_frame(&mut self, from: LinkId, text: &str, now: Instant) {
        match self.notary.is_stop(text) {
            true => self.end(text.into(), Some(from), now),
            // Forged, old or about something else: it does nothing.
            false => self.close(from, ByeReason::Fault, now),
        }
    }

    pub(crate) fn end(&mut self, stop: Box<str>, from: Option<LinkId>, now: Instant) {
        if self.stopped.is_some() {
            return;
        }
        self.stopped = Some(stop.clone());
        let mut forwarded = 0;
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            if from != Some(id) {
                self.send(id, Frame::Stop(stop.clone()), now);
                forwarded += 1;
            }
            self.close(id, ByeReason::Stopped, now);
        }
        self.put(Output::Stopped { stop, forwarded });
    }
}
