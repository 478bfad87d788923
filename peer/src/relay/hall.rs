//! Who keeps a connection at this relay, who wants to reach whom, and what is let through. No
//! sockets but those that wait for their other end, no clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mp2p::id::{OverlayId, PeerId};
use mp2p::passkey::{Check, Passkey};
use mp2p::relay::{CircuitKey, Refusal, Say};
use mp2p::reservation::{Reservation, ReservationCheck, ReservationKind};
use mp2p::signed::VerifyingKey;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::relay::{Account, Lender};
use crate::revoked::{Marks, is_refused};

/// Peers that keep a connection here at a time.
const MAX_HELD: usize = 10_000;
/// Circuits of one reservation at a time.
const MAX_CIRCUITS: usize = 64;
/// Accounts told of later at most; beyond that the oldest is forgotten.
const MAX_PAST: usize = 10_000;
/// Both ends of a circuit have to come within so many seconds.
const CIRCUIT_WAIT_S: u64 = 10;

/// What this relay checks what it is shown against.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The relay itself.
    pub own: PeerId,
    /// The provider's trust domain.
    pub issuer: String,
    /// The key that OMS signs with.
    pub oms_key: VerifyingKey,
    /// Of this relay's registration: reservations of others are void.
    pub epoch: u64,
    /// The lowest epoch of passkeys that is good.
    pub passkey_epoch: u64,
}

/// What a reservation was used for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Usage {
    /// Which reservation.
    pub reservation: String,
    /// Whose.
    pub holder: PeerId,
    /// Bytes to the holder.
    pub bytes_in: u64,
    /// Bytes from the holder.
    pub bytes_out: u64,
}

/// A refusal and its reason.
pub(crate) type Refused = (Refusal, String);

/// The hall.
pub struct Hall {
    inner: Mutex<Inner>,
    /// A reservation is over: its usage is final.
    pub(crate) ended: Notify,
}

struct Inner {
    guard: Guard,
    lender: Arc<Lender>,
    held: HashMap<String, Held>,
    waiting: HashMap<CircuitKey, Waiting>,
    /// Accounts of reservations whose holder is gone, while they are good: it may come back.
    accounts: HashMap<String, (Arc<Account>, u64)>,
    /// Usage of reservations that are over, until somebody takes it.
    past: Vec<Usage>,
    /// Who asked for each circuit, by the marks of its certificate, and what ends it.
    askers: Vec<(Marks, CancellationToken)>,
}

struct Held {
    /// Of the holder's certificate.
    marks: Marks,
    reservation: Reservation,
    control: mpsc::Sender<Say>,
    account: Arc<Account>,
    ended: CancellationToken,
    circuits: Arc<()>,
}

/// One end of a circuit.
struct Waiting {
    other: CircuitKey,
    reservation: String,
    is_holder: bool,
    stream: Option<TcpStream>,
    until: u64,
    ended: CancellationToken,
}

/// Both ends of a circuit are there.
pub(crate) struct Pair {
    pub(crate) holder: TcpStream,
    pub(crate) other: TcpStream,
    pub(crate) account: Arc<Account>,
    pub(crate) ended: CancellationToken,
    /// It is over when this is dropped.
    pub(crate) _over: DropGuard,
    /// Counts as a circuit of its reservation while it lives.
    pub(crate) _circuit: Arc<()>,
}

impl Hall {
    /// An empty one; what nobody uses of the relay is `lender`'s to give.
    #[must_use]
    pub fn new(guard: Guard, lender: Lender) -> Self {
        let lender = Arc::new(lender);
        let (held, waiting, accounts) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (past, askers) = (Vec::new(), Vec::new());
        let inner = Inner { guard, lender, held, waiting, accounts, past, askers };
        Self { inner: Mutex::new(inner), ended: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the provider says of epochs.
    pub fn epochs(&self, registration: u64, passkey: u64) {
        let mut inner = self.lock();
        inner.guard.epoch = registration;
        inner.guard.passkey_epoch = inner.guard.passkey_epoch.max(passkey);
    }

    /// A peer keeps a connection here, or renews; until when, and what ends it.
    pub(crate) fn reserve(
        &self,
        text: &str,
        (holder, marks): (&PeerId, &Marks),
        control: mpsc::Sender<Say>,
        now: u64,
    ) -> Result<(String, u64, CancellationToken), Refused> {
        let mut inner = self.lock();
        let forbidden = |error: &dyn std::fmt::Display| (Refusal::Forbidden, error.to_string());
        let reservation =
            Reservation::open(text, &inner.guard.oms_key).map_err(|error| forbidden(&error))?;
        // A later form of it may be here already: what it renewed is void (Req-Net-130).
        let newest = inner.held.get(&*reservation.reservation_id).map(|it| it.reservation.epoch);
        let epoch = inner.guard.epoch.max(newest.unwrap_or_default());
        let check = ReservationCheck { server: &inner.guard.own, holder, epoch, now };
        reservation.check(&check).map_err(|error| forbidden(&error))?;
        if reservation.exp <= now {
            return Err(forbidden(&"the reservation has run out"));
        }
        if reservation.kind != ReservationKind::Rs {
            return Err(forbidden(&"the reservation is of no relay"));
        }
        let id = reservation.reservation_id.to_string();
        let (expires, full) = (reservation.exp, inner.held.len() >= MAX_HELD);
        if let Some(held) = inner.held.get_mut(&id) {
            held.reservation = reservation;
            held.control = control;
            held.marks.clone_from(marks);
            return Ok((id, expires, held.ended.clone()));
        }
        if full {
            return Err((Refusal::InsufficientCapacity, "no room for more".to_owned()));
        }
        // What was used before the holder came back counts.
        let account = inner.accounts.remove(&id).map_or_else(
            || {
                let account = Account::new(reservation.quota_bytes, reservation.bandwidth_bps);
                Arc::new(account.lent_by(Arc::clone(&inner.lender)))
            },
            |(account, _)| account,
        );
        if account.is_exhausted() {
            inner.accounts.insert(id, (account, expires));
            return Err((Refusal::QuotaReached, "the quota is used up".to_owned()));
        }
        let ended = CancellationToken::new();
        let held = Held {
            marks: marks.clone(),
            reservation,
            control,
            account,
            ended: ended.clone(),
            circuits: Arc::new(()),
        };
        inner.held.insert(id.clone(), held);
        Ok((id, expires, ended))
    }

    /// A peer wants to reach another: the key of its end. The other is told of its own.
    pub(crate) fn connect(
        &self,
        (asker, certificate, marks): (&PeerId, &str, &Marks),
        (to, overlay, passkey): (&PeerId, &OverlayId, &str),
        keys: [CircuitKey; 2],
        now: u64,
    ) -> Result<CircuitKey, Refused> {
        let mut inner = self.lock();
        let check = Check {
            issuer: &inner.guard.issuer,
            overlay,
            holder: asker,
            certificate,
            epoch: inner.guard.passkey_epoch,
            now,
        };
        Passkey::open(passkey, &inner.guard.oms_key, &check)
            .map_err(|error| (Refusal::Forbidden, error.to_string()))?;
        let found = inner.held.iter().find(|(_, held)| {
            held.reservation.holder == *to
                && held.reservation.overlay_id == *overlay
                && held.reservation.exp > now
        });
        let none = || (Refusal::NoReservation, format!("{to} keeps no connection here"));
        let (id, held) = found.ok_or_else(none)?;
        if held.account.is_exhausted() {
            return Err((Refusal::QuotaReached, "the quota is used up".to_owned()));
        }
        if Arc::strong_count(&held.circuits) > MAX_CIRCUITS {
            return Err((Refusal::InsufficientCapacity, "too many circuits".to_owned()));
        }
        let [near, far] = keys;
        let incoming = Say::Incoming { circuit: far, from: asker.clone() };
        held.control.try_send(incoming).map_err(|_gone| none())?;
        let (id, ended) = (id.clone(), held.ended.child_token());
        inner.askers.push((marks.clone(), ended.clone()));
        for (key, other, is_holder) in [(near, far, false), (far, near, true)] {
            let until = now + CIRCUIT_WAIT_S;
            let reservation = id.clone();
            let ended = ended.clone();
            let end = Waiting { other, reservation, is_holder, stream: None, until, ended };
            inner.waiting.insert(key, end);
        }
        Ok(near)
    }

    /// One end of a circuit has come; both, where the other is there already.
    pub(crate) fn open(&self, key: CircuitKey, stream: TcpStream, now: u64) -> Option<Pair> {
        let mut inner = self.lock();
        let end = inner.waiting.get_mut(&key)?;
        if end.until < now || end.stream.is_some() {
            return None;
        }
        let other_key = end.other;
        if inner.waiting.get(&other_key).is_none_or(|other| other.stream.is_none()) {
            inner.waiting.get_mut(&key)?.stream = Some(stream);
            return None;
        }
        let end = inner.waiting.remove(&key)?;
        let other = inner.waiting.remove(&other_key)?.stream?;
        let held = inner.held.get(&end.reservation)?;
        let (holder, other) = if end.is_holder { (stream, other) } else { (other, stream) };
        Some(Pair {
            holder,
            other,
            account: Arc::clone(&held.account),
            _over: end.ended.clone().drop_guard(),
            ended: end.ended,
            _circuit: Arc::clone(&held.circuits),
        })
    }

    /// Ends a reservation and its circuits.
    pub fn release(&self, id: &str, reason: &str) {
        let mut inner = self.lock();
        if let Some(held) = inner.held.remove(id) {
            inner.end(id, &held, reason);
            self.ended.notify_one();
        }
    }

    /// Ends what those have whose certificates have one of these marks: their reservations, and the
    /// circuits that they asked for.
    pub(crate) fn revoked(&self, refused: &BTreeSet<String>) {
        let inner = self.lock();
        let theirs = inner.held.iter().filter(|(_, held)| is_refused(&held.marks, refused));
        let ids: Vec<String> = theirs.map(|(id, _)| id.clone()).collect();
        for (_, ended) in inner.askers.iter().filter(|(marks, _)| is_refused(marks, refused)) {
            ended.cancel();
        }
        drop(inner);
        ids.iter().for_each(|id| self.release(id, "the certificate is good no more"));
    }

    /// The holder's connection is gone; its circuits go on until the reservation runs out.
    pub(crate) fn left(&self, id: &str, control: &mpsc::Sender<Say>) {
        let mut inner = self.lock();
        if inner.held.get(id).is_some_and(|held| held.control.same_channel(control)) {
            let idle = |held: &Held| Arc::strong_count(&held.circuits) == 1;
            if inner.held.get(id).is_some_and(idle)
                && let Some(held) = inner.held.remove(id)
            {
                inner.end(id, &held, "the connection is gone");
                self.ended.notify_one();
            }
        }
    }

    /// Ends what has run out.
    pub fn sweep(&self, now: u64) {
        let mut inner = self.lock();
        inner.waiting.retain(|_, end| {
            if end.until < now {
                end.ended.cancel();
            }
            !end.ended.is_cancelled()
        });
        inner.askers.retain(|(_, ended)| !ended.is_cancelled());
        inner.accounts.retain(|_, (_, until)| *until > now);
        let over = |held: &Held| {
            held.reservation.exp <= now
                || held.account.is_exhausted()
                || (held.control.is_closed() && Arc::strong_count(&held.circuits) == 1)
        };
        let ids: Vec<String> =
            inner.held.iter().filter(|(_, held)| over(held)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            if let Some(held) = inner.held.remove(&id) {
                inner.end(&id, &held, "the reservation is over");
                self.ended.notify_one();
            }
        }
    }

    /// What is used now, and what reservations used that are over; those are told once.
    pub fn usage(&self) -> Vec<Usage> {
        let mut inner = self.lock();
        let mut usage = std::mem::take(&mut inner.past);
        usage.extend(inner.held.iter().map(|(id, held)| held.usage(id)));
        usage
    }

    /// Usage that was taken and could not be told: it is there the next time.
    pub(crate) fn untold(&self, usage: Usage) {
        let mut inner = self.lock();
        if !inner.held.contains_key(&usage.reservation) {
            inner.note(usage);
        }
    }

    /// Reservations that are here now, connections through them, and bytes that went through them,
    /// both ways.
    #[must_use]
    pub fn load(&self) -> (usize, usize, u64) {
        let inner = self.lock();
        let circuits = inner.held.values().map(|held| Arc::strong_count(&held.circuits) - 1).sum();
        let bytes = |held: &Held| {
            let (out, back) = held.account.used();
            out + back
        };
        (inner.held.len(), circuits, inner.held.values().map(bytes).sum())
    }

    /// Peers that keep a connection here.
    #[must_use]
    pub fn held(&self) -> usize {
        self.lock().held.len()
    }
}

impl Inner {
    fn note(&mut self, usage: Usage) {
        if self.past.len() >= MAX_PAST {
            self.past.remove(0);
        }
        self.past.push(usage);
    }

    fn end(&mut self, id: &str, held: &Held, reason: &str) {
        let reason = mp2p::message::bound::Text::new(reason).unwrap_or_default();
        let _ = held.control.try_send(Say::Released { reason });
        held.ended.cancel();
        self.waiting.retain(|_, end| end.reservation != id);
        let until = held.reservation.exp;
        if self.accounts.len() < MAX_HELD {
            self.accounts.insert(id.to_owned(), (Arc::clone(&held.account), until));
        }
        self.note(held.usage(id));
    }
}

impl Held {
    fn usage(&self, id: &str) -> Usage {
        let (bytes_out, bytes_in) = self.account.used();
        let holder = self.reservation.holder.clone();
        Usage { reservation: id.to_owned(), holder, bytes_in, bytes_out }
    }
}

#[cfg(test)]
mod tests;
