//! A member as it is kept, for there are millions: 16 bytes in front, which are looked at for every
//! list that it might be in, and 96 behind, for lists that it is in. Times are Unix seconds in 32
//! bits, which end in 2106; later ones count as then.

use std::sync::atomic::{AtomicU64, Ordering};

use mp2p::id::{PeerId, UserId};
use mp2p::message::join::{Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;

use crate::overlay::member::{Member, Reach, Via, met};
use crate::scores::Hint;

/// What decides whether a member is a candidate.
#[derive(Debug)]
pub(crate) struct Front {
    /// Where PAMS had its status last, [`Hint::bits`].
    hint: AtomicU64,
    expires: u32,
    pub(crate) reach: Reach,
    nat: Nat,
    pub(crate) class_floor: u8,
    marks: u8,
}

const RENDEZVOUS: u8 = 1;
/// A relay is kept for it.
const RELAYED: u8 = 2;
const CACHE: u8 = 4;
/// Somebody complained of it; until when is behind.
const DOUBTED: u8 = 8;

/// The rest of a member but for its relay, which few have.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) peer: PeerId,
    pub(crate) address: PeerAddress,
    pub(crate) kind: PeerType,
    pub(crate) show_status: bool,
    class: u8,
    consent: Option<bool>,
    doubted_until: u32,
    profiled: u32,
    user: Option<UserId>,
    pub(crate) ticket: u64,
}

impl Front {
    /// Of nobody.
    pub(crate) const fn empty() -> Self {
        Self {
            hint: AtomicU64::new(Hint::NONE.bits()),
            expires: 0,
            reach: Reach::Unknown,
            nat: Nat::Unknown,
            class_floor: 0,
            marks: 0,
        }
    }

    const fn has(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    const fn mark(&mut self, mark: u8, is_set: bool) {
        self.marks = if is_set { self.marks | mark } else { self.marks & !mark };
    }

    pub(crate) const fn is_relayed(&self) -> bool {
        self.has(RELAYED)
    }

    pub(crate) const fn relayed(&mut self, is_relayed: bool) {
        self.mark(RELAYED, is_relayed);
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.reach == Reach::Reachable
    }

    pub(crate) const fn is_cache(&self) -> bool {
        self.has(CACHE)
    }

    /// Whether [`Seat::is_doubted`] may say so.
    pub(crate) const fn may_be_doubted(&self) -> bool {
        self.has(DOUBTED)
    }

    /// See [`Member::met_from`].
    pub(crate) fn met_from(&self, own: Option<Nat>) -> Option<Nat> {
        met(self.reach, self.nat, self.has(RENDEZVOUS), own)
    }

    pub(crate) fn counts(&self, now: u64) -> bool {
        u64::from(self.expires) > now
    }

    pub(crate) fn hint(&self) -> Hint {
        Hint::of_bits(self.hint.load(Ordering::Relaxed))
    }

    pub(crate) fn hinted(&self, hint: Hint) {
        self.hint.store(hint.bits(), Ordering::Relaxed);
    }
}

impl Seat {
    /// Of a member without its relay.
    pub(crate) fn of(member: Member, ticket: u64, hint: Hint) -> (Front, Self, Option<Box<Via>>) {
        let mut front = Front {
            hint: AtomicU64::new(hint.bits()),
            expires: seconds(member.expires),
            reach: member.reach,
            nat: member.nat,
            class_floor: member.policy.class_floor,
            marks: 0,
        };
        front.mark(RENDEZVOUS, member.rendezvous);
        front.mark(RELAYED, member.via.is_some());
        front.mark(CACHE, member.kind == PeerType::Cache);
        front.mark(DOUBTED, member.doubted_until != 0);
        let seat = Self {
            peer: member.peer,
            address: member.address,
            kind: member.kind,
            show_status: member.policy.show_status,
            class: member.class,
            consent: member.consent,
            doubted_until: seconds(member.doubted_until),
            profiled: seconds(member.profiled),
            user: member.user,
            ticket,
        };
        (front, seat, member.via)
    }

    /// The member, with its relay.
    pub(crate) fn member(&self, front: &Front, via: Option<&Via>) -> Member {
        Member {
            peer: self.peer.clone(),
            user: self.user.clone(),
            class: self.class,
            kind: self.kind,
            address: self.address.clone(),
            reach: front.reach,
            nat: front.nat,
            rendezvous: front.has(RENDEZVOUS),
            via: via.cloned().map(Box::new),
            doubted_until: u64::from(self.doubted_until),
            profiled: u64::from(self.profiled),
            consent: self.consent,
            policy: SharingPolicy { class_floor: front.class_floor, show_status: self.show_status },
            expires: u64::from(front.expires),
        }
    }

    pub(crate) const fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// What its user says from now on. Where that is nothing any more its own policy holds, which
    /// comes with its next refresh; nothing is shown until then. What is known already, by a join,
    /// changes nothing.
    pub(crate) fn consents(&mut self, consent: Option<bool>) {
        if self.consent != consent {
            self.consent = consent;
            self.show_status = consent.unwrap_or(false);
        }
    }

    /// Reads from both ends of it, and nothing that means anything.
    pub(crate) fn touch(&self) -> u32 {
        u32::from(self.peer.digest()[0]) ^ self.profiled ^ u32::from(self.address.port)
    }

    pub(crate) fn is_doubted(&self, now: u64) -> bool {
        u64::from(self.doubted_until) > now
    }

    pub(crate) fn doubt(&mut self, front: &mut Front, until: u64) {
        self.doubted_until = seconds(until);
        front.mark(DOUBTED, true);
    }
}

fn seconds(time: u64) -> u32 {
    u32::try_from(time).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What millions of members take; a little more is many megabytes.
    #[test]
    fn a_seat_is_no_larger_than_it_says() {
        assert_eq!((size_of::<Front>(), size_of::<Option<Seat>>()), (16, 96));
    }
}
