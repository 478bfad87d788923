//! What the keeper of a relayed connection has to say to the membership: the relay is gone.

use std::sync::{Arc, Mutex, PoisonError};

use mp2p::id::PeerId;
use tokio::sync::Notify;

use crate::relay::RelayError;

/// A relay that failed, until the membership has told OMS. Clones share it.
#[derive(Clone, Debug)]
pub struct Lost {
    relay: Arc<Mutex<Option<PeerId>>>,
    /// Wakes the membership.
    pub wanted: Arc<Notify>,
}

impl Lost {
    /// Nothing is lost yet.
    #[must_use]
    pub fn new(wanted: &Arc<Notify>) -> Self {
        Self { relay: Arc::default(), wanted: Arc::clone(wanted) }
    }

    /// The connection to `relay` ended like this: another one is wanted, or a new reservation.
    pub(crate) fn tell(&self, relay: &PeerId, error: &RelayError) {
        if matches!(error, RelayError::Io(_)) {
            let mut lost = self.relay.lock().unwrap_or_else(PoisonError::into_inner);
            *lost = Some(relay.clone());
        }
        self.wanted.notify_one();
    }

    /// The relay that failed since this was asked last.
    pub(crate) fn take(&self) -> Option<PeerId> {
        self.relay.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
