//! Cache and relay servers show that they are there, tell who used how much, and of their faults
//! (R8, R9; TR 20002 §8.2.5, §8.2.6, Req-Net-120).

use std::cmp::Reverse;
use std::sync::{MutexGuard, PoisonError};

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::List;
use mp2p::message::event::Event;
use mp2p::message::list::PeerType;
use mp2p::message::server::{
    Fault, InForce, MAX_IN_FORCE, ServerAnswer, ServerKind, ServerRegistration, Usage, UsageAccount,
};
use mp2p::reservation::ReservationKind;

use crate::calls::{Service, Serving};
use crate::membership::{Asker, Moment, Oms};
use crate::overlay::{AddressError, reachable_at};
use crate::reservation::{Book, Enlisting, Grant, Over, ReserveError, ServerView, Why};

/// Accounts told in one answer.
pub(crate) const MAX_ACCOUNTS: usize = 1000;

/// A server is not taken, or what it tells is not.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A peer's certificate, or one of the other kind.
    #[error("only a {0} server's certificate makes a dedicated one")]
    NotDedicated(&'static str),
    /// A bound.
    #[error("there are as many servers as are kept")]
    Full,
    /// Nowhere to send others.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The reservation.
    #[error(transparent)]
    Reserve(#[from] ReserveError),
}

impl Oms {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server registers, or shows that it is there; what is reserved with it.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn enlist(
        &self,
        asker: &Asker,
        told: &ServerRegistration,
        moment: Moment,
    ) -> Result<ServerAnswer, ServerError> {
        let now = moment.unix_s;
        let (is_own, name) = match told.kind {
            ServerKind::Cs => (asker.kind == PeerType::Cache, "cache"),
            ServerKind::Rs => (asker.kind == PeerType::Relay, "relay"),
        };
        if told.dedicated && !is_own {
            return Err(ServerError::NotDedicated(name));
        }
        let observed = asker.address.ip();
        let enlisting = Enlisting {
            peer: asker.peer.clone(),
            user: asker.user.clone(),
            kind: told.kind,
            address: reachable_at(&told.peer_addr, observed, self.overlay.min_port)?,
            capacity: told.capacity,
            dedicated: told.dedicated,
            epoch: told.epoch,
        };
        let enlisted = self.book().enlist(&enlisting, now).ok_or(ServerError::Full)?;
        if enlisted.is_new {
            let (server, dedicated) = (&asker.peer, told.dedicated);
            tracing::info!(%server, kind = name, dedicated, "a server is there");
        }
        let until = now.saturating_add(self.reservation.server_expires_seconds);
        let service = match told.kind {
            ServerKind::Cs => Service::Cache,
            ServerKind::Rs => Service::Relay,
        };
        let serving =
            Serving { peer: asker.peer.clone(), user: asker.user.clone(), service, until };
        self.in_time("r7", self.users.serving(serving)).await;
        let in_force = enlisted.grants.iter().take(MAX_IN_FORCE);
        let reservations = in_force.filter_map(|grant| self.in_force(grant)).collect();
        Ok(ServerAnswer {
            epoch: enlisted.floor,
            expires: self.reservation.server_expires_seconds,
            heartbeat_interval: self.reservation.server_heartbeat_seconds,
            reservations: List::new(reservations).unwrap_or_default(),
            oms_key: self.passkeys.public().to_owned(),
            passkey_epoch: self.passkeys.epoch(),
        })
    }

    fn in_force(&self, grant: &Grant) -> Option<InForce> {
        let reservation = self.passkeys.reserve(&grant.reservation)?;
        Some(InForce { reservation, holder: grant.reservation.holder.clone() })
    }

    /// A server tells how much went through for a holder.
    ///
    /// # Errors
    /// [`ServerError::Reserve`]: the reservation is none of it.
    pub fn used(&self, asker: &Asker, usage: &Usage, moment: Moment) -> Result<(), ServerError> {
        let over = self.book().used(&asker.peer, usage, moment.unix_s)?;
        self.tell_over(over.as_slice());
        Ok(())
    }

    /// A server tells that something is wrong with it: its reservations are over, and those who
    /// held them are told.
    ///
    /// # Errors
    /// [`ServerError::Reserve`]: it is no server.
    pub fn fault(&self, asker: &Asker, fault: &Fault, moment: Moment) -> Result<(), ServerError> {
        let over = self.book().fault(&asker.peer, moment.unix_s)?;
        let (server, what) = (&asker.peer, &*fault.what);
        tracing::warn!(%server, what, reservations = over.len(), "a server tells of a fault");
        self.tell_over(&over);
        Ok(())
    }

    /// A server goes.
    pub fn discharge(&self, asker: &Asker) {
        let over = self.book().leave(&asker.peer);
        self.tell_over(&over);
    }

    /// What a peer used, and, where it is a server, who used how much of it.
    #[must_use]
    pub fn usage(&self, peer: &PeerId) -> Vec<UsageAccount> {
        let book = self.book();
        let accounts = book.accounts();
        let theirs = accounts.of_holder(peer).chain(accounts.at_server(peer));
        theirs.take(MAX_ACCOUNTS).cloned().collect()
    }

    /// What all used, what was used last first.
    #[must_use]
    pub fn usage_of_all(&self) -> Vec<UsageAccount> {
        let book = self.book();
        let mut all: Vec<&UsageAccount> = book.accounts().all().collect();
        all.sort_by_key(|account| Reverse(account.updated));
        all.into_iter().take(MAX_ACCOUNTS).cloned().collect()
    }

    /// All servers.
    #[must_use]
    pub fn servers(&self) -> Vec<ServerView> {
        self.book().views()
    }

    /// Server and holder hear that a reservation is over; a member whose relay that was is listed
    /// by way of it no more.
    pub(crate) fn tell_over(&self, over: &[Over]) {
        for Over { grant, why } in over {
            let of = &grant.reservation;
            let event = Event::Released { reservation_id: of.reservation_id.clone() };
            match why {
                // Nobody is there to be told.
                Why::Server => self.events.post_all([&of.holder], &event),
                _ => self.events.post_all([&of.server, &of.holder], &event),
            };
            if of.kind == ReservationKind::Rs {
                self.store.relayed(&of.overlay_id, &of.holder, None);
            }
        }
    }

    /// What is reserved in an overlay that is no more is free.
    pub(crate) fn withdraw_all(&self, overlay: &OverlayId) {
        let mut book = self.book();
        let ids: Vec<String> = book.in_overlay(overlay).map(|it| it.id().to_string()).collect();
        let over: Vec<Over> = ids.iter().filter_map(|id| book.withdraw(id)).collect();
        drop(book);
        self.tell_over(&over);
    }

    /// Ends what is over, and logs servers that are gone: one of the provider's own should have
    /// told of it (§8.2.5, §8.2.6).
    pub(crate) fn sweep_book(&self, now: u64) {
        let (gone, over) = self.book().sweep(now);
        for server in &gone {
            match server.dedicated {
                true => tracing::error!(server = %server.peer_id, "a dedicated server went silent"),
                false => tracing::info!(server = %server.peer_id, "a server went silent"),
            }
        }
        self.tell_over(&over);
    }
}
