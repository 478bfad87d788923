//! Overlays: made, told of, changed, ended (TR 20002 §8.3.6, Req-Net-040, Req-Serv-010).

use std::sync::Arc;

use mp2p::id::OverlayId;
use mp2p::message::bound::List;
use mp2p::message::overlay::{OverlayChange, OverlayDescription, OverlayRequest};
use mp2p::reservation::ReservationKind;

use crate::calls::{Answer, Founding, Overlays, Publishing};
use crate::database::DatabaseError;
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{Owner, StoreError};
use crate::reservation::Order;

/// An overlay is not made, changed or ended.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// Somebody else's.
    #[error("the overlay {0} is another user's")]
    OtherOwner(OverlayId),
    /// What was exchanged in one of this name had to end.
    #[error("the distribution in this overlay is stopped")]
    Stopped(Arc<str>),
    /// Whose it was has contents in it, or it was stopped.
    #[error("the name {0} is kept for the user whose overlay it was")]
    Kept(OverlayId),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its terms cannot be kept.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Overlays for Oms {
    fn may_publish(&self, publishing: Publishing) -> Answer<'_, Option<bool>> {
        let Publishing { overlay, user, peer } = publishing;
        let may = self.store.terms(&overlay).ok().map(|terms| match terms.owner {
            Some(_) => terms.is_owned_by(&peer, Some(&user)),
            None => terms.admit(&peer, Some(&user)),
        });
        Box::pin(std::future::ready(Ok(may)))
    }

    fn there<'a>(&'a self, overlays: &'a [OverlayId]) -> Answer<'a, Vec<bool>> {
        let is_there = |overlay| self.store.terms(overlay).is_ok();
        let there = overlays.iter().map(is_there).collect();
        Box::pin(std::future::ready(Ok(there)))
    }
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
        if let Some(stop) = self.stopper.stopped(&overlay) {
            return Err(OverlayError::Stopped(stop));
        }
        let owner = asker.map(|asker| Owner { peer: asker.peer.clone(), user: asker.user.clone() });
        let user = owner.as_ref().and_then(|owner| owner.user.clone());
        self.is_free(&overlay, asker).await?;
        self.store.create(request, owner, now)?;
        self.charter(&overlay).await.inspect_err(|_| drop(self.store.remove(&overlay)))?;
        self.furnish(&overlay, asker, moment);
        self.found(Founding { overlay, owner: user, now }).await;
        Ok(())
    }

    /// Whether somebody may use a name. That of an overlay that is over is kept for its owner as
    /// long as contents are registered in it, and for good where an order stopped it: nobody is to
    /// come into what was another's. An operator may use any.
    async fn is_free(
        &self,
        overlay: &OverlayId,
        asker: Option<&Asker>,
    ) -> Result<(), OverlayError> {
        let Some(asker) = asker else { return Ok(()) };
        let Some(former) = self.charters.former(overlay.clone()).await? else { return Ok(()) };
        if former.owner.is_some_and(|owner| owner.is(&asker.peer, asker.user.as_ref())) {
            return Ok(());
        }
        // Who does not know gives nothing away.
        let has_contents = self.in_time("r-ixs", self.contents.has_contents(overlay)).await;
        match self.stopper.is_marked(overlay) || has_contents != Some(false) {
            true => Err(OverlayError::Kept(overlay.clone())),
            false => Ok(()),
        }
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
        self.reserved_for(overlay, &mut described.health);
        let failures = self.accusations().in_overlay(overlay, moment.unix_s);
        described.health.failures = u32::try_from(failures).unwrap_or(u32::MAX);
        let (asked, health) = (described.request.requirements, &mut described.health);
        health.meets_requirements = health.reserved_cache_bytes >= asked.cache_bytes
            && health.reserved_relay_bps >= asked.relay_bps;
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
    pub async fn change(
        &self,
        change: OverlayChange,
        asker: Option<&Asker>,
        moment: Moment,
    ) -> Result<(), OverlayError> {
        let (overlay, now) = (change.overlay_id.clone(), moment.unix_s);
        self.owned(&overlay, asker)?;
        self.store.change(change)?;
        self.charter(&overlay).await?;
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
    pub async fn remove(
        &self,
        overlay: &OverlayId,
        asker: Option<&Asker>,
        now: u64,
    ) -> Result<(), OverlayError> {
        self.owned(overlay, asker)?;
        self.charters.end(vec![overlay.clone()], now).await?;
        let gone = self.store.remove(overlay);
        self.withdraw_all(overlay);
        gone.map(|_members| ()).ok_or_else(|| StoreError::NoOverlay(overlay.clone()).into())
    }

    /// Reserves what an overlay is to have from the beginning (§8.3.6 step 2). What is not there
    /// now is tried again with each sweep; the description says whether it is.
    fn furnish(&self, overlay: &OverlayId, asker: Option<&Asker>, moment: Moment) {
        let (Ok(terms), Some(asker)) = (self.store.terms(overlay), asker) else { return };
        let (asked, now) = (terms.request.requirements, moment.unix_s);
        let wants_caches = (asked.cache_bytes > 0).then(|| self.store.population(overlay, now));
        if let Some(population) = wants_caches.flatten() {
            self.attach_asked(&population, now);
        }
        if asked.relay_bps > 0 {
            let order = Order {
                bandwidth_bps: asked.relay_bps,
                // Less is of use, too; the description says how much it is.
                at_most: true,
                duration: self.reservation.max_duration_seconds,
                ..Order::of(ReservationKind::Rs, overlay.clone(), asker.peer.clone())
            };
            let outlook = self.isps.load().outlook(asker.address.ip(), moment.instant);
            if let Err(error) = self.order(&order, &outlook, now) {
                tracing::info!(%error, %overlay, "an overlay has no relay as yet");
            }
        }
    }

    /// Keeps the terms of an overlay as they are now.
    async fn charter(&self, overlay: &OverlayId) -> Result<(), OverlayError> {
        Ok(self.charters.keep(&self.store.terms(overlay)?).await?)
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
