//! What goes into an engine, and what comes out of it.

use bytes::Bytes;
use mp2p::frame::{ByeReason, Frame};
use mp2p::id::PeerId;
use mp2p::message::join::PeerAddress;

/// A link of an engine.
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub u64);

/// What is known of a link before anything was said on it.
#[derive(Clone, Debug)]
pub struct LinkInfo {
    /// Who is at the other end, by its certificate.
    pub peer: PeerId,
    /// SHA-256 of that certificate, 64 hex digits.
    pub certificate: String,
    /// Whether this end dialled.
    pub dialled: bool,
    /// Where the other end is, for peer exchange; its port is replaced by the one it listens on.
    pub address: Option<PeerAddress>,
    /// The relay that the link goes through.
    pub via: Option<PeerId>,
}

/// A peer that may be dialled.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which.
    pub peer: PeerId,
    /// Where.
    pub addresses: Vec<PeerAddress>,
    /// How near, from 1; `None`: unknown, as far as can be.
    pub rank: Option<u32>,
    /// Stands in the list so that regions stay connected.
    pub bridge: bool,
    /// Has too much to do.
    pub overloaded: bool,
    /// A cache server.
    pub cache: bool,
}

impl Candidate {
    /// One of which no list tells.
    #[must_use]
    pub const fn unlisted(peer: PeerId, addresses: Vec<PeerAddress>) -> Self {
        Self { peer, addresses, rank: None, bridge: false, overloaded: false, cache: false }
    }
}

/// A ranked list, as OMS gave it.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    /// Best first.
    pub entries: Vec<Candidate>,
    /// The peers of the own group, this one included; empty: no group is known, nothing is far.
    pub group: Vec<PeerId>,
}

/// What is to be done.
#[derive(Debug)]
pub enum Output {
    /// Write a frame to a link; [`crate::exchange::Engine::written`] is to be told of DATA.
    Send {
        /// To which.
        link: LinkId,
        /// What.
        frame: Frame,
    },
    /// Close a link, after what was sent before has gone. It is forgotten here already.
    Close {
        /// Which.
        link: LinkId,
        /// Why.
        reason: ByeReason,
    },
    /// Connect to a peer; then `link_up`, or `dial_failed`.
    Dial(Candidate),
    /// Read a fragment and check it; then `fragment_read`.
    Read {
        /// Which.
        fragment: u32,
    },
    /// Write a fragment that passed its check; then `fragment_stored`.
    Write {
        /// Which.
        fragment: u32,
        /// Its bytes, in order.
        bytes: Vec<Bytes>,
    },
    /// Tell OMS.
    Report(Report),
    /// Tell UMS: a receipt, compact JWS, given or taken.
    Receipt(Box<str>),
    /// The distribution was stopped by order: keep the order, acknowledge it to OMS.
    Stopped {
        /// The order, compact JWS.
        stop: Box<str>,
        /// How many peers were told.
        forwarded: u32,
    },
    /// All that is wanted is stored.
    Finished,
}

/// What went wrong with a peer (TR 20002 §8.3.8 step 3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// What.
    pub kind: ReportKind,
    /// With whom.
    pub peer: PeerId,
    /// With which fragment.
    pub fragment: Option<u32>,
    /// The peer's own signed statement of what it sent: proof where its hash is not the fragment's.
    pub evidence: Option<Box<str>>,
}

/// Kinds of reports.
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ReportKind {
    /// Cannot be connected to.
    Unreachable,
    /// Gives much less than others.
    Slow,
    /// Does not answer.
    Timeout,
    /// Sent what is not the content, or did not sign it.
    BadFragment,
    /// Says that it has too much to do.
    Overload,
}

/// Why a fragment was not read or written.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum StoreError {
    /// It is not there, or not what it was: it has to be fetched again.
    Lost,
    /// The disk is full or broken: no more now.
    Trouble,
}
