//! What is reserved with this cache, as OMS signed it.

use std::collections::{BTreeMap, BTreeSet};

use mp2p::id::PeerId;
use mp2p::reservation::{Reservation, ReservationCheck, ReservationError, ReservationKind};
use mp2p::signed::VerifyingKey;
use serde::{Deserialize, Serialize};

/// Reservations at a time: more than OMS tells of in one answer there cannot be.
const MAX_LEASES: usize = mp2p::message::server::MAX_IN_FORCE;
/// For so long after its end a reservation may still be renewed, seconds.
const GRACE_S: u64 = 60;

/// A reservation in force.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lease {
    /// What OMS signed.
    pub reservation: Reservation,
    /// What came of it so far.
    #[serde(default)]
    pub used: Used,
}

/// How much went through for a reservation since it began, bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Used {
    /// Came in.
    pub bytes_in: u64,
    /// Went out.
    pub bytes_out: u64,
    /// Is kept now.
    pub kept_bytes: u64,
}

/// Why a reservation is not kept.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Forged, of another server, of another time, or older than what is known.
    #[error(transparent)]
    Reservation(#[from] ReservationError),
    /// Not for a cache.
    #[error("a cache does not relay")]
    Kind,
    /// More than there is.
    #[error("{asked_bytes} bytes are to be kept, {free_bytes} are free")]
    NoRoom {
        /// What is to be reserved.
        asked_bytes: u64,
        /// What is not reserved.
        free_bytes: u64,
    },
    /// A bound.
    #[error("{MAX_LEASES} reservations are kept at most")]
    TooMany,
}

/// All reservations in force.
#[derive(Clone, Debug)]
pub struct Book {
    own: PeerId,
    storage_bytes: u64,
    floor: u64,
    leases: BTreeMap<String, Lease>,
}

impl Book {
    /// Of a cache that has `storage_bytes` to give, with what an earlier run has noted.
    #[must_use]
    pub fn new(own: PeerId, storage_bytes: u64, floor: u64, leases: Vec<Lease>) -> Self {
        let leases = leases.into_iter().take(MAX_LEASES);
        let leases = leases.map(|lease| (lease.reservation.reservation_id.to_string(), lease));
        Self { own, storage_bytes, floor, leases: leases.collect() }
    }

    /// Takes a reservation, or a later form of one; whether that changes anything.
    ///
    /// # Errors
    /// [`Refused`]; nothing is changed then.
    pub fn take(&mut self, text: &str, key: &VerifyingKey, now: u64) -> Result<bool, Refused> {
        let reservation = Reservation::open(text, key)?;
        if reservation.kind == ReservationKind::Rs {
            return Err(Refused::Kind);
        }
        let id = reservation.reservation_id.to_string();
        let known = self.leases.get(&id);
        let epoch = known.map_or(self.floor, |lease| lease.reservation.epoch.max(self.floor));
        let holder = &reservation.holder;
        reservation.check(&ReservationCheck { server: &self.own, holder, epoch, now })?;
        if known.is_some_and(|lease| lease.reservation == reservation) {
            return Ok(false);
        }
        if known.is_none() && self.leases.len() >= MAX_LEASES {
            return Err(Refused::TooMany);
        }
        let own = known.map_or(0, |lease| lease.reservation.storage_bytes);
        let free_bytes = self.storage_bytes.saturating_sub(self.reserved_bytes() - own);
        if reservation.storage_bytes > free_bytes {
            return Err(Refused::NoRoom { asked_bytes: reservation.storage_bytes, free_bytes });
        }
        let used = known.map(|lease| lease.used).unwrap_or_default();
        self.leases.insert(id, Lease { reservation, used });
        Ok(true)
    }

    /// OMS needs it no more; whether it was there.
    pub fn release(&mut self, id: &str) -> bool {
        self.leases.remove(id).is_some()
    }

    /// Reservations of older epochs are void; how many that were.
    pub fn raise(&mut self, floor: u64) -> usize {
        let before = self.leases.len();
        self.floor = self.floor.max(floor);
        self.leases.retain(|_, lease| lease.reservation.epoch >= self.floor);
        before - self.leases.len()
    }

    /// Of those that were `known` when OMS was asked, only what it has told of goes on.
    pub fn settle(&mut self, known: &BTreeSet<String>, told: &BTreeSet<String>) {
        self.leases.retain(|id, _| told.contains(id) || !known.contains(id));
    }

    /// Ends what is over at `now`, Unix seconds; whether there was any.
    pub fn sweep(&mut self, now: u64) -> bool {
        let before = self.leases.len();
        self.leases.retain(|_, lease| lease.reservation.exp.saturating_add(GRACE_S) > now);
        self.leases.len() < before
    }

    /// What went through for a reservation, beside what did before.
    pub fn add(&mut self, id: &str, bytes_in: u64, bytes_out: u64) {
        if let Some(Lease { used, .. }) = self.leases.get_mut(id) {
            used.bytes_in = used.bytes_in.saturating_add(bytes_in);
            used.bytes_out = used.bytes_out.saturating_add(bytes_out);
        }
    }

    /// What is kept under each reservation now.
    pub fn keeps(&mut self, kept: &BTreeMap<String, u64>) {
        for (id, lease) in &mut self.leases {
            lease.used.kept_bytes = kept.get(id).copied().unwrap_or_default();
        }
    }

    /// All, the oldest first.
    pub fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.values()
    }

    /// Their names.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.leases.keys().cloned().collect()
    }

    /// Bytes that are reserved.
    #[must_use]
    pub fn reserved_bytes(&self) -> u64 {
        self.leases.values().map(|lease| lease.reservation.storage_bytes).sum()
    }

    /// Bytes that it has to give in all.
    #[must_use]
    pub fn storage_bytes(&self) -> u64 {
        self.storage_bytes
    }

    /// It has more to give from now on, or less; what is reserved already stays.
    pub fn resize(&mut self, storage_bytes: u64) {
        self.storage_bytes = storage_bytes;
    }

    /// The lowest epoch that counts.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The highest epoch that is known; none where nothing is.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        let epochs = self.leases.values().map(|lease| lease.reservation.epoch);
        epochs.chain([self.floor]).max().filter(|epoch| *epoch > 0)
    }
}

impl Lease {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.reservation.reservation_id
    }

    /// Whether all that was granted has gone through.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        let (quota, used) = (self.reservation.quota_bytes, &self.used);
        quota > 0 && used.bytes_in.saturating_add(used.bytes_out) >= quota
    }
}

#[cfg(test)]
mod tests;
