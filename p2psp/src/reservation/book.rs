//! Servers, and what is reserved with them. Lock outside, plain struct inside.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::message::server::{MAX_PARTS, ServerKind, Usage};
use mp2p::reservation::{Reservation, ReservationKind};

use crate::reservation::account::Accounts;
use crate::reservation::grant::{Distance, Grant, Order, Phase, ReserveError};
use crate::reservation::late::Late;
use crate::reservation::parts::Piece;
use crate::reservation::server::{Enlisted, Enlisting, Server, ServerView};
use crate::settings::ReservationSettings;

/// The part of an epoch that a process may count up, bits: above it stand the milliseconds of its
/// start, so that no epoch is given twice, though it starts twice within a second. Epochs stay
/// below 2^53, which every reader of JSON can tell apart.
const COUNT_BITS: u32 = 10;

/// The book.
pub struct Book {
    pub(crate) servers: BTreeMap<PeerId, Server>,
    pub(crate) grants: HashMap<String, Grant>,
    /// Names of `grants`.
    by_holder: HashMap<PeerId, BTreeSet<String>>,
    /// Names of `grants`.
    by_overlay: HashMap<OverlayId, BTreeSet<String>>,
    pub(crate) accounts: Accounts,
    late: Late,
    pub(crate) epoch: u64,
    pub(crate) settings: ReservationSettings,
}

/// A reservation that is over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Over {
    /// Which.
    pub grant: Grant,
    /// Why.
    pub why: Why,
}

/// Why a reservation is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// Its holder, or the provider, needs it no more.
    Released,
    /// It was not used in time, or its time was over.
    Expired,
    /// As much as was granted went through.
    UsedUp,
    /// Its server is gone, or has told of a fault.
    Server,
}

impl Book {
    /// An empty book of a process that started at `started_ms`, Unix milliseconds.
    #[must_use]
    pub fn new(settings: ReservationSettings, started_ms: u64) -> Self {
        Self {
            servers: BTreeMap::new(),
            grants: HashMap::new(),
            by_holder: HashMap::new(),
            by_overlay: HashMap::new(),
            accounts: Accounts::default(),
            late: Late::default(),
            epoch: started_ms << COUNT_BITS,
            settings,
        }
    }

    /// A server is there. None where there are too many.
    pub fn enlist(&mut self, told: &Enlisting, now: u64) -> Option<Enlisted> {
        let known = self.servers.get(&told.peer).is_some_and(|server| server.kind == told.kind);
        if !known {
            if self.servers.len() >= self.settings.max_servers {
                return None;
            }
            // Whatever it still holds of another time is void.
            self.epoch = self.epoch.max(told.epoch.unwrap_or_default());
            let floor = self.next_epoch();
            self.servers.insert(told.peer.clone(), Server::new(told, floor));
        }
        let expires = now.saturating_add(self.settings.server_expires_seconds);
        let server = self.servers.get_mut(&told.peer)?;
        server.address = told.address.clone();
        server.capacity = told.capacity;
        server.dedicated = told.dedicated;
        server.expires = expires;
        let grants = server.grants.iter().filter_map(|id| self.grants.get(id)).cloned().collect();
        Some(Enlisted { floor: server.floor, grants, is_new: !known })
    }

    /// Reserves, with one server where one has enough, the provider's own and near ones first, else
    /// with several (Req-Reso-050). All of it or nothing.
    ///
    /// # Errors
    /// [`ReserveError`].
    pub fn reserve(
        &mut self,
        order: &Order,
        far: Distance<'_>,
        now: u64,
    ) -> Result<Vec<Grant>, ReserveError> {
        let own = |grant: &&Grant| grant.reservation.kind != ReservationKind::Cs;
        let held = self.of_holder(&order.holder).filter(own).count();
        if held >= self.settings.max_per_holder && !order.by_provider {
            return Err(ReserveError::TooMany(self.settings.max_per_holder));
        }
        if self.grants.len() + MAX_PARTS > self.settings.max_reservations {
            return Err(ReserveError::Full(self.settings.max_reservations));
        }
        let parts = self.pieces(order, far, now).ok_or(ReserveError::NoCapacity {
            bandwidth_bps: order.bandwidth_bps,
            storage_bytes: order.storage_bytes,
            dedicated: order.dedicated,
        })?;
        Ok(parts.into_iter().map(|part| self.grant(order, part, now)).collect())
    }

    fn grant(&mut self, order: &Order, part: Piece, now: u64) -> Grant {
        let Piece { server, bandwidth_bps, storage_bytes, offset } = part;
        let epoch = self.next_epoch();
        let reservation = Reservation {
            reservation_id: Text::new(format!("r-{epoch:x}")).unwrap_or_default(),
            kind: order.kind,
            overlay_id: order.overlay.clone(),
            content_id: order.content.clone(),
            server: server.clone(),
            holder: order.holder.clone(),
            bandwidth_bps,
            quota_bytes: order.quota_bytes,
            storage_bytes,
            part_offset_bytes: offset,
            epoch,
            iat: now,
            exp: now.saturating_add(self.lasting(order.duration)),
        };
        let phase = Phase::Held(now.saturating_add(self.settings.hold_seconds));
        let duration = self.lasting(order.duration);
        let at_most = order.at_most;
        let (bytes_in, bytes_out, kept_bytes) = (0, 0, 0);
        let grant =
            Grant { reservation, phase, duration, bytes_in, bytes_out, kept_bytes, at_most };
        if let Some(server) = self.servers.get_mut(&server) {
            server.take(&grant);
        }
        self.enter(grant.clone());
        grant
    }

    /// A grant that is in the book from now on.
    pub(crate) fn enter(&mut self, grant: Grant) {
        let (id, of) = (grant.id().to_string(), &grant.reservation);
        self.by_holder.entry(of.holder.clone()).or_default().insert(id.clone());
        self.by_overlay.entry(of.overlay_id.clone()).or_default().insert(id.clone());
        self.grants.insert(id, grant);
    }

    /// A holder goes on: the reservation is good for as long again, under a new epoch.
    ///
    /// # Errors
    /// [`ReserveError::None`].
    pub fn renew(
        &mut self,
        id: &str,
        holder: &PeerId,
        duration: Option<u64>,
        now: u64,
    ) -> Result<Grant, ReserveError> {
        self.own(id, holder)?;
        let (epoch, duration) = (self.next_epoch(), duration.map(|asked| self.lasting(asked)));
        let grant = self.grants.get_mut(id).ok_or_else(|| ReserveError::None(id.to_owned()))?;
        grant.duration = duration.unwrap_or(grant.duration);
        grant.phase = Phase::Active;
        grant.reservation.epoch = epoch;
        grant.reservation.iat = now;
        grant.reservation.exp = now.saturating_add(grant.duration);
        Ok(grant.clone())
    }

    /// A holder needs it no more, or the server that it is with cannot keep it.
    ///
    /// # Errors
    /// [`ReserveError::None`].
    pub fn release(&mut self, id: &str, by: &PeerId) -> Result<Over, ReserveError> {
        if self.grants.get(id).is_none_or(|grant| grant.reservation.server != *by) {
            self.own(id, by)?;
        }
        self.end(id, Why::Released).ok_or_else(|| ReserveError::None(id.to_owned()))
    }

    /// The provider needs it no more.
    pub fn withdraw(&mut self, id: &str) -> Option<Over> {
        self.end(id, Why::Released)
    }

    fn own(&self, id: &str, holder: &PeerId) -> Result<(), ReserveError> {
        let grant = self.grants.get(id).filter(|grant| grant.reservation.holder == *holder);
        grant.map(|_| ()).ok_or_else(|| ReserveError::None(id.to_owned()))
    }

    /// A server tells how much went through: sums since the reservation began, so that a report
    /// that comes twice or late counts once. The first makes the reservation one in use. The
    /// reservation, where it is used up now.
    ///
    /// # Errors
    /// It is none of that server and holder.
    pub fn used(
        &mut self,
        server: &PeerId,
        usage: &Usage,
        now: u64,
    ) -> Result<Option<Over>, ReserveError> {
        let kind = self.servers.get(server).ok_or(ReserveError::NoServer)?.kind;
        let id = &*usage.reservation_id;
        let none = || ReserveError::None(id.to_owned());
        let grant = self.grants.get_mut(id).filter(|grant| {
            grant.reservation.server == *server && grant.reservation.holder == usage.holder
        });
        let Some(grant) = grant else {
            // The last of one that is over.
            let bytes = self.late.used(server, usage).ok_or_else(none)?;
            self.accounts.add((&usage.holder, server), kind, bytes, now);
            return Ok(None);
        };
        if matches!(grant.phase, Phase::Held(_)) {
            grant.phase = Phase::Active;
        }
        let bytes = grant.count(usage);
        let is_used_up = grant.is_used_up();
        self.accounts.add((&usage.holder, server), kind, bytes, now);
        Ok(is_used_up.then(|| self.end(id, Why::UsedUp)).flatten())
    }

    /// A server says that something is wrong with it: it serves nobody for a while.
    ///
    /// # Errors
    /// [`ReserveError::NoServer`].
    pub fn fault(&mut self, server: &PeerId, now: u64) -> Result<Vec<Over>, ReserveError> {
        let pause = self.settings.server_expires_seconds;
        let known = self.servers.get_mut(server).ok_or(ReserveError::NoServer)?;
        known.faulty_until = now.saturating_add(pause);
        Ok(self.end_all_of(server))
    }

    /// A server goes.
    pub fn leave(&mut self, server: &PeerId) -> Vec<Over> {
        let over = self.end_all_of(server);
        self.servers.remove(server);
        over
    }

    /// Ends what is over at `now`, and servers that show no sign of life: those, and what ended.
    pub fn sweep(&mut self, now: u64) -> (Vec<ServerView>, Vec<Over>) {
        let gone: Vec<ServerView> = self
            .servers
            .iter()
            .filter(|(_, server)| server.expires <= now)
            .map(|(peer, server)| server.view(peer))
            .collect();
        let mut over: Vec<Over> =
            gone.iter().flat_map(|server| self.leave(&server.peer_id)).collect();
        self.late.sweep(now);
        let grace = self.settings.grace_seconds;
        let mut ended = Vec::new();
        for (id, grant) in &mut self.grants {
            match grant.aged(grace, now) {
                Some(phase) => grant.phase = phase,
                None => ended.push(id.clone()),
            }
        }
        over.extend(ended.iter().filter_map(|id| self.end(id, Why::Expired)));
        (gone, over)
    }

    fn end_all_of(&mut self, server: &PeerId) -> Vec<Over> {
        let known = self.servers.get(server);
        let ids: Vec<String> =
            known.map(|server| server.grants.iter().cloned().collect()).unwrap_or_default();
        ids.iter().filter_map(|id| self.end(id, Why::Server)).collect()
    }

    fn end(&mut self, id: &str, why: Why) -> Option<Over> {
        let grant = self.grants.remove(id)?;
        self.late.add(&grant);
        forget(&mut self.by_holder, &grant.reservation.holder, id);
        forget(&mut self.by_overlay, &grant.reservation.overlay_id, id);
        if let Some(server) = self.servers.get_mut(&grant.reservation.server) {
            server.give_back(&grant);
        }
        Some(Over { grant, why })
    }

    /// What is reserved in an overlay.
    pub fn in_overlay<'a>(&'a self, overlay: &'a OverlayId) -> impl Iterator<Item = &'a Grant> {
        let ids = self.by_overlay.get(overlay).into_iter().flatten();
        ids.filter_map(|id| self.grants.get(id))
    }

    /// What a peer holds in an overlay of a kind, in force at `now`.
    #[must_use]
    pub fn held_by(
        &self,
        holder: &PeerId,
        overlay: &OverlayId,
        kind: ReservationKind,
        now: u64,
    ) -> Option<&Grant> {
        let ids = self.by_holder.get(holder).into_iter().flatten();
        ids.filter_map(|id| self.grants.get(id)).find(|grant| {
            let of = &grant.reservation;
            of.overlay_id == *overlay && of.kind == kind && grant.is_in_force(now)
        })
    }

    /// All that a peer holds.
    pub fn of_holder(&self, holder: &PeerId) -> impl Iterator<Item = &Grant> {
        let ids = self.by_holder.get(holder).into_iter().flatten();
        ids.filter_map(|id| self.grants.get(id))
    }

    /// What a peer is registered as.
    #[must_use]
    pub fn serves_as(&self, peer: &PeerId) -> Option<ServerKind> {
        self.servers.get(peer).map(|server| server.kind)
    }

    /// What is reserved with a cache server for an overlay: `None` where it is none, or nothing is;
    /// else whether it keeps but a part.
    #[must_use]
    pub fn keeps(&self, server: &PeerId, overlay: &OverlayId) -> Option<bool> {
        let known = self.servers.get(server).filter(|server| server.kind == ServerKind::Cs)?;
        let grants = known.grants.iter().filter_map(|id| self.grants.get(id));
        let mut here =
            grants.map(|grant| &grant.reservation).filter(|of| of.overlay_id == *overlay);
        let first = here.next()?.part_offset_bytes.is_some();
        Some(first && here.all(|of| of.part_offset_bytes.is_some()))
    }

    /// Whether there is any cache server.
    #[must_use]
    pub fn has_caches(&self) -> bool {
        self.servers.values().any(|server| server.kind == ServerKind::Cs)
    }

    /// Where a server is.
    #[must_use]
    pub fn address_of(&self, server: &PeerId) -> Option<mp2p::message::join::PeerAddress> {
        self.servers.get(server).map(|server| server.address.clone())
    }

    /// All servers, as operators see them.
    #[must_use]
    pub fn views(&self) -> Vec<ServerView> {
        self.servers.iter().map(|(peer, server)| server.view(peer)).collect()
    }

    /// Who used how much.
    #[must_use]
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    fn next_epoch(&mut self) -> u64 {
        self.epoch += 1;
        self.epoch
    }

    fn lasting(&self, seconds: u64) -> u64 {
        seconds.clamp(1, self.settings.max_duration_seconds)
    }
}

fn forget<K: std::hash::Hash + Eq>(index: &mut HashMap<K, BTreeSet<String>>, key: &K, id: &str) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
