//! What a store of statuses does: the last one counts, and each says how old it is.

use mp2p::id::PeerId;
use mp2p::message::status::PeerStatus;

/// Statuses of peers. Times are Unix seconds.
pub trait StatusStore: Send + Sync {
    /// Takes a report over.
    ///
    /// # Errors
    /// There are too many peers.
    fn put(&self, peer: PeerId, status: PeerStatus, now: u64) -> Result<(), TooMany>;

    /// The last status of each peer; `None` for one older than `max_age_s`.
    fn latest(&self, peers: &[PeerId], max_age_s: u64, now: u64) -> Vec<Option<Aged>>;
}

/// A status and its age.
#[derive(Clone, Debug, PartialEq)]
pub struct Aged {
    /// The status.
    pub status: PeerStatus,
    /// Seconds since it was reported.
    pub age_s: u64,
}

/// The store is at its bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the status of {0} peers is kept, and of no more")]
pub struct TooMany(pub usize);
