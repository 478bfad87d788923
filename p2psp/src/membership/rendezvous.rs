//! Two members open a way to each other (TR 20002 §8.3.3): OMS passes on where each comes from.
//!
//! ```text
//!  asked ─► both members, both willing, kinds that meet? ─► not too often ─► event to the other
//!  answered ─► was it asked, by that one, of late? ──────────────────────► event to the asker
//! ```
//!
//! What is passed on is the address that the request came from, never one that was told, and an
//! answer goes only to who asked: nobody can have somebody dial a third. How often one may ask, and
//! how often one is asked, have a bound.

use std::collections::HashMap;
use std::time::Duration;

use link::rate::{Rate, Source, SourceRate};
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::event::Event;
use mp2p::message::join::{AddressKind, Nat, PeerAddress};
use mp2p::message::rendezvous::{RendezvousRequest, Way};

use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Member, Reach, StoreError};

/// What one peer asks a second and at once, and what one is asked.
const ASKED: Rate = Rate { per_second: 2, burst: 60 };
/// An answer comes within this time, seconds.
const ANSWER_WITHIN_S: u64 = 20;
/// Questions without an answer at a time.
const MAX_OPEN: usize = 50_000;

/// Nothing is passed on.
#[derive(Debug, thiserror::Error)]
pub enum RendezvousRefused {
    /// Only members meet members.
    #[error("no member of {0}")]
    NoMember(OverlayId),
    /// The other one is no member, listens to no events, or does not open ways.
    #[error("{0} cannot be told now")]
    Away(PeerId),
    /// What is between the two lets nothing through.
    #[error("{0:?} and {1:?} do not meet without a relay")]
    Apart(Nat, Nat),
    /// Nobody asked.
    #[error("nobody waits for this answer")]
    NotAsked,
    /// A port of a service that is none of ours.
    #[error("port {0} is below {1}")]
    Port(u16, u16),
    /// Too many questions.
    #[error("too many; the next in {} s", .0.as_secs() + 1)]
    TooOften(Duration),
    /// The overlay.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Questions that wait for an answer, and how many there were of late.
pub struct Meetings {
    /// By overlay, who asked, who was asked, and name: until when.
    open: HashMap<(OverlayId, PeerId, PeerId, String), u64>,
    by_asker: Option<SourceRate>,
    by_asked: Option<SourceRate>,
}

impl Default for Meetings {
    fn default() -> Self {
        let rate = || SourceRate::new(Source::Host, ASKED, true);
        Self { open: HashMap::new(), by_asker: rate(), by_asked: rate() }
    }
}

impl Meetings {
    /// Notes a question.
    fn ask(
        &mut self,
        (from, to): (&PeerId, &PeerId),
        (overlay, id): (&OverlayId, &str),
        now: u64,
    ) -> Result<(), RendezvousRefused> {
        for (rate, peer) in [(&self.by_asker, from), (&self.by_asked, to)] {
            let checked = rate.as_ref().map_or(Ok(()), |rate| rate.check_key(peer));
            checked.map_err(RendezvousRefused::TooOften)?;
        }
        if self.open.len() >= MAX_OPEN {
            self.open.retain(|_, until| *until > now);
        }
        if self.open.len() >= MAX_OPEN {
            return Err(RendezvousRefused::TooOften(Duration::from_secs(ANSWER_WITHIN_S)));
        }
        let key = (overlay.clone(), from.clone(), to.clone(), id.to_owned());
        self.open.insert(key, now.saturating_add(ANSWER_WITHIN_S));
        Ok(())
    }

    /// Takes a question back that `from` answers to `to`.
    fn answer(
        &mut self,
        (from, to): (&PeerId, &PeerId),
        (overlay, id): (&OverlayId, &str),
        now: u64,
    ) -> Result<(), RendezvousRefused> {
        let key = (overlay.clone(), to.clone(), from.clone(), id.to_owned());
        let until = self.open.remove(&key);
        let is_open = until.is_some_and(|until| until > now);
        is_open.then_some(()).ok_or(RendezvousRefused::NotAsked)
    }
}

impl Oms {
    /// Passes a question, or its answer, on to the other member.
    ///
    /// # Errors
    /// [`RendezvousRefused`].
    pub fn rendezvous(
        &self,
        asker: &Asker,
        request: &RendezvousRequest,
        moment: Moment,
    ) -> Result<(), RendezvousRefused> {
        let (overlay, now) = (&request.overlay_id, moment.unix_s);
        self.store.terms(overlay)?;
        let own = self.store.member(overlay, &asker.peer, now);
        let own = own.ok_or_else(|| RendezvousRefused::NoMember(overlay.clone()))?;
        let away = || RendezvousRefused::Away(request.peer_id.clone());
        let other = self.store.member(overlay, &request.peer_id, now).ok_or_else(away)?;
        if own.peer == other.peer || !own.rendezvous || !other.rendezvous {
            return Err(away());
        }
        if !own.kind_of_nat().meets(other.kind_of_nat()) {
            return Err(RendezvousRefused::Apart(own.kind_of_nat(), other.kind_of_nat()));
        }
        let address = self.comes_from(asker, &own, request)?;
        let parties = (&asker.peer, &request.peer_id);
        let about = (overlay, &*request.rendezvous_id);
        let mut meetings = self.meetings.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match request.answer {
            true => meetings.answer(parties, about, now)?,
            false if !self.events.is_listening(&request.peer_id) => return Err(away()),
            false => meetings.ask(parties, about, now)?,
        }
        drop(meetings);
        let event = Event::Rendezvous {
            overlay_id: overlay.clone(),
            peer_id: asker.peer.clone(),
            rendezvous_id: request.rendezvous_id.clone(),
            address,
            way: request.way,
            answer: request.answer,
        };
        self.events.post(&request.peer_id, &event).map(|_| ()).ok_or_else(away)
    }

    /// Where the asker is met: at the address that it comes from.
    fn comes_from(
        &self,
        asker: &Asker,
        own: &Member,
        request: &RendezvousRequest,
    ) -> Result<PeerAddress, RendezvousRefused> {
        if request.way == Way::Dial {
            // Only where OMS itself got through.
            let is_reached = own.reach == Reach::Reachable;
            let apart = RendezvousRefused::Apart(own.nat, Nat::Unknown);
            return is_reached.then(|| own.address.clone()).ok_or(apart);
        }
        let least = self.overlay.min_port;
        if request.port < least {
            return Err(RendezvousRefused::Port(request.port, least));
        }
        let ip_address = asker.address.ip().to_canonical();
        Ok(PeerAddress { ip_address, port: request.port, kind: AddressKind::Reflexive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(letter: &str) -> PeerId {
        PeerId::parse(&letter.repeat(64)).unwrap()
    }

    #[test]
    fn an_answer_is_passed_on_once_and_only_to_who_asked() {
        let mut meetings = Meetings::default();
        let film = OverlayId::parse("film").unwrap();
        let (a, b, c) = (peer("a"), peer("b"), peer("c"));
        meetings.ask((&a, &b), (&film, "1"), 100).unwrap();
        let mut answer = |parties, id, now| meetings.answer(parties, (&film, id), now).is_ok();
        assert!(!answer((&c, &a), "1", 101), "somebody who was not asked");
        assert!(!answer((&b, &c), "1", 101), "to somebody who did not ask");
        assert!(!answer((&b, &a), "2", 101), "another question");
        assert!(answer((&b, &a), "1", 101));
        assert!(!answer((&b, &a), "1", 101), "a second time");
    }

    #[test]
    fn an_answer_that_comes_late_is_none() {
        let mut meetings = Meetings::default();
        let film = OverlayId::parse("film").unwrap();
        meetings.ask((&peer("a"), &peer("b")), (&film, "1"), 100).unwrap();
        let late = meetings.answer((&peer("b"), &peer("a")), (&film, "1"), 120);
        assert!(matches!(late, Err(RendezvousRefused::NotAsked)));
    }

    #[test]
    fn one_peer_is_asked_so_often_and_no_more_whoever_asks() {
        let mut meetings = Meetings::default();
        let film = OverlayId::parse("film").unwrap();
        let asked = (0..200_u32).filter(|n| {
            let from = PeerId::parse(&format!("{n:064x}")).unwrap();
            meetings.ask((&from, &peer("b")), (&film, "1"), 100).is_ok()
        });
        assert!((60..70).contains(&asked.count()));
    }
}
