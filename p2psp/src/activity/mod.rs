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
mod kept;
mod memory;
mod packed;
mod pull;
mod store;
#[cfg(test)]
mod suite;
mod tell;
mod told;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::CareAnswer;
use mp2p::message::status::PeerReport;
use tokio::sync::watch;

pub use crate::activity::care::CareError;
use crate::activity::care::{Care, CareOffer, OFFER_EVERY_S};
use crate::activity::kept::KeptCare;
pub use crate::activity::memory::MemoryStatus;
pub use crate::activity::store::{
    Aged, Counts, Offer, Record, Sent, StatusBounds, StatusStore, Told, TooMany, Wanted,
};
use crate::calls::{Activity, Answer, Standing, StatusRequests};
use crate::database::DatabaseError;
use crate::scores::{Brief, Scores};
use crate::settings::ActivitySettings;

/// The role.
pub struct Pams {
    store: Box<dyn StatusStore>,
    care: Mutex<Care>,
    /// The same on the disk, where PAMS has one.
    kept: Option<KeptCare>,
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
    /// What the super peer did cannot be kept.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Nobody is put in care.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// By the rules of care.
    #[error(transparent)]
    Care(#[from] CareError),
    /// It cannot be kept.
    #[error(transparent)]
    Database(#[from] DatabaseError),
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
        Self { store, care, kept: None, settings, requests, news: watch::Sender::new(0) }
    }

    /// Keeps who is in whose care at `path`, and goes on with what is there.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn keeping(mut self, path: &Path, now: u64) -> Result<Self, DatabaseError> {
        let kept = KeptCare::open(path)?;
        self.care = Mutex::new(kept.load(self.settings.load().max_peers, now)?);
        self.kept = Some(kept);
        Ok(self)
    }

    /// Takes a batch of reports from `from`, of `user`, over; it was `bytes` long.
    ///
    /// # Errors
    /// [`StatusError`].
    pub async fn report(
        &self,
        (from, user): (&PeerId, Option<&UserId>),
        reports: Vec<PeerReport>,
        bytes: usize,
        now: u64,
    ) -> Result<(), StatusError> {
        let mut told = Vec::with_capacity(reports.len());
        let mut carried = Vec::new();
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
            carried.push(peer.clone());
            told.push(Told { user, via: Some(from.clone()), report });
        }
        for one in told {
            self.store.put(one, now)?;
        }
        if !carried.is_empty() {
            self.care().carried(from, &carried, bytes as u64, now);
            if let Some(kept) = &self.kept {
                let sums = (carried.len() as u64, bytes as u64);
                kept.carried(from.clone(), sums, now).await?;
            }
        }
        self.news.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Puts a peer in the care of a super peer.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub async fn enrol(
        &self,
        peer: PeerId,
        user: Option<UserId>,
        super_peer: PeerId,
        now: u64,
    ) -> Result<(), EnrolError> {
        self.care().enrol(peer.clone(), user.clone(), super_peer.clone(), now)?;
        match &self.kept {
            Some(kept) => Ok(kept.enrol(peer, user, super_peer).await?),
            None => Ok(()),
        }
    }

    /// Chooses a super peer for one that asks from `from`, and puts it in its care.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub async fn assign(
        &self,
        (peer, user): (PeerId, Option<UserId>),
        from: IpAddr,
        not: &[PeerId],
        now: u64,
    ) -> Result<(PeerId, SocketAddr), EnrolError> {
        let chosen = self.care().choose((&peer, from), not, now);
        let (super_peer, address) = chosen.ok_or(CareError::None)?;
        self.enrol(peer, user, super_peer.clone(), now).await?;
        Ok((super_peer, address))
    }

    /// A peer offers itself as a super peer at `address`; the peers in its care, and the seconds
    /// until it is to say so again.
    ///
    /// # Errors
    /// [`EnrolError`].
    pub async fn offer(
        &self,
        super_peer: PeerId,
        (address, capacity): (SocketAddr, usize),
        now: u64,
    ) -> Result<(usize, u64), EnrolError> {
        let offer = CareOffer { address, capacity, seen: now };
        let members = self.care().offer(&super_peer, offer)?;
        if let Some(kept) = &self.kept {
            kept.offer(super_peer, Some(offer)).await?;
        }
        Ok((members, OFFER_EVERY_S))
    }

    /// A super peer takes nobody any more; whether it did.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn withdraw(&self, super_peer: PeerId) -> Result<bool, DatabaseError> {
        let did = self.care().withdraw(&super_peer);
        if let Some(kept) = self.kept.as_ref().filter(|_| did) {
            kept.offer(super_peer, None).await?;
        }
        Ok(did)
    }

    /// Takes a peer out of care; whether it was in any.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn leave(&self, peer: &PeerId) -> Result<bool, DatabaseError> {
        let was = self.care().leave(peer);
        if let Some(kept) = self.kept.as_ref().filter(|_| was) {
            kept.leave(vec![peer.clone()]).await?;
        }
        Ok(was)
    }

    /// What a super peer did for others; `None` where there is none.
    #[must_use]
    pub fn account(&self, super_peer: &PeerId) -> Option<CareAnswer> {
        self.care().account(super_peer)
    }

    /// Other settings from now on; who is there stays, though they are more than the new bound.
    pub fn change(&self, settings: ActivitySettings) {
        self.store.bound(StatusBounds::of(&settings));
        self.care().bound(settings.max_peers);
        self.settings.store(Arc::new(settings));
    }

    /// Forgets peers that are silent for long; how many report, and how many do not any more.
    pub async fn sweep(&self, now: u64) -> Counts {
        let settings = self.settings.load_full();
        let gone = self.care().sweep(settings.keep_seconds, now);
        if let Some(kept) = self.kept.as_ref().filter(|_| !gone.is_empty())
            && let Err(error) = kept.leave(gone).await
        {
            tracing::warn!(%error, "peers in care that are gone are still on the disk");
        }
        self.store.sweep(settings.max_age_seconds, settings.keep_seconds, now)
    }

    /// How a peer stands by what it reported.
    fn standing(&self, aged: Aged) -> Standing {
        Self::stands(aged, self.settings.load().overload)
    }

    /// The same, overloaded from the load `overload` on.
    #[must_use]
    pub fn stands(aged: Aged, overload: f32) -> Standing {
        let Brief { score, is_overloaded, age_s } =
            Brief::of(aged.status.load(), aged.age_s, overload);
        Standing { score, is_overloaded, status: aged.status, age_s }
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

    fn scores(&self) -> Option<Scores<'_>> {
        let settings = self.settings.load();
        let (max_age_s, overload) = (settings.max_age_seconds, settings.overload);
        self.store.board().map(|board| Scores { board, max_age_s, overload })
    }
}
