//! The epoch from which on passkeys of an overlay are good: one of the last expulsion there.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use mp2p::id::OverlayId;

/// Overlays with an expulsion that are told apart.
const MAX_OVERLAYS: usize = 100_000;

/// In memory alone: after a restart the last epoch counts for all.
#[derive(Debug)]
pub(crate) struct Floors(RwLock<Known>);

#[derive(Debug)]
struct Known {
    /// Of all others.
    others: u64,
    raised: HashMap<OverlayId, u64>,
}

impl Floors {
    pub(crate) fn begin(epoch: u64) -> Self {
        Self(RwLock::new(Known { others: epoch, raised: HashMap::new() }))
    }

    pub(crate) fn of(&self, overlay: &OverlayId) -> u64 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.raised.get(overlay).copied().unwrap_or(known.others)
    }

    pub(crate) fn raise(&self, overlay: &OverlayId, epoch: u64) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.raised.len() >= MAX_OVERLAYS {
            known.raised.clear();
            known.others = known.others.max(epoch);
        }
        let floor = known.raised.entry(overlay.clone()).or_default();
        *floor = epoch.max(*floor);
    }
}
