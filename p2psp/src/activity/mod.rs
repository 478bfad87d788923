//! PAMS, the peer activity management server (TR 20002 §8.3.10): the latest status of every peer
//! and its resources, and how old that is.
//!
//! ```text
//!  peer ─ report ──────────────► StatusStore ─► standings of a list (R1)
//!  super peer ─ batch ─► Care ──────┘    └────► told: score, or status where agreed; history
//!  operator ─ pull ─► OMS ─ event ─► peer
//! ```

mod care;
mod entry;
mod memory;
mod pull;
mod store;
#[cfg(test)]
mod suite;
mod told;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::CareAnswer;
use mp2p::message::status::PeerReport;
use tokio::sync::watch;

use crate::activity::care::Care;
pub use crate::activity::care::CareError;
pub use crate::activity::entry::HistoryBounds;
pub use crate::activity::memory::MemoryStatus;
pub use crate::activity::store::{Aged, Counts, Offer, Record, StatusStore, Told, TooMany, Wanted};
use crate::calls::{Activity, Answer, Standing, StatusRequests};
use crate::settings::ActivitySettings;

/// The role.
pub struct Pams {
    store: Box<dyn StatusStore>,
    care: Mutex<Care>,
    settings: ArcSwap<ActivitySettings>,
    requests: Arc<dyn StatusRequests>,
    /// Counts batches, for those who wait for one.
    news: watch::Sender<u64>,
}

/// Who asks, and so what it may see.
#[derive(Clone, Debug)]
pub enum Viewer {
    /// A peer or server, which sees its own.
    Peer(PeerId),
    /// The provider's staff, who see all.
    Operator,
}

impl Viewer {
    /// Whether the status of `peer` itself is for its eyes.
    #[must_use]
    pub fn sees(&self, peer: &PeerId) -> bool {
        match self {
            Self::Operator => true,
            Self::Peer(own) => own == peer,
        }
    }
}

/// A report is not taken over; nothing of its batch is.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// Peers report for themselves, super peers for those in their care.
    #[error("{0} is not in the care of this peer")]
    NotInCare(PeerId),
    /// Numbers that cannot be meant.
    #[error("the report of {0} has numbers that cannot be: shares are 0 to 1, usage fits capacity")]
    Nonsense(PeerId),
    /// The store.
    #[error(transparent)]
    Full(#[from] TooMany),
}

impl Pams {
    /// Over a store; `requests` is how peers are asked for their status.
    #[must_use]
    pub fn new(
        store: Box<dyn StatusStore>,
        settings: ActivitySettings,
        requests: Arc<dyn StatusRequests>,
    ) -> Self {
        let care = Mutex::new(Care::new(settings.max_peers));
        let settings = ArcSwap::from_pointee(settings);
        Self { store, care, settings, requests, news: watch::Sender::new(0) }
    }

    /// Takes a batch of reports from `from`, of `user`, over; it was `bytes` long.
    ///
    /// # Errors
    /// [`StatusError`].
    pub fn report(
        &self,
        (from, user): (&PeerId, Option<&UserId>),
        reports: Vec<PeerReport>,
        bytes: usize,
        now: u64,
    ) -> Result<(), StatusError> {
        let mut told = Vec::with_capacity(reports.len());
        let mut carried = 0;
        for report in reports {
            let peer = &report.peer_id;
            if !report.is_sensible() {
                return Err(StatusError::Nonsense(peer.clone()));
            }
            if peer == from {
                told.push(Told { user: user.cloned(), via: None, report });
                continue;
            }
            let charge = self.care().charge(from, peer);
            let user = charge.ok_or_else(|| StatusError::NotInCare(peer.clone()))?;
            carried += 1;
            told.push(Told { user, via: Some(from.clone()), report });
        }
        for one in told {
            self.store.put(one, now)?;
        }
        if carried > 0 {
            self.care().carried(from, carried, bytes as u64, now);
        }
        self.news.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Puts a peer in the care of a super peer.
    ///
    /// # Errors
    /// [`CareError`].
    pub fn enrol(
        &self,
        peer: PeerId,
        user: Option<UserId>,
        super_peer: PeerId,
    ) -> Result<(), CareError> {
        self.care().enrol(peer, user, super_peer)
    }

    /// Takes a peer out of care; whether it was in any.
    pub fn leave(&self, peer: &PeerId) -> bool {
        self.care().leave(peer)
    }

    /// What a super peer did for others; `None` where there is none.
    #[must_use]
    pub fn account(&self, super_peer: &PeerId) -> Option<CareAnswer> {
        self.care().account(super_peer)
    }

    /// Other settings from now on; bounds of the store stay.
    pub fn change(&self, settings: ActivitySettings) {
        self.settings.store(Arc::new(settings));
    }

    /// Forgets peers that are silent for long; how many report, and how many do not any more.
    #[must_use]
    pub fn sweep(&self, now: u64) -> Counts {
        let settings = self.settings.load();
        self.store.sweep(settings.max_age_seconds, settings.keep_seconds, now)
    }

    /// How a peer stands by what it reported.
    fn standing(&self, aged: Aged) -> Standing {
        Self::stands(aged, self.settings.load().overload)
    }

    /// The same, overloaded from the load `overload` on.
    #[must_use]
    pub fn stands(aged: Aged, overload: f32) -> Standing {
        let load = aged.status.load();
        Standing {
            score: 1.0 - load,
            is_overloaded: load >= overload,
            status: aged.status,
            age_s: aged.age_s,
        }
    }

    fn care(&self) -> MutexGuard<'_, Care> {
        self.care.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Activity for Pams {
    fn standings<'a>(&'a self, peers: &'a [PeerId], now: u64) -> Answer<'a, Vec<Option<Standing>>> {
        let latest = self.store.latest(peers, self.settings.load().max_age_seconds, now);
        let standings =
            latest.into_iter().map(|aged| aged.map(|aged| self.standing(aged))).collect();
        Box::pin(std::future::ready(Ok(standings)))
    }
}
