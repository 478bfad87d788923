//! PAMS, the peer activity management server (TR 20002 §8.3.10): the latest status of every peer,
//! and how old it is.

mod memory;
mod store;

use mp2p::id::PeerId;
use mp2p::message::status::PeerStatus;

pub use crate::activity::memory::MemoryStatus;
pub use crate::activity::store::{Aged, StatusStore, TooMany};
use crate::calls::{Activity, Answer, Standing};
use crate::settings::ActivitySettings;

/// The role.
pub struct Pams {
    store: Box<dyn StatusStore>,
    settings: ActivitySettings,
}

impl Pams {
    /// Over a store.
    #[must_use]
    pub fn new(store: Box<dyn StatusStore>, settings: ActivitySettings) -> Self {
        Self { store, settings }
    }

    /// Takes reports over.
    ///
    /// # Errors
    /// There are too many peers.
    pub fn report(
        &self,
        reports: impl IntoIterator<Item = (PeerId, PeerStatus)>,
        now: u64,
    ) -> Result<(), TooMany> {
        reports.into_iter().try_for_each(|(peer, status)| self.store.put(peer, status, now))
    }

    /// How a peer stands by what it reported.
    fn standing(&self, aged: Aged) -> Standing {
        let load = aged.status.load();
        Standing {
            score: 1.0 - load,
            is_overloaded: load >= self.settings.overload,
            status: aged.status,
            age_s: aged.age_s,
        }
    }
}

impl Activity for Pams {
    fn standings<'a>(&'a self, peers: &'a [PeerId], now: u64) -> Answer<'a, Vec<Option<Standing>>> {
        let latest = self.store.latest(peers, self.settings.max_age_seconds, now);
        let standings =
            latest.into_iter().map(|aged| aged.map(|aged| self.standing(aged))).collect();
        Box::pin(std::future::ready(Ok(standings)))
    }
}
