//! What a store of statuses does: the last one counts, and each says how old it is.

use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::Window;
use mp2p::message::resource::{Resource, ResourceType};
use mp2p::message::status::{PeerReport, PeerStatus, StaticStatus};

use crate::scores::Board;
use crate::settings::ActivitySettings;

/// Statuses of peers. Times are Unix seconds.
pub trait StatusStore: Send + Sync {
    /// Takes a report over. What it does not say of resources and static status stays as it was.
    ///
    /// # Errors
    /// There are too many peers.
    fn put(&self, report: Told, now: u64) -> Result<(), TooMany>;

    /// The last status of each peer; `None` for one older than `max_age_s`.
    fn latest(&self, peers: &[PeerId], max_age_s: u64, now: u64) -> Vec<Option<Aged>>;

    /// All that is known of a peer, however old.
    fn record(&self, peer: &PeerId, now: u64) -> Option<Record>;

    /// Resources that are asked for, of peers whose report is not older than `max_age_s`; `most`
    /// at most.
    fn resources(&self, wanted: &Wanted, max_age_s: u64, most: usize, now: u64) -> Vec<Offer>;

    /// Forgets peers that told nothing for `keep_s`; how many of the rest reported within
    /// `max_age_s`, and how many did not.
    fn sweep(&self, max_age_s: u64, keep_s: u64, now: u64) -> Counts;

    /// What peers measured out, of those that reported at `since` or later, from the row `from` on;
    /// and the row to go on from, where there is more.
    fn measured(&self, from: u32, since: u64) -> (Vec<Sent>, Option<u32>);

    /// Other bounds from now on; who is there stays, though they are more.
    fn bound(&self, bounds: StatusBounds);

    /// The last load of each peer, where it is in this process.
    fn board(&self) -> Option<&Board> {
        None
    }
}

/// How much a store keeps.
#[derive(Clone, Copy, Debug)]
pub struct StatusBounds {
    /// Peers; at that bound those go that are older than `max_age_s`.
    pub max_peers: usize,
    /// Seconds.
    pub max_age_s: u64,
    /// Seconds of a window of history.
    pub window_s: u64,
    /// Windows of a peer.
    pub windows: usize,
}

impl StatusBounds {
    /// As they are set.
    #[must_use]
    pub const fn of(settings: &ActivitySettings) -> Self {
        Self {
            max_peers: settings.max_peers,
            max_age_s: settings.max_age_seconds,
            window_s: settings.history_window_seconds,
            windows: settings.history_windows,
        }
    }
}

/// A report, and what PAMS knows of who sent it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The report.
    pub report: PeerReport,
    /// Whose peer, by its certificate.
    pub user: Option<UserId>,
    /// The super peer that sent it.
    pub via: Option<PeerId>,
}

/// A status and its age.
#[derive(Clone, Debug, PartialEq)]
pub struct Aged {
    /// The status.
    pub status: PeerStatus,
    /// Seconds since it was reported.
    pub age_s: u64,
}

/// What a peer measured out at its interface on the day of its last report.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The peer that measured.
    pub peer: PeerId,
    /// Days since 1970, UTC.
    pub day: u64,
    /// Bytes sent on that day, so far.
    pub bytes: u64,
}

/// All that is known of a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The user whose peer it is.
    pub user: Option<UserId>,
    /// The last status.
    pub aged: Aged,
    /// What does not change while it runs.
    pub fixed: Option<StaticStatus>,
    /// Reports so far.
    pub reports: u64,
    /// The super peer that reported last.
    pub via: Option<PeerId>,
    /// What it did over time, oldest first.
    pub history: Vec<Window>,
}

/// Which resources.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// Those of this name.
    Named(String),
    /// Those of this type.
    Of(ResourceType),
}

/// A resource that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The peer that has it.
    pub peer: PeerId,
    /// The resource.
    pub resource: Resource,
    /// Seconds since it was reported.
    pub age_s: u64,
    /// Whether its user agreed that it is shown as it is.
    pub agreed: bool,
}

/// How many peers there are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// That reported of late.
    pub reporting: usize,
    /// That did not.
    pub silent: usize,
}

/// The store is at its bound.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the status of {0} peers is kept, and of no more")]
pub struct TooMany(pub usize);
