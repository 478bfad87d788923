//! What a store of memberships does. It may lose members, for they come back; it must forget those
//! who do not.

use std::sync::Arc;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::overlay::{OverlayDescription, OverlayRequest};
use netmap::Pid;

use crate::isp::Outlook;
use crate::overlay::member::Member;

/// Overlays and their members. Times are Unix seconds.
pub trait SwarmStore: Send + Sync {
    /// Makes an overlay.
    ///
    /// # Errors
    /// There is one of that name, or there are too many.
    fn create(
        &self,
        request: OverlayRequest,
        owner: Option<PeerId>,
        now: u64,
    ) -> Result<(), StoreError>;

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
    fn member(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> Option<Arc<Member>>;

    /// Lets a member go; whether it was there.
    fn leave(&self, overlay: &OverlayId, peer: &PeerId, now: u64) -> bool;

    /// What is told of an overlay.
    fn describe(&self, overlay: &OverlayId, now: u64) -> Option<OverlayDescription>;

    /// Members near to far, as far as asked for: equally near ones in no order.
    ///
    /// # Errors
    /// There is no such overlay.
    fn nearest(&self, ask: &Ask<'_>) -> Result<Vec<Found>, StoreError>;

    /// Forgets whoever did not refresh; how many are left.
    fn sweep(&self, now: u64) -> usize;
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
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Of which overlay.
    pub overlay: &'a OverlayId,
    /// Not for itself.
    pub asker: &'a PeerId,
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
}

/// A member and how far it is.
#[derive(Clone, Debug)]
pub struct Found {
    /// The member.
    pub member: Arc<Member>,
    /// Its PID in the asker's map.
    pub pid: Option<Pid>,
    /// The ordinal cost to there.
    pub ordinal: Option<u32>,
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
    /// A bound.
    #[error("{what} are at their bound of {most}")]
    Full {
        /// Of what.
        what: &'static str,
        /// The bound.
        most: usize,
    },
}
