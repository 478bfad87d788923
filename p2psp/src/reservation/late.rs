//! What servers tell of reservations that are over: their last bytes count, too.

use std::collections::HashMap;

use mp2p::id::PeerId;
use mp2p::message::server::Usage;

use crate::reservation::grant::Grant;

/// Reservations remembered at most, …
const MAX_LATE: usize = 20_000;
/// … and for so long, seconds.
const LATE_S: u64 = 300;

/// Reservations that ended of late.
#[derive(Debug, Default)]
pub(crate) struct Late {
    grants: HashMap<String, (Grant, u64)>,
}

impl Late {
    /// One is over; the last of its use may not have been told.
    pub(crate) fn add(&mut self, grant: &Grant) {
        if self.grants.len() < MAX_LATE {
            // Counted from the next sweep on.
            self.grants.insert(grant.id().to_string(), (grant.clone(), 0));
        }
    }

    /// Forgets what ended long ago.
    pub(crate) fn sweep(&mut self, now: u64) {
        self.grants.retain(|_, (_, until)| {
            if *until == 0 {
                *until = now.saturating_add(LATE_S);
            }
            *until > now
        });
    }

    /// Bytes in and out since the last report, where `server` had that reservation for that holder.
    pub(crate) fn used(&mut self, server: &PeerId, usage: &Usage) -> Option<(u64, u64)> {
        let (grant, _) = self.grants.get_mut(&*usage.reservation_id)?;
        let of = &grant.reservation;
        if of.server != *server || of.holder != usage.holder {
            return None;
        }
        Some(grant.count(usage))
    }
}
