//! What this peer is in its overlay, as OMS said last.

use std::sync::{Arc, PoisonError, RwLock};

use mp2p::message::join::JoinAnswer;
use mp2p::signed::VerifyingKey;

/// Shared by the membership, which writes it, and the notary, which reads it.
pub(crate) type Shared = Arc<RwLock<Standing>>;

/// What OMS said last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// The own passkey.
    pub(crate) passkey: Option<String>,
    /// The key that OMS signs with; `None` before the first join.
    pub(crate) oms_key: Option<VerifyingKey>,
    /// The lowest epoch of passkeys that is good.
    pub(crate) epoch: u64,
    /// Numbers of orders to stop that are void: what they ended may go on.
    pub(crate) void_stops: Vec<u64>,
}

impl Standing {
    /// Takes over what an answer says. The key of OMS, once known, does not change while this
    /// peer runs: whoever could change it could stop and expel.
    pub(crate) fn learn(shared: &Shared, answer: &JoinAnswer) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        standing.passkey.clone_from(&answer.passkey);
        standing.epoch = standing.epoch.max(answer.epoch);
        standing.void_stops = answer.void_stops.to_vec();
        if standing.oms_key.is_none() {
            standing.oms_key = VerifyingKey::parse(&answer.oms_key).ok();
        }
    }

    /// Passkeys of older epochs are void from now on.
    pub(crate) fn raise(shared: &Shared, epoch: u64) {
        let mut standing = shared.write().unwrap_or_else(PoisonError::into_inner);
        standing.epoch = standing.epoch.max(epoch);
    }

    /// As it is now.
    pub(crate) fn now(shared: &Shared) -> Self {
        shared.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
