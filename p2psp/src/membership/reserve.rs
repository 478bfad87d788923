//! Reservations: for a holder who asks (TR 20002 §8.3.7), for an overlay that its owner wants to be
//! so (§8.3.6 step 2), for a peer that cannot be reached (§8.3.3 step 4).

use std::net::IpAddr;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::List;
use mp2p::message::event::Event;
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::overlay::AccessKind;
use mp2p::message::server::{
    HeldAnswer, HeldReservation, MAX_HELD, ReservationAnswer, ReservationChange,
    ReservationRequest, Reserved,
};
use mp2p::reservation::ReservationKind;

use crate::isp::Outlook;
use crate::membership::{Asker, JoinError, Moment, Oms};
use crate::overlay::{StoreError, Via};
use crate::reservation::{Grant, Order, Phase, ReserveError};

/// Nothing is reserved for this peer.
#[derive(Debug, thiserror::Error)]
pub enum ReservationRefused {
    /// It may not take part in the overlay.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Caches are for an overlay's owner to order.
    #[error("the overlay {0} is another user's")]
    OtherOwner(OverlayId),
    /// The book.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
}

impl From<StoreError> for ReservationRefused {
    fn from(error: StoreError) -> Self {
        Self::Join(error.into())
    }
}

impl Oms {
    /// Reserves for the asker; the servers are told by event.
    ///
    /// # Errors
    /// [`ReservationRefused`].
    pub fn reserve(
        &self,
        asker: &Asker,
        request: &ReservationRequest,
        moment: Moment,
    ) -> Result<ReservationAnswer, ReservationRefused> {
        let terms = self.store.terms(&request.overlay_id)?;
        if !terms.admit(&asker.peer, asker.user.as_ref()) {
            return Err(JoinError::Closed.into());
        }
        let is_owner = terms.is_owned_by(&asker.peer, asker.user.as_ref());
        if request.kind == ReservationKind::Cs && !is_owner {
            return Err(ReservationRefused::OtherOwner(request.overlay_id.clone()));
        }
        let order = Order {
            content: request.content_id.clone(),
            bandwidth_bps: request.bandwidth_bps.max(1),
            quota_bytes: request.quota_bytes,
            storage_bytes: request.storage_bytes,
            duration: request.duration_seconds,
            // A user's cache may take part in no closed overlay.
            dedicated: terms.request.access.kind == AccessKind::Closed,
            ..Order::of(request.kind, request.overlay_id.clone(), asker.peer.clone())
        };
        let outlook = self.isps.load().outlook(asker.address.ip(), moment.instant);
        let granted = self.order(&order, &outlook, moment.unix_s)?;
        let reservations = granted.iter().filter_map(|grant| self.reserved(grant)).collect();
        Ok(ReservationAnswer { reservations: List::new(reservations).unwrap_or_default() })
    }

    /// The holder goes on for longer.
    ///
    /// # Errors
    /// [`ReserveError::None`].
    pub fn renew(
        &self,
        asker: &Asker,
        change: &ReservationChange,
        moment: Moment,
    ) -> Result<ReservationAnswer, ReserveError> {
        let (id, lasting) = (&*change.reservation_id, change.duration_seconds);
        let renewed = self.book().renew(id, &asker.peer, lasting, moment.unix_s)?;
        self.granted(&renewed);
        let reservations = self.reserved(&renewed).into_iter().collect();
        Ok(ReservationAnswer { reservations: List::new(reservations).unwrap_or_default() })
    }

    /// What the asker holds.
    #[must_use]
    pub fn held(&self, asker: &Asker) -> HeldAnswer {
        let book = self.book();
        let mut held: Vec<HeldReservation> =
            book.of_holder(&asker.peer).take(MAX_HELD).map(held).collect();
        held.sort_by(|a, b| a.reservation_id.cmp(&b.reservation_id));
        HeldAnswer { reservations: List::new(held).unwrap_or_default() }
    }

    /// The holder needs it no more, or the server cannot keep it.
    ///
    /// # Errors
    /// [`ReserveError::None`].
    pub fn release(&self, asker: &Asker, change: &ReservationChange) -> Result<(), ReserveError> {
        let over = self.book().release(&change.reservation_id, &asker.peer)?;
        self.tell_over(&[over]);
        Ok(())
    }

    /// Reserves with the servers that are near by `outlook`, and tells them.
    pub(crate) fn order(
        &self,
        order: &Order,
        outlook: &Outlook,
        now: u64,
    ) -> Result<Vec<Grant>, ReserveError> {
        let far =
            |address: IpAddr| Some(outlook.ordinal(outlook.place(address)).unwrap_or(u32::MAX));
        let granted = self.book().reserve(order, &far, now);
        self.announced(granted)
    }

    /// The servers hear of what was reserved.
    pub(crate) fn announced(
        &self,
        granted: Result<Vec<Grant>, ReserveError>,
    ) -> Result<Vec<Grant>, ReserveError> {
        granted.inspect(|granted| granted.iter().for_each(|grant| self.granted(grant)))
    }

    /// The server hears of it, and others go through a relay from now on.
    pub(crate) fn granted(&self, grant: &Grant) {
        let of = &grant.reservation;
        if let Some(reservation) = self.passkeys.reserve(of) {
            let event = Event::Reservation { reservation, holder: of.holder.clone() };
            self.events.post(&of.server, &event);
        }
        if of.kind == ReservationKind::Rs {
            let address = self.book().address_of(&of.server);
            let via = address.map(|address| Via {
                server: of.server.clone(),
                address: PeerAddress { kind: AddressKind::Proxy, ..address },
                expires: of.exp,
            });
            self.store.relayed(&of.overlay_id, &of.holder, via);
        }
    }

    /// A holder says that its relay does not answer. Where OMS does not get through either, the
    /// relay serves nobody for a while, and all who held something there hear of it; else only this
    /// holder lets go.
    pub(crate) async fn relay_failed(
        &self,
        holder: &PeerId,
        overlay: &OverlayId,
        server: &PeerId,
        now: u64,
    ) {
        let held = self.book().held_by(holder, overlay, ReservationKind::Rs, now).cloned();
        let Some(held) = held.filter(|held| held.reservation.server == *server) else { return };
        let address = self.book().address_of(server);
        let answers = match address {
            Some(address) => self.prober.answers(&address).await,
            None => Some(false),
        };
        let over = match answers {
            Some(false) => {
                tracing::warn!(%server, "a relay does not answer: it serves nobody for a while");
                self.book().fault(server, now).unwrap_or_default()
            }
            _ => self.book().withdraw(held.id()).into_iter().collect(),
        };
        self.tell_over(&over);
    }

    fn reserved(&self, grant: &Grant) -> Option<Reserved> {
        let of = &grant.reservation;
        let address = self.book().address_of(&of.server);
        Some(Reserved {
            reservation: self.passkeys.reserve(of)?,
            reservation_id: of.reservation_id.clone(),
            server: of.server.clone(),
            peer_addr: List::new(address.into_iter().collect()).unwrap_or_default(),
            expires: of.exp,
        })
    }

    /// The relay of a peer that cannot be reached: the one that it has, renewed, or a new one; none
    /// where no relay server has anything free.
    pub(crate) fn relay(
        &self,
        holder: &PeerId,
        overlay: &OverlayId,
        outlook: &Outlook,
        now: u64,
    ) -> Option<Reserved> {
        let known = self.book().held_by(holder, overlay, ReservationKind::Rs, now).cloned();
        let grant = match known {
            Some(grant) if grant.reservation.exp.saturating_sub(now) > grant.duration / 2 => grant,
            Some(grant) => {
                let renewed = self.book().renew(grant.id(), holder, None, now).ok()?;
                self.granted(&renewed);
                renewed
            }
            None => {
                let order = Order {
                    bandwidth_bps: self.reservation.relay_bps,
                    quota_bytes: self.reservation.relay_quota_bytes,
                    duration: match self.reservation.relay_lease_seconds {
                        0 => self.overlay.expires_seconds.saturating_mul(2),
                        seconds => seconds,
                    },
                    ..Order::of(ReservationKind::Rs, overlay.clone(), holder.clone())
                };
                let granted = self.order(&order, outlook, now);
                let granted = granted.inspect_err(|error| {
                    tracing::debug!(%error, peer = %holder, "no relay for a peer behind NAT");
                });
                granted.ok()?.into_iter().next()?
            }
        };
        self.reserved(&grant)
    }
}

fn held(grant: &Grant) -> HeldReservation {
    let of = &grant.reservation;
    HeldReservation {
        reservation_id: of.reservation_id.clone(),
        kind: of.kind,
        overlay_id: of.overlay_id.clone(),
        content_id: of.content_id.clone(),
        server: of.server.clone(),
        in_use: !matches!(grant.phase, Phase::Held(_)),
        storage_bytes: of.storage_bytes,
        kept_bytes: grant.kept_bytes,
        bytes_in: grant.bytes_in,
        bytes_out: grant.bytes_out,
        expires: of.exp,
    }
}
