//! One reservation, and what is asked for.

use std::net::IpAddr;

use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::event::ReservationId;
use mp2p::message::server::{ServerKind, Usage};
use mp2p::reservation::{Reservation, ReservationKind};
use serde::{Deserialize, Serialize};

/// A reservation in the book.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// What OMS signs.
    pub reservation: Reservation,
    /// How far it has come.
    pub phase: Phase,
    /// How long it was asked for, and is renewed for, seconds.
    pub duration: u64,
    /// Bytes in so far.
    pub bytes_in: u64,
    /// Bytes out so far.
    pub bytes_out: u64,
    /// Bytes kept, as its server told last.
    #[serde(default)]
    pub kept_bytes: u64,
    /// It was given less than was asked for, or could have been: see [`Order::at_most`].
    #[serde(default)]
    pub at_most: bool,
}

/// How far a reservation has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Phase {
    /// Kept free, not used yet; until then.
    Held(u64),
    /// In use.
    Active,
    /// Its time is over; it may still be renewed, until then.
    Expiring(u64),
}

/// What is to be reserved.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is reserved.
    pub kind: ReservationKind,
    /// The overlay for which it is.
    pub overlay: OverlayId,
    /// Which content of it; all where there is none.
    pub content: Option<ContentId>,
    /// The peer or server for which it is kept free.
    pub holder: PeerId,
    /// Rate that is kept free, bit/s.
    pub bandwidth_bps: u64,
    /// Bytes that may go through in all; 0 is no bound.
    pub quota_bytes: u64,
    /// Bytes to be kept.
    pub storage_bytes: u64,
    /// Seconds.
    pub duration: u64,
    /// Only with the provider's own servers.
    pub dedicated: bool,
    /// Less will do, from one server: all such orders together have half of its storage, and each
    /// half of what is left of that at most; of a relay's bandwidth as much as that has free, where
    /// all together have not enough.
    pub at_most: bool,
    /// By the provider itself: it does not count as one of the holder's.
    pub by_provider: bool,
}

/// Nothing is reserved.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReserveError {
    /// All of it is taken.
    #[error(
        "no servers{} have that much free: {bandwidth_bps} bit/s, {storage_bytes} bytes",
        if *.dedicated { " of the provider's own, which alone serve a closed overlay," } else { "" }
    )]
    NoCapacity {
        /// Bit/s that were asked for.
        bandwidth_bps: u64,
        /// Bytes that were asked for.
        storage_bytes: u64,
        /// Whether a user's server would not do.
        dedicated: bool,
    },
    /// One holder has enough.
    #[error("a peer holds {0} reservations at most")]
    TooMany(usize),
    /// The book is full.
    #[error("{0} reservations are kept at most")]
    Full(usize),
    /// Nothing by this name, or somebody else's.
    #[error("there is no reservation {0} of this peer")]
    None(String),
    /// A server that nobody knows, or of which it is not.
    #[error("this peer is registered as no server")]
    NoServer,
}

impl Grant {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &ReservationId {
        &self.reservation.reservation_id
    }

    /// Takes over sums that a server tells; bytes in and out that are new.
    pub(crate) fn count(&mut self, usage: &Usage) -> (u64, u64) {
        let bytes_in = usage.bytes_in.saturating_sub(self.bytes_in);
        let bytes_out = usage.bytes_out.saturating_sub(self.bytes_out);
        self.bytes_in += bytes_in;
        self.bytes_out += bytes_out;
        self.kept_bytes = usage.kept_bytes;
        (bytes_in, bytes_out)
    }

    /// Whether it is of use to its holder.
    #[must_use]
    pub fn is_in_force(&self, now: u64) -> bool {
        self.reservation.exp > now
    }

    /// Whether more has gone through than was granted.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        let quota = self.reservation.quota_bytes;
        quota > 0 && self.bytes_in.saturating_add(self.bytes_out) >= quota
    }

    /// What it becomes at `now`; none where it is over.
    pub(crate) fn aged(&self, grace: u64, now: u64) -> Option<Phase> {
        let ends = self.reservation.exp;
        match self.phase {
            Phase::Held(until) if until <= now || ends <= now => None,
            Phase::Active if ends <= now => {
                (ends.saturating_add(grace) > now).then_some(Phase::Expiring(ends + grace))
            }
            Phase::Expiring(until) if until <= now => None,
            phase => Some(phase),
        }
    }
}

impl Order {
    /// An order of nothing yet, for a second.
    #[must_use]
    pub fn of(kind: ReservationKind, overlay: OverlayId, holder: PeerId) -> Self {
        Self {
            kind,
            overlay,
            content: None,
            holder,
            bandwidth_bps: 1,
            quota_bytes: 0,
            storage_bytes: 0,
            duration: 1,
            dedicated: false,
            at_most: false,
            by_provider: false,
        }
    }

    /// The kind of server that can do it.
    #[must_use]
    pub const fn server(&self) -> ServerKind {
        match self.kind {
            ReservationKind::Cs | ReservationKind::Delegate => ServerKind::Cs,
            ReservationKind::Rs => ServerKind::Rs,
        }
    }
}

/// How far a server is, smaller is nearer; `None`: not to be had.
pub(crate) type Distance<'a> = &'a dyn Fn(IpAddr) -> Option<u32>;
