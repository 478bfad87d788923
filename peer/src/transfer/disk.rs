//! What the disk did, and what of it the user has to know.

use std::time::{Duration, Instant};

use crate::content::StoreFault;
use crate::control::message::State;
use crate::exchange::StoreError;
use crate::transfer::driver::{Done, Driver};

/// After the last flush has failed.
const FLUSH_AGAIN: Duration = Duration::from_secs(3);

impl Driver {
    pub(crate) fn finished(&mut self, done: Done) {
        let now = Instant::now();
        let told = |fault: &StoreFault| match fault {
            StoreFault::Lost { .. } => StoreError::Lost,
            StoreFault::Io { .. } => StoreError::Trouble,
        };
        match done {
            Done::Class(answer) => self.confirmed(&answer, now),
            Done::Read(fragment, read) => {
                if read.is_err() {
                    self.trouble(read.as_ref().err());
                }
                self.engine.fragment_read(fragment, read.map_err(|fault| told(&fault)), now);
            }
            // The whole content has been flushed.
            Done::Stored(u32::MAX, flushed) => {
                self.trouble(flushed.as_ref().err());
                self.flush_at = flushed.is_err().then(|| now + FLUSH_AGAIN);
                if flushed.is_ok() && self.state == State::Fetching {
                    self.state = State::Sharing;
                    (self.message, self.fault) = (None, None);
                }
                self.show(now);
            }
            Done::Stored(fragment, stored) => {
                self.storing = self.storing.saturating_sub(self.length(fragment));
                self.trouble(stored.as_ref().err());
                self.engine.fragment_stored(fragment, stored.map_err(|fault| told(&fault)), now);
            }
        }
    }

    /// What the disk refuses is for the user to see: it goes on by itself once there is room.
    fn trouble(&mut self, fault: Option<&StoreFault>) {
        match fault {
            Some(fault) => {
                tracing::warn!(error = %fault, "the disk is in the way");
                if let (true, Some(cache)) =
                    (self.kept.place.cached.is_some(), self.node.cache.get())
                {
                    cache.trouble(&fault.to_string());
                }
                self.fault = Some(fault.to_string());
                if matches!(fault, StoreFault::Lost { .. }) {
                    self.lost();
                }
            }
            None if self.state == State::Fetching => self.fault = None,
            None => {}
        }
    }

    /// What was whole is so no longer, and fetched again where it may be written.
    pub(crate) fn lost(&mut self) {
        if self.state == State::Sharing && !self.kept.place.is_source {
            self.state = State::Fetching;
        }
    }
}
