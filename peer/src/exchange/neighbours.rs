//! Peers that are known, and which of them to dial next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mp2p::id::PeerId;

use crate::exchange::event::Candidate;

/// Peers remembered at most.
const MAX_KNOWN: usize = 1000;
/// Peers remembered that have named the same one.
const MAX_NAMERS: usize = 8;
/// Wait after the first failed dial; doubled with each.
const RETRY: Duration = Duration::from_secs(5);
/// Longest wait, also for one that refused.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// Why a peer is not met.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Ban {
    /// The provider says so, and may think better of it.
    Ordered,
    /// It sent us wrong bytes.
    Proved,
}

/// All peers that were heard of.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    known: BTreeMap<PeerId, Known>,
}

#[derive(Debug)]
struct Known {
    candidate: Candidate,
    dialling: bool,
    fails: u32,
    /// Not before, for it could not be connected to.
    retry_at: Option<Instant>,
    /// Not before, for another reason.
    rests_until: Option<Instant>,
    ban: Option<Ban>,
    /// Of the last list.
    listed: bool,
    /// Peers that have named it. It has all, if it is far and one of them is near.
    named_by: Vec<PeerId>,
    /// Order among equals: or all would dial the same few.
    lot: (u16, u32),
}

impl Neighbours {
    /// A new list: those of the last one that are not in it stand behind it; `lot` draws the order
    /// among equals. Whether somebody is new.
    pub(crate) fn listed(
        &mut self,
        entries: Vec<Candidate>,
        mut lot: impl FnMut(&PeerId) -> (u16, u32),
    ) -> bool {
        let before = self.known.len();
        self.known.values_mut().for_each(|known| known.listed = false);
        for candidate in entries {
            let lot = lot(&candidate.peer);
            self.add(candidate, true, lot);
        }
        self.known.len() > before
    }

    /// A peer that another one named. Of those who name the same one the near ones are remembered:
    /// only what they say counts.
    pub(crate) fn named(
        &mut self,
        candidate: Candidate,
        by: &PeerId,
        is_near: impl Fn(&PeerId) -> bool,
    ) {
        let peer = candidate.peer.clone();
        if !self.known.contains_key(&peer) {
            self.add(candidate, false, (0, 0));
        }
        let Some(known) = self.known.get_mut(&peer) else { return };
        if known.named_by.contains(by) {
            return;
        }
        if known.named_by.len() < MAX_NAMERS {
            known.named_by.push(by.clone());
        } else if is_near(by)
            && let Some(far) = known.named_by.iter_mut().find(|other| !is_near(other))
        {
            far.clone_from(by);
        }
    }

    /// Whether one of these peers has named it.
    pub(crate) fn is_named(&self, peer: &PeerId, by: impl Fn(&PeerId) -> bool) -> bool {
        self.known.get(peer).is_some_and(|known| known.named_by.iter().any(by))
    }

    fn add(&mut self, candidate: Candidate, listed: bool, lot: (u16, u32)) {
        let peer = candidate.peer.clone();
        if let Some(known) = self.known.get_mut(&peer) {
            (known.candidate, known.listed, known.lot) = (candidate, listed, lot);
            if listed && known.fails == 1 {
                // OMS knows by now what it did not know of a newcomer.
                known.retry_at = None;
            }
            return;
        }
        if self.known.len() >= MAX_KNOWN && !self.forget_one() {
            return;
        }
        let known = Known {
            candidate,
            dialling: false,
            fails: 0,
            retry_at: None,
            rests_until: None,
            ban: None,
            listed,
            named_by: Vec::new(),
            lot,
        };
        self.known.insert(peer, known);
    }

    /// Makes room; one that is banned stays, or it would come back.
    fn forget_one(&mut self) -> bool {
        let mut old =
            self.known.iter().filter(|(_, k)| !k.listed && !k.dialling && k.ban.is_none());
        let peer = old.next().map(|(peer, _)| peer.clone());
        peer.is_some_and(|peer| self.known.remove(&peer).is_some())
    }

    pub(crate) fn rank(&self, peer: &PeerId) -> u32 {
        let known = self.known.get(peer);
        known.and_then(|known| known.candidate.rank).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_overloaded(&self, peer: &PeerId) -> bool {
        self.known.get(peer).is_some_and(|known| known.candidate.overloaded)
    }

    pub(crate) fn is_cache(&self, peer: &PeerId) -> bool {
        self.known.get(peer).is_some_and(|known| known.candidate.cache)
    }

    /// Whether the last list had it.
    pub(crate) fn is_listed(&self, peer: &PeerId) -> bool {
        self.known.get(peer).is_some_and(|known| known.listed)
    }

    pub(crate) fn ban_of(&self, peer: &PeerId) -> Option<Ban> {
        self.known.get(peer).and_then(|known| known.ban)
    }

    pub(crate) fn dialling(&self) -> impl Iterator<Item = &PeerId> {
        self.known.iter().filter(|(_, known)| known.dialling).map(|(peer, _)| peer)
    }

    /// Who can be dialled now, best first: not overloaded, by rank, by lot.
    pub(crate) fn candidates(&self, now: Instant) -> Vec<&Candidate> {
        let may = |known: &&Known| {
            !known.dialling
                && known.ban.is_none()
                && !known.candidate.addresses.is_empty()
                && [known.retry_at, known.rests_until].into_iter().flatten().all(|at| now >= at)
        };
        let mut found: Vec<&Known> = self.known.values().filter(may).collect();
        found.sort_by_key(|known| {
            let rank = known.candidate.rank.unwrap_or(u32::MAX);
            (!known.listed, known.candidate.overloaded, rank, known.named_by.is_empty(), known.lot)
        });
        found.into_iter().map(|known| &known.candidate).collect()
    }

    pub(crate) fn dial(&mut self, peer: &PeerId) {
        if let Some(known) = self.known.get_mut(peer) {
            known.dialling = true;
        }
    }

    /// Connected.
    pub(crate) fn linked(&mut self, peer: &PeerId) {
        if let Some(known) = self.known.get_mut(peer) {
            (known.dialling, known.fails) = (false, 0);
        }
    }

    /// Not connected; how often in a row.
    pub(crate) fn failed(&mut self, peer: &PeerId, now: Instant) -> u32 {
        let Some(known) = self.known.get_mut(peer) else { return 0 };
        known.dialling = false;
        known.fails += 1;
        known.retry_at = Some(now + RETRY * 2u32.pow(known.fails.min(7) - 1));
        known.fails
    }

    /// Not to be dialled for a while.
    pub(crate) fn rest(&mut self, peer: &PeerId, until: Instant) {
        if let Some(known) = self.known.get_mut(peer) {
            known.dialling = false;
            known.rests_until = known.rests_until.max(Some(until));
        }
    }

    /// Not to be met again; what was proved stays so.
    pub(crate) fn ban(&mut self, peer: &PeerId, ban: Ban) {
        let nobody = Candidate::unlisted(peer.clone(), Vec::new());
        if !self.known.contains_key(peer) {
            self.add(nobody, false, (0, 0));
        }
        if let Some(known) = self.known.get_mut(peer) {
            known.ban = known.ban.max(Some(ban));
        }
    }

    /// The provider has let it in again.
    pub(crate) fn pardon(&mut self, peer: &PeerId) {
        if let Some(known) = self.known.get_mut(peer) {
            known.ban = known.ban.filter(|ban| *ban != Ban::Ordered);
        }
    }
}

#[cfg(test)]
mod tests {
    use mp2p::message::join::{AddressKind, PeerAddress};

    use super::*;

    fn peer(name: &str) -> PeerId {
        PeerId::parse(&blake3::hash(name.as_bytes()).to_hex()).unwrap()
    }

    fn candidate(name: &str) -> Candidate {
        let address =
            PeerAddress { ip_address: [192, 0, 2, 1].into(), port: 7000, kind: AddressKind::Host };
        Candidate::unlisted(peer(name), vec![address])
    }

    /// Eight far ones come first, then nine near ones: eight of the near ones are remembered.
    #[test]
    fn near_ones_that_name_a_peer_are_remembered_before_far_ones() {
        let near: Vec<PeerId> = (0..9).map(|number| peer(&format!("near {number}"))).collect();
        let is_near = |peer: &PeerId| near.contains(peer);
        let mut neighbours = Neighbours::default();
        for number in 0..8 {
            neighbours.named(candidate("source"), &peer(&format!("far {number}")), is_near);
        }
        assert!(!neighbours.is_named(&peer("source"), is_near));
        near.iter().for_each(|by| neighbours.named(candidate("source"), by, is_near));
        let named = |by: &PeerId| neighbours.is_named(&peer("source"), |one| one == by);
        assert_eq!(near.iter().filter(|by| named(by)).count(), 8);
        assert!(!(0..8).any(|number| named(&peer(&format!("far {number}")))));
    }

    /// Not reached once: 5 s, or until the next list, but where it said to rest for 60 s. Not
    /// reached twice: 10 s, whatever lists say.
    #[test]
    fn a_list_ends_the_wait_after_one_dial_and_no_rest() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut neighbours = Neighbours::default();
        let list = |neighbours: &mut Neighbours| {
            neighbours.listed(vec![candidate("newcomer")], |_| (0, 0));
        };
        list(&mut neighbours);
        let at = |neighbours: &Neighbours, seconds| neighbours.candidates(after(seconds)).len();
        assert_eq!(neighbours.failed(&peer("newcomer"), start), 1);
        assert_eq!((at(&neighbours, 4), at(&neighbours, 5)), (0, 1));
        list(&mut neighbours);
        assert_eq!(at(&neighbours, 1), 1);
        neighbours.rest(&peer("newcomer"), after(60));
        list(&mut neighbours);
        assert_eq!((at(&neighbours, 59), at(&neighbours, 60)), (0, 1));
        assert_eq!(neighbours.failed(&peer("newcomer"), after(60)), 2);
        list(&mut neighbours);
        assert_eq!((at(&neighbours, 69), at(&neighbours, 70)), (0, 1));
    }
}
