//! Overlays: made, told of, changed, ended (TR 20002 §8.3.6, Req-Net-040, Req-Serv-010).

use mp2p::id::OverlayId;
use mp2p::message::bound::List;
use mp2p::message::overlay::{OverlayChange, OverlayDescription, OverlayRequest};

use crate::calls::Founding;
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Owner, StoreError};

/// An overlay is not made, changed or ended.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// Somebody else's.
    #[error("the overlay {0} is another user's")]
    OtherOwner(OverlayId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Oms {
    /// Makes an overlay; `asker` is absent for an operator, whose overlays stay.
    ///
    /// # Errors
    /// Its name is taken, or there are too many, in all or of this user.
    pub async fn create(
        &self,
        request: OverlayRequest,
        asker: Option<&Asker>,
        moment: Moment,
    ) -> Result<(), OverlayError> {
        let (overlay, now) = (request.overlay_id.clone(), moment.unix_s);
        let owner = asker.map(|asker| Owner { peer: asker.peer.clone(), user: asker.user.clone() });
        let user = owner.as_ref().and_then(|owner| owner.user.clone());
        self.store.create(request, owner, now)?;
        self.in_time("r7", self.users.founded(Founding { overlay, owner: user, now })).await;
        Ok(())
    }

    /// What is told of an overlay before joining. Who may take part in a closed one is told to its
    /// owner and to operators.
    #[must_use]
    pub fn describe(
        &self,
        overlay: &OverlayId,
        asker: Option<&Asker>,
        moment: Moment,
    ) -> Option<OverlayDescription> {
        let mut described = self.store.describe(overlay, moment.unix_s)?;
        if self.owned(overlay, asker).is_err() {
            described.request.access.users = List::default();
        }
        Some(described)
    }

    /// Takes over what its owner or an operator changes. Members that may not take part any more
    /// are let go.
    ///
    /// # Errors
    /// It is somebody else's, or there is none.
    pub fn change(
        &self,
        change: OverlayChange,
        asker: Option<&Asker>,
        moment: Moment,
    ) -> Result<(), OverlayError> {
        let (overlay, now) = (change.overlay_id.clone(), moment.unix_s);
        self.owned(&overlay, asker)?;
        self.store.change(change)?;
        let terms = self.store.terms(&overlay)?;
        for member in self.store.members(&overlay, now)? {
            if !terms.admit(&member.peer, member.user.as_ref()) {
                self.store.leave(&overlay, &member.peer, now);
            }
        }
        Ok(())
    }

    /// Ends an overlay.
    ///
    /// # Errors
    /// It is somebody else's, or there is none.
    pub fn remove(&self, overlay: &OverlayId, asker: Option<&Asker>) -> Result<(), OverlayError> {
        self.owned(overlay, asker)?;
        let gone = self.store.remove(overlay);
        gone.map(|_members| ()).ok_or_else(|| StoreError::NoOverlay(overlay.clone()).into())
    }

    fn owned(&self, overlay: &OverlayId, asker: Option<&Asker>) -> Result<(), OverlayError> {
        let terms = self.store.terms(overlay)?;
        match asker {
            Some(asker) if !terms.is_owned_by(&asker.peer, asker.user.as_ref()) => {
                Err(OverlayError::OtherOwner(overlay.clone()))
            }
            _ => Ok(()),
        }
    }
}
