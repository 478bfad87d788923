//! An overlay over a restart.

use mp2p::message::overlay::OverlayRequest;

use crate::overlay::kept::KeptOverlay;
use crate::overlay::swarm::Swarm;

impl Swarm {
    /// What a restart is not to lose.
    pub(crate) fn keep(&self, now: u64) -> KeptOverlay {
        let seats = self.seats.iter().filter(|(_, front, _)| front.counts(now));
        let members = seats
            .map(|(slot, front, seat)| (seat.member(front, self.vias.get(&slot)), seat.ticket));
        KeptOverlay {
            request: OverlayRequest::clone(&self.terms.request),
            owner: self.terms.owner.as_deref().cloned(),
            created: self.created,
            last_active: self.last_active,
            tickets: self.tickets,
            members: members.collect(),
        }
    }

    /// Takes over what was kept of it.
    pub(crate) fn restore(&mut self, kept: KeptOverlay, max_members: usize) {
        for (member, ticket) in kept.members.into_iter().take(max_members) {
            self.tickets = ticket.saturating_sub(1);
            self.announce(member, kept.last_active, max_members);
        }
        (self.created, self.last_active) = (kept.created, kept.last_active);
        self.last_member = kept.last_active;
        self.tickets = kept.tickets;
    }
}
