//! A member as it is kept: 112 bytes, for there are millions. Times are Unix seconds in 32 bits,
//! which end in 2106; later ones count as then.

use std::sync::atomic::{AtomicU32, Ordering};

use mp2p::id::{PeerId, UserId};
use mp2p::message::join::{Nat, PeerAddress};
use mp2p::message::list::PeerType;

use crate::overlay::member::{Member, Reach, Via, met};

/// A member but for its relay, which few have.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) peer: PeerId,
    pub(crate) address: PeerAddress,
    pub(crate) kind: PeerType,
    pub(crate) reach: Reach,
    /// Whether a relay is kept for it.
    pub(crate) relayed: bool,
    pub(crate) class_floor: u8,
    pub(crate) show_status: bool,
    class: u8,
    nat: Nat,
    rendezvous: bool,
    consent: Option<bool>,
    pub(crate) expires: u32,
    doubted_until: u32,
    profiled: u32,
    /// Where PAMS had its status last.
    pub(crate) hint: AtomicU32,
    user: Option<UserId>,
    pub(crate) ticket: u64,
}

impl Seat {
    /// Of a member without its relay.
    pub(crate) fn of(member: Member, ticket: u64, hint: u32) -> (Self, Option<Box<Via>>) {
        let seat = Self {
            peer: member.peer,
            address: member.address,
            kind: member.kind,
            reach: member.reach,
            relayed: member.via.is_some(),
            class_floor: member.policy.class_floor,
            show_status: member.policy.show_status,
            class: member.class,
            nat: member.nat,
            rendezvous: member.rendezvous,
            consent: member.consent,
            expires: seconds(member.expires),
            doubted_until: seconds(member.doubted_until),
            profiled: seconds(member.profiled),
            hint: AtomicU32::new(hint),
            user: member.user,
            ticket,
        };
        (seat, member.via)
    }

    /// The member, with its relay.
    pub(crate) fn member(&self, via: Option<&Via>) -> Member {
        Member {
            peer: self.peer.clone(),
            user: self.user.clone(),
            class: self.class,
            kind: self.kind,
            address: self.address.clone(),
            reach: self.reach,
            nat: self.nat,
            rendezvous: self.rendezvous,
            via: via.cloned().map(Box::new),
            doubted_until: self.doubted_until(),
            profiled: u64::from(self.profiled),
            consent: self.consent,
            policy: mp2p::message::join::SharingPolicy {
                class_floor: self.class_floor,
                show_status: self.show_status,
            },
            expires: u64::from(self.expires),
        }
    }

    /// See [`Member::met_from`].
    pub(crate) fn met_from(&self, own: Option<Nat>) -> Option<Nat> {
        met(self.reach, self.nat, self.rendezvous, own)
    }

    /// Reads from both ends of it, and nothing that means anything.
    pub(crate) fn touch(&self) -> u32 {
        u32::from(self.peer.digest()[0]) ^ self.expires ^ u32::from(self.address.port)
    }

    pub(crate) fn counts(&self, now: u64) -> bool {
        u64::from(self.expires) > now
    }

    pub(crate) fn doubted_until(&self) -> u64 {
        u64::from(self.doubted_until)
    }

    pub(crate) fn doubt(&mut self, until: u64) {
        self.doubted_until = seconds(until);
    }

    pub(crate) fn hint(&self) -> u32 {
        self.hint.load(Ordering::Relaxed)
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
        assert_eq!(size_of::<Option<Seat>>(), 112);
    }
}
