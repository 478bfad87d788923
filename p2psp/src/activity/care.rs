//! Super peers (TR 20002 §8.3.10 step 1): who offers, who reports for whom, and what that came to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::CareAnswer;
use mp2p::message::status::MAX_REPORTS;

/// Peers in the care of one super peer: its batch has room for them and itself.
const MAX_MEMBERS: usize = MAX_REPORTS - 1;

/// Super peers at most.
const MAX_SUPERS: usize = 100_000;
/// An offer is to be made again after so many seconds…
pub(crate) const OFFER_EVERY_S: u64 = 10;
/// … and is void after so many.
const OFFER_LIFE_S: u64 = 3 * OFFER_EVERY_S;

/// All super peers and those in their care.
pub(crate) struct Care {
    of: HashMap<PeerId, Charge>,
    supers: HashMap<PeerId, Account>,
    max_peers: usize,
}

struct Charge {
    super_peer: PeerId,
    user: Option<UserId>,
    /// When it was heard of last, Unix seconds.
    seen: u64,
}

/// What is known of a super peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    members: usize,
    pub(crate) batches: u64,
    pub(crate) reports: u64,
    pub(crate) bytes: u64,
    pub(crate) since: u64,
    pub(crate) offer: Option<CareOffer>,
}

/// That a peer takes others into its care.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CareOffer {
    pub(crate) address: SocketAddr,
    pub(crate) capacity: usize,
    /// When it was made last, Unix seconds.
    pub(crate) seen: u64,
}

/// No super peer can take another one on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CareError {
    /// Of this one.
    #[error("a super peer has {MAX_MEMBERS} peers in its care at most")]
    Members,
    /// Of all.
    #[error("{0} peers are in care, and no more")]
    Peers(usize),
    /// A circle.
    #[error("a peer is not in its own care")]
    Itself,
    /// Of those that offer themselves.
    #[error("no super peer has room")]
    None,
    /// Of super peers.
    #[error("there are {MAX_SUPERS} super peers, and no more")]
    Supers,
}

impl Care {
    pub(crate) fn new(max_peers: usize) -> Self {
        Self { of: HashMap::new(), supers: HashMap::new(), max_peers }
    }

    /// So many in care from now on, but for those that are.
    pub(crate) const fn bound(&mut self, max_peers: usize) {
        self.max_peers = max_peers;
    }

    /// Puts `peer`, of `user`, in the care of `super_peer`, and out of any other's.
    pub(crate) fn enrol(
        &mut self,
        peer: PeerId,
        user: Option<UserId>,
        super_peer: PeerId,
        now: u64,
    ) -> Result<(), CareError> {
        if peer == super_peer {
            return Err(CareError::Itself);
        }
        let before = self.of.get(&peer).map(|charge| charge.super_peer.clone());
        if before.as_ref() == Some(&super_peer) {
            self.seen(&peer, now);
            return Ok(());
        }
        if self.supers.get(&super_peer).is_some_and(|account| account.members >= MAX_MEMBERS) {
            return Err(CareError::Members);
        }
        if before.is_none() && self.of.len() >= self.max_peers {
            return Err(CareError::Peers(self.max_peers));
        }
        self.leave(&peer);
        self.supers.entry(super_peer.clone()).or_default().members += 1;
        self.of.insert(peer, Charge { super_peer, user, seen: now });
        Ok(())
    }

    /// Takes a peer out of care; whether it was in any.
    pub(crate) fn leave(&mut self, peer: &PeerId) -> bool {
        let Some(charge) = self.of.remove(peer) else { return false };
        if let Some(account) = self.supers.get_mut(&charge.super_peer) {
            account.members = account.members.saturating_sub(1);
            // What it did stays known; one that did nothing does not.
            if account.members == 0 && account.batches == 0 && account.offer.is_none() {
                self.supers.remove(&charge.super_peer);
            }
        }
        true
    }

    /// The user of a peer in the care of `super_peer`; `None` where it is not.
    pub(crate) fn charge(&self, super_peer: &PeerId, peer: &PeerId) -> Option<Option<UserId>> {
        let charge = self.of.get(peer).filter(|charge| charge.super_peer == *super_peer)?;
        Some(charge.user.clone())
    }

    /// A peer offers itself; what it has in its care already.
    pub(crate) fn offer(
        &mut self,
        super_peer: &PeerId,
        offer: CareOffer,
    ) -> Result<usize, CareError> {
        if !self.supers.contains_key(super_peer) && self.supers.len() >= MAX_SUPERS {
            return Err(CareError::Supers);
        }
        // Who cares for others reports for itself: there is no circle.
        self.leave(super_peer);
        let account = self.supers.entry(super_peer.clone()).or_default();
        account.offer = Some(offer);
        Ok(account.members)
    }

    /// A peer offers itself no more; whether it did.
    pub(crate) fn withdraw(&mut self, super_peer: &PeerId) -> bool {
        let account = self.supers.get_mut(super_peer);
        account.is_some_and(|account| account.offer.take().is_some())
    }

    /// The super peer for a peer that asks from `from`: one of its own network before others, then
    /// the one with the fewest in its care.
    pub(crate) fn choose(
        &self,
        (peer, from): (&PeerId, IpAddr),
        not: &[PeerId],
        now: u64,
    ) -> Option<(PeerId, SocketAddr)> {
        let now_offered = |account: &Account| account.offer.filter(|offer| offer.is_good(now));
        if self.supers.get(peer).is_some_and(|own| now_offered(own).is_some()) {
            return None;
        }
        let mut best: Option<((bool, usize), &PeerId, SocketAddr)> = None;
        for (id, account) in &self.supers {
            let Some(offer) = now_offered(account) else { continue };
            if account.members >= offer.capacity.min(MAX_MEMBERS) || not.contains(id) {
                continue;
            }
            let rank = (!is_near(offer.address.ip(), from), account.members);
            let is_better = best.as_ref().is_none_or(|(other, at, _)| (rank, id) < (*other, *at));
            if is_better {
                best = Some((rank, id, offer.address));
            }
        }
        best.map(|(_, id, address)| (id.clone(), address))
    }

    fn seen(&mut self, peer: &PeerId, now: u64) {
        if let Some(charge) = self.of.get_mut(peer) {
            charge.seen = now;
        }
    }

    /// Forgets peers in care of whom nothing was heard for `keep_s`: who they were.
    pub(crate) fn sweep(&mut self, keep_s: u64, now: u64) -> Vec<PeerId> {
        let silent = |charge: &Charge| now.saturating_sub(charge.seen) > keep_s;
        let gone = self.of.iter().filter(|(_, charge)| silent(charge));
        let gone: Vec<PeerId> = gone.map(|(peer, _)| peer.clone()).collect();
        for peer in &gone {
            self.leave(peer);
        }
        gone
    }

    /// Puts back what was kept of a super peer.
    pub(crate) fn restore(&mut self, super_peer: PeerId, account: Account) {
        self.supers.insert(super_peer, account);
    }

    /// A super peer sent a batch with reports of `others`, `bytes` long.
    pub(crate) fn carried(&mut self, super_peer: &PeerId, others: &[PeerId], bytes: u64, now: u64) {
        others.iter().for_each(|peer| self.seen(peer, now));
        let Some(account) = self.supers.get_mut(super_peer) else { return };
        if account.batches == 0 {
            account.since = now;
        }
        account.batches += 1;
        account.reports += others.len() as u64;
        account.bytes += bytes;
    }

    /// What a super peer did for others.
    pub(crate) fn account(&self, super_peer: &PeerId) -> Option<CareAnswer> {
        self.supers.get(super_peer).map(|account| CareAnswer {
            super_peer: super_peer.clone(),
            members: account.members as u64,
            batches: account.batches,
            reports: account.reports,
            bytes: account.bytes,
            since: account.since,
        })
    }
}

impl CareOffer {
    fn is_good(&self, now: u64) -> bool {
        now.saturating_sub(self.seen) <= OFFER_LIFE_S
    }
}

/// Whether two addresses are of one /16 or /32.
fn is_near(one: IpAddr, other: IpAddr) -> bool {
    match (one.to_canonical(), other.to_canonical()) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..2] == other.octets()[..2],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.segments()[..2] == other.segments()[..2],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: usize) -> PeerId {
        PeerId::parse(&format!("{name:064x}")).unwrap()
    }

    #[test]
    fn a_peer_is_in_the_care_of_one_super_peer() {
        let mut care = Care::new(10);
        care.enrol(peer(1), None, peer(8), 1).unwrap();
        care.enrol(peer(1), None, peer(9), 1).unwrap();
        assert_eq!(care.charge(&peer(8), &peer(1)), None);
        assert_eq!(care.charge(&peer(9), &peer(1)), Some(None));
        assert_eq!(care.account(&peer(8)), None);
        assert_eq!(care.enrol(peer(9), None, peer(9), 1), Err(CareError::Itself));
        assert!(care.leave(&peer(1)) && !care.leave(&peer(1)));
    }

    #[test]
    fn what_a_super_peer_did_is_added_up_and_its_members_are_bounded() {
        let mut care = Care::new(MAX_MEMBERS + 5);
        for name in 0..MAX_MEMBERS {
            care.enrol(peer(name), None, peer(5000), 1).unwrap();
        }
        assert_eq!(care.enrol(peer(4999), None, peer(5000), 1), Err(CareError::Members));
        for name in 0..5 {
            care.enrol(peer(4000 + name), None, peer(6000), 1).unwrap();
        }
        let full = care.enrol(peer(4999), None, peer(6000), 1);
        assert_eq!(full, Err(CareError::Peers(MAX_MEMBERS + 5)));
        let others: Vec<PeerId> = (0..5).map(|name| peer(4000 + name)).collect();
        care.carried(&peer(6000), &others, 900, 100);
        care.carried(&peer(6000), &others[1..], 800, 130);
        let account = care.account(&peer(6000)).unwrap();
        assert_eq!((account.members, account.batches, account.reports), (5, 2, 9));
        assert_eq!((account.bytes, account.since), (1700, 100));
    }
    #[test]
    fn of_those_that_offer_themselves_a_near_one_with_few_is_chosen() {
        let mut care = Care::new(100);
        let at = |text: &str, capacity, seen| CareOffer {
            address: SocketAddr::new(text.parse().unwrap(), 7),
            capacity,
            seen,
        };
        for (name, address, capacity) in
            [(1, "10.1.0.1", 9), (2, "10.1.9.9", 9), (3, "10.2.0.1", 1)]
        {
            assert_eq!(care.offer(&peer(name), at(address, capacity, 100)), Ok(0));
        }
        let from: IpAddr = "10.1.7.7".parse().unwrap();
        let mut choose = |asker: usize, from: IpAddr, not: &[PeerId], now| {
            let chosen = care.choose((&peer(asker), from), not, now).map(|(id, _)| id);
            if let Some(chosen) = &chosen {
                care.enrol(peer(asker), None, chosen.clone(), now).unwrap();
            }
            chosen
        };
        assert_eq!(choose(11, from, &[], 100), Some(peer(1)));
        assert_eq!(choose(12, from, &[], 100), Some(peer(2)));
        assert_eq!(choose(13, from, &[peer(1)], 100), Some(peer(2)));
        assert_eq!(choose(14, from, &[peer(1), peer(2)], 100), Some(peer(3)));
        // That one has room for no more, and those that are silent are not chosen.
        assert_eq!(choose(15, "10.2.0.9".parse().unwrap(), &[], 100), Some(peer(1)));
        assert_eq!(choose(1, from, &[], 100), None);
        assert_eq!(choose(16, from, &[], 131), None);
        // Peers that are silent for long are forgotten, and their places are free.
        assert_eq!(care.sweep(50, 151).len(), 5);
        assert_eq!(care.account(&peer(1)).unwrap().members, 0);
    }
}
