//! Super peers (TR 20002 §8.3.10 step 1): who reports for whom, and what that came to.

use std::collections::HashMap;

use mp2p::id::{PeerId, UserId};
use mp2p::message::activity::CareAnswer;
use mp2p::message::status::MAX_REPORTS;

/// Peers in the care of one super peer: its batch has room for them and itself.
const MAX_MEMBERS: usize = MAX_REPORTS - 1;

/// All super peers and those in their care. Soft: whoever is refused puts itself in care again.
pub(crate) struct Care {
    of: HashMap<PeerId, Charge>,
    supers: HashMap<PeerId, Account>,
    max_peers: usize,
}

struct Charge {
    super_peer: PeerId,
    user: Option<UserId>,
}

#[derive(Default)]
struct Account {
    members: usize,
    batches: u64,
    reports: u64,
    bytes: u64,
    since: u64,
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
}

impl Care {
    pub(crate) fn new(max_peers: usize) -> Self {
        Self { of: HashMap::new(), supers: HashMap::new(), max_peers }
    }

    /// Puts `peer`, of `user`, in the care of `super_peer`, and out of any other's.
    pub(crate) fn enrol(
        &mut self,
        peer: PeerId,
        user: Option<UserId>,
        super_peer: PeerId,
    ) -> Result<(), CareError> {
        if peer == super_peer {
            return Err(CareError::Itself);
        }
        let before = self.of.get(&peer).map(|charge| charge.super_peer.clone());
        if before.as_ref() == Some(&super_peer) {
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
        self.of.insert(peer, Charge { super_peer, user });
        Ok(())
    }

    /// Takes a peer out of care; whether it was in any.
    pub(crate) fn leave(&mut self, peer: &PeerId) -> bool {
        let Some(charge) = self.of.remove(peer) else { return false };
        if let Some(account) = self.supers.get_mut(&charge.super_peer) {
            account.members = account.members.saturating_sub(1);
            // What it did stays known; one that did nothing does not.
            if account.members == 0 && account.batches == 0 {
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

    /// A super peer sent a batch with `reports` of others, `bytes` long.
    pub(crate) fn carried(&mut self, super_peer: &PeerId, reports: u64, bytes: u64, now: u64) {
        let Some(account) = self.supers.get_mut(super_peer) else { return };
        if account.batches == 0 {
            account.since = now;
        }
        account.batches += 1;
        account.reports += reports;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: usize) -> PeerId {
        PeerId::parse(&format!("{name:064x}")).unwrap()
    }

    #[test]
    fn a_peer_is_in_the_care_of_one_super_peer() {
        let mut care = Care::new(10);
        care.enrol(peer(1), None, peer(8)).unwrap();
        care.enrol(peer(1), None, peer(9)).unwrap();
        assert_eq!(care.charge(&peer(8), &peer(1)), None);
        assert_eq!(care.charge(&peer(9), &peer(1)), Some(None));
        assert_eq!(care.account(&peer(8)), None);
        assert_eq!(care.enrol(peer(9), None, peer(9)), Err(CareError::Itself));
        assert!(care.leave(&peer(1)) && !care.leave(&peer(1)));
    }

    #[test]
    fn what_a_super_peer_did_is_added_up_and_its_members_are_bounded() {
        let mut care = Care::new(MAX_MEMBERS + 5);
        for name in 0..MAX_MEMBERS {
            care.enrol(peer(name), None, peer(5000)).unwrap();
        }
        assert_eq!(care.enrol(peer(4999), None, peer(5000)), Err(CareError::Members));
        for name in 0..5 {
            care.enrol(peer(4000 + name), None, peer(6000)).unwrap();
        }
        let full = care.enrol(peer(4999), None, peer(6000));
        assert_eq!(full, Err(CareError::Peers(MAX_MEMBERS + 5)));
        care.carried(&peer(6000), 5, 900, 100);
        care.carried(&peer(6000), 4, 800, 130);
        let account = care.account(&peer(6000)).unwrap();
        assert_eq!((account.members, account.batches, account.reports), (5, 2, 9));
        assert_eq!((account.bytes, account.since), (1700, 100));
    }
}
