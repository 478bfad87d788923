//! What a store of memberships does. It may lose members, for they come back; it must forget those
//! who do not.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::join::{Nat, PeerAddress};
use mp2p::message::overlay::{OverlayChange, OverlayDescription, OverlayRequest};

use crate::isp::Outlook;
use crate::overlay::found::{Found, Placed, rank};
use crate::overlay::kept::KeptOverlay;
use crate::overlay::member::{Member, Reach, Via};
use crate::overlay::terms::{Owner, Terms};
use crate::ranking::Policy;
use crate::scores::Scores;

/// Overlays and their members. Times are Unix seconds.
pub trait SwarmStore: Send + Sync {
    /// Makes an overlay.
    ///
    /// # Errors
    /// There is one of that name, or there are too many, in all or of this owner's.
    fn create(
        &self,
        request: OverlayRequest,
        owner: Option<Owner>,
        now: u64,
    ) -> Result<(), StoreError>;

    /// Whose an overlay is, and who may take part.
    ///
    /// # Errors
    /// There is no such overlay.
    fn terms(&self, overlay: &OverlayId) -> Result<Terms, StoreError>;

    /// Takes over what the owner changes.
    ///
    /// # Errors
    /// There is no such overlay.
    fn change(&self, change: OverlayChange) -> Result<(), StoreError>;

    /// Ends an overlay; its members then, none where there is no such overlay.
    fn remove(&self, overlay: &OverlayId) -> Option<Vec<Member>>;

    /// All overlays, at most `most`, in the order of their names.
    fn overlays(&self, most: usize, now: u64) -> Vec<OverlayDescription>;

    /// All members that count, listed or not.
    ///
    /// # Errors
    /// There is no such overlay.
    fn members(&self, overlay: &OverlayId, now: u64) -> Result<Vec<Member>, StoreError>;

    /// Whether others get through to a member at `at`; whether it is still there.
    fn reached(&self, overlay: &OverlayId, peer: &PeerId, at: &PeerAddress, reach: Reach) -> bool;

    /// A member stands last in lists until then; whether it is there.
    fn doubted(&self, overlay: &OverlayId, peer: &PeerId, until: u64) -> bool;

    /// The relay server of a member from now on; whether the member is there.
    fn relayed(&self, overlay: &OverlayId, peer: &PeerId, via: Option<Via>) -> bool;

    /// Takes a member in, or renews what is known of it.
    ///
    /// # Errors
    /// There is no such overlay, or it is full.
    fn announce(
        &self,
        overlay: &OverlayId,
        member: Member,
        now: u64,
    ) -> Result<Announced, StoreError>;

    /// A member, while it counts.
    fn member(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> Option<Member>;

    /// Lets a member go; whether it was there.
    fn leave(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> bool;

    /// Lets peers and all peers of users go, out of whatever overlays; who went from where.
    fn dismiss(&self, whom: &Dismissed, now: u64) -> Vec<(OverlayId, PeerId)>;

    /// What users say of showing the status of their peers, from now on.
    fn consented(&self, consents: &HashMap<UserId, Option<bool>>);

    /// What is told of an overlay.
    fn describe(&self, overlay: &OverlayId, now: u64) -> Option<OverlayDescription>;

    /// Members near to far, as far as asked for: equally near ones in no order.
    ///
    /// # Errors
    /// There is no such overlay.
    fn nearest(&self, ask: &Ask<'_>) -> Result<Vec<Found>, StoreError>;

    /// The list: of the members near to far, as far as asked for, those that `policy` chooses by
    /// the scores of `ask`, in its order. What cannot have a place in it need not be looked at, and
    /// of a crowd that is farther than the nearest a part will do: three for each entry still open.
    ///
    /// # Errors
    /// There is no such overlay.
    fn ranked(&self, ask: &Ask<'_>, policy: &Policy) -> Result<Vec<Placed>, StoreError> {
        Ok(rank(&self.nearest(ask)?, policy))
    }

    /// The members among the users of the asker's ISP that can be reached, of its PID alone where
    /// it is not said who they are; at most `most`, from all PIDs alike: for all of them the same.
    fn gateways(&self, overlay: &OverlayId, by: &Outlook, most: usize, now: u64) -> Vec<PeerId>;

    /// All that a restart is not to lose.
    fn keep(&self, now: u64) -> Vec<KeptOverlay>;

    /// Takes over what was kept, within bounds, beside what is there.
    fn restore(&self, overlays: Vec<KeptOverlay>, now: u64);

    /// How many are in an overlay; none where there is no such overlay, or nobody in it.
    fn population(&self, overlay: &OverlayId, now: u64) -> Option<Population>;

    /// Forgets whoever did not refresh, and the overlays of users that nobody has been in for long.
    fn sweep(&self, now: u64) -> Swept;
}

/// Who may take part nowhere.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Dismissed {
    /// With all their peers.
    pub users: HashSet<UserId>,
    /// By themselves.
    pub peers: HashSet<PeerId>,
}

impl Dismissed {
    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.peers.is_empty()
    }

    /// Whether a peer is among them.
    #[must_use]
    pub fn has(&self, peer: &PeerId, user: Option<&UserId>) -> bool {
        self.peers.contains(peer) || user.is_some_and(|user| self.users.contains(user))
    }
}

/// What is left after a sweep.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Swept {
    /// Members of all overlays.
    pub members: usize,
    /// Overlays.
    pub overlays: usize,
    /// Overlays that ended.
    pub ended: Vec<OverlayId>,
    /// How the others are.
    pub populations: Vec<Population>,
}

/// Members of whom a population says where they are.
pub(crate) const MAX_PLACES: usize = 32;

/// How many are in an overlay, and what it wants of caches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Population {
    /// Which.
    pub overlay: OverlayId,
    /// Who holds what is reserved for it: its owner, else whoever joined first of those there.
    pub holder: PeerId,
    /// Members other than caches.
    pub members: u64,
    /// Where the first of them are, 32 at most.
    pub places: Vec<IpAddr>,
    /// Seconds since one of them was heard of.
    pub deserted_s: u64,
    /// What it asks for, bytes; 0: nothing.
    pub cache_bytes: u64,
    /// To each consumer, bit/s; 1 at least.
    pub bandwidth_bps: u64,
}

/// What became of an announcement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Announced {
    /// In the order of all joins of the overlay.
    pub ticket: u64,
    /// Members now.
    pub members: u64,
}

/// Who asks for members, and for how many.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Of which overlay.
    pub overlay: &'a OverlayId,
    /// Not for itself.
    pub asker: &'a PeerId,
    /// What it is behind, where it opens ways at OMS' word: others that it meets so are found, too.
    pub behind: Option<Nat>,
    /// How far the others are from it.
    pub outlook: &'a Outlook,
    /// From one PID at most.
    pub per_pid: usize,
    /// Over all at most, caches besides.
    pub most: usize,
    /// Where to begin among equals.
    pub random: u64,
    /// Unix seconds.
    pub now: u64,
    /// What PAMS says of them, where it is in this process.
    pub scores: Option<Scores<'a>>,
}

/// Why the store does not do it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// Nothing by this name.
    #[error("there is no overlay {0}")]
    NoOverlay(OverlayId),
    /// Something by this name.
    #[error("there is an overlay {0} already")]
    Exists(OverlayId),
    /// A user has enough.
    #[error("a user has {0} overlays at most")]
    FullForUser(usize),
    /// A bound.
    #[error("{what} are at their bound of {most}")]
    Full {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
}
