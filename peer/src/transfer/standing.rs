//! What this peer is in its overlay, as OMS said last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use link::identity::Role;
use mp2p::id::PeerId;
use mp2p::message::account::ClassAnswer;
use mp2p::message::join::JoinAnswer;
use mp2p::passkey::{Confirmation, Passkey};
use mp2p::signed::VerifyingKey;

use crate::wire::Met;

/// Shared by the membership, which writes it, and the notary, which reads it.
pub(crate) type Shared = Arc<RwLock<Standing>>;

/// Servers of the provider that are remembered at a time.
const MAX_SERVERS: usize = 256;
/// Classes that are remembered at a time.
const MAX_CONFIRMED: usize = 1024;
/// Peers whose class is to be asked for at a time.
const MAX_UNCONFIRMED: usize = 64;
/// OMS is away after so long without an answer.
const AWAY_S: u64 = 120;
/// … and what it said last is good for so long then.
const GRACE_S: u64 = 24 * 3600;

/// What OMS said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// The own passkeys: the last one, and the one before it while a certificate changes.
    passkeys: Vec<Held>,
    /// The key that OMS signs with; `None` before the first join.
    pub(crate) oms_key: Option<VerifyingKey>,
    /// The key is known from an earlier run: the first answer of this one replaces it.
    is_remembered: bool,
    /// The lowest epoch of passkeys that is good.
    pub(crate) epoch: u64,
    /// Whether nobody is let in without a passkey; `None` before the first join.
    pub(crate) closed: Option<bool>,
    /// When OMS answered last, Unix seconds.
    heard: u64,
    /// Orders to stop of these numbers were lifted.
    pub(crate) void_stops: Vec<u64>,
    /// Servers of the provider that have proved themselves on a connection: they have no user, and
    /// so no passkey.
    servers: BTreeSet<PeerId>,
    /// Classes that UMS has confirmed, and until when, Unix seconds.
    confirmed: BTreeMap<PeerId, (u8, u64)>,
    /// Peers without a passkey whose class is to be confirmed.
    unconfirmed: BTreeSet<PeerId>,
}

/// A passkey, and the certificate that it is bound to.
#[derive(Clone, Debug)]
struct Held {
    text: String,
    bound: Confirmation,
    /// Unix seconds.
    until: u64,
}

impl Standing {
    /// Takes over what an answer says that came at `now` (Unix seconds). The key of OMS, once
    /// known, does not change while this peer runs: whoever could change it could stop and expel.
    pub(crate) fn learn(shared: &Shared, answer: &JoinAnswer, now: u64) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = &answer.passkey
            && let Some(says) = Passkey::peek(text)
        {
            standing.hold(Held { text: text.clone(), bound: says.cnf, until: says.exp });
        }
        standing.epoch = standing.epoch.max(answer.epoch);
        standing.closed = Some(answer.closed);
        standing.void_stops = answer.void_stops.to_vec();
        standing.heard = now;
        if standing.oms_key.is_none() || standing.is_remembered {
            standing.oms_key = VerifyingKey::parse(&answer.oms_key).ok();
            standing.is_remembered = false;
        }
    }

    /// Takes over what an answer of an earlier run says, kept since `at`: enough to let others in
    /// before OMS answers.
    pub(crate) fn recall(shared: &Shared, answer: &JoinAnswer, at: u64) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        if standing.oms_key.is_some() {
            return;
        }
        standing.oms_key = VerifyingKey::parse(&answer.oms_key).ok();
        standing.is_remembered = true;
        (standing.epoch, standing.closed) = (answer.epoch, Some(answer.closed));
        standing.void_stops = answer.void_stops.to_vec();
        standing.heard = at;
        if let Some(text) = &answer.passkey
            && let Some(says) = Passkey::peek(text)
        {
            standing.hold(Held { text: text.clone(), bound: says.cnf, until: says.exp });
        }
    }

    fn hold(&mut self, held: Held) {
        self.passkeys.retain(|other| other.bound != held.bound);
        self.passkeys.push(held);
        let spare = self.passkeys.len().saturating_sub(2);
        self.passkeys.drain(..spare);
    }

    /// The own passkey for a connection with `certificate`. One whose time is over is of use only
    /// where nobody is let in without, and OMS may be away for others, too.
    pub(crate) fn passkey(&self, certificate: &str, now: u64) -> Option<String> {
        let bound = Confirmation::of_fingerprint(certificate)?;
        let held = self.passkeys.iter().find(|held| held.bound == bound)?;
        (held.until > now || self.closed == Some(true)).then(|| held.text.clone())
    }

    /// When passkeys are looked at as they were then, because OMS is away and nobody can get a new
    /// one; `None` while OMS answers.
    pub(crate) fn away_since(&self, now: u64) -> Option<u64> {
        let silent = now.saturating_sub(self.heard);
        (silent > AWAY_S && silent <= GRACE_S).then_some(self.heard)
    }

    /// Passkeys of older epochs are void from now on.
    pub(crate) fn raise(shared: &Shared, epoch: u64) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        standing.epoch = standing.epoch.max(epoch);
    }

    /// Whether an answer with this epoch is no older than the last expulsion that was heard of.
    pub(crate) fn is_up_to(shared: &Shared, epoch: u64) -> bool {
        epoch >= shared.read().unwrap_or_else(PoisonError::into_inner).epoch
    }

    /// Remembers who is met where it is a server of the provider.
    pub(crate) fn met(shared: &Shared, met: &Met) {
        let is_server = matches!(met.identity.role, Role::CacheServer | Role::RelayServer)
            && met.identity.partner.is_none();
        if is_server {
            let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
            if standing.servers.len() >= MAX_SERVERS {
                standing.servers.pop_first();
            }
            standing.servers.insert(met.peer.clone());
        }
    }

    /// The class of a peer that shows no passkey (TR 20002 §8.3.9, first method): as UMS has
    /// confirmed it, else the lowest until it has.
    pub(crate) fn confirmed(shared: &Shared, peer: &PeerId, now: u64) -> u8 {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        match standing.confirmed.get(peer) {
            Some((class, until)) if *until > now => *class,
            _ => {
                let is_asked = !standing.is_server(peer);
                if is_asked && standing.unconfirmed.len() < MAX_UNCONFIRMED {
                    standing.unconfirmed.insert(peer.clone());
                }
                0
            }
        }
    }

    /// Whose class UMS is to be asked for.
    pub(crate) fn take_unconfirmed(shared: &Shared) -> BTreeSet<PeerId> {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut standing.unconfirmed)
    }

    /// UMS has confirmed a class.
    pub(crate) fn confirm(shared: &Shared, answer: &ClassAnswer, now: u64) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        if standing.confirmed.len() >= MAX_CONFIRMED {
            standing.confirmed.pop_first();
        }
        let until = now.saturating_add(answer.good_for_s);
        standing.confirmed.insert(answer.peer_id.clone(), (answer.class, until));
    }

    /// Whether a peer is a server of the provider, as its certificate said.
    pub(crate) fn is_server(&self, peer: &PeerId) -> bool {
        self.servers.contains(peer)
    }

    /// As it is now.
    pub(crate) fn now(shared: &Shared) -> Self {
        shared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_has_its_passkey_and_an_old_one_is_shown_where_none_is_let_in_without() {
        let mut standing = Standing { closed: Some(false), ..Standing::default() };
        let (a, b, c) = ("a".repeat(64), "b".repeat(64), "c".repeat(64));
        let held = |text: &str, certificate: &str, until| Held {
            text: text.to_owned(),
            bound: Confirmation::of_fingerprint(certificate).unwrap(),
            until,
        };
        standing.hold(held("first", &a, 1600));
        standing.hold(held("second", &b, 1700));
        assert_eq!(standing.passkey(&a, 1200).as_deref(), Some("first"));
        assert_eq!(standing.passkey(&b, 1200).as_deref(), Some("second"));
        assert_eq!(standing.passkey(&a, 1600), None);
        standing.closed = Some(true);
        assert_eq!(standing.passkey(&a, 1600).as_deref(), Some("first"));
        standing.hold(held("third", &c, 1900));
        assert_eq!((standing.passkey(&a, 1300), standing.passkeys.len()), (None, 2));
    }

    #[test]
    fn oms_is_away_after_a_while_and_not_for_ever() {
        let standing = Standing { heard: 10_000, ..Standing::default() };
        assert_eq!(standing.away_since(10_120), None);
        assert_eq!(standing.away_since(10_121), Some(10_000));
        assert_eq!(standing.away_since(10_000 + 86_400), Some(10_000));
        assert_eq!(standing.away_since(10_001 + 86_400), None);
    }
}
