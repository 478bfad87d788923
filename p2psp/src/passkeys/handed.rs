//! Passkeys that were handed out: a peer that refreshes gets the same until half its life is over,
//! so that a signature is made once for many lists.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mp2p::id::{OverlayId, PeerId};
use mp2p::passkey::{PASSKEY_LIFE, Passkey};

/// Passkeys remembered; beyond that the signature is made anew, that is all.
const MAX_HANDED: usize = 16_384;

/// By peer and overlay.
#[derive(Default)]
pub(crate) struct Handed(Mutex<HashMap<(PeerId, OverlayId), (Passkey, String)>>);

impl Handed {
    /// The one that a peer has, where it says the same as `wanted` and is young.
    pub(crate) fn again(&self, wanted: &Passkey) -> Option<String> {
        let handed = self.handed();
        let (had, text) = handed.get(&key(wanted))?;
        let same = Passkey { iat: wanted.iat, exp: wanted.exp, ..had.clone() } == *wanted;
        (same && is_young(had, wanted.iat)).then(|| text.clone())
    }

    /// Remembers one.
    pub(crate) fn note(&self, passkey: Passkey, text: String) {
        let mut handed = self.handed();
        if handed.len() >= MAX_HANDED {
            handed.retain(|_, (had, _)| is_young(had, passkey.iat));
            if handed.len() >= MAX_HANDED {
                handed.clear();
            }
        }
        handed.insert(key(&passkey), (passkey, text));
    }

    fn handed(&self) -> MutexGuard<'_, HashMap<(PeerId, OverlayId), (Passkey, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(passkey: &Passkey) -> (PeerId, OverlayId) {
    (passkey.peer_id.clone(), passkey.overlay_id.clone())
}

/// Less than half its life is over; a clock that went back makes it none.
fn is_young(passkey: &Passkey, now: u64) -> bool {
    (passkey.iat..passkey.iat.saturating_add(PASSKEY_LIFE.as_secs() / 2)).contains(&now)
}
