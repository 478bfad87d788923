//! Forced stop at OMS (TR 20002 §8.3.4 steps 3 to 5).
//!
//! ```text
//!  R-IXS order ─► number, signature ─► tombstone on disk ─► members out of the lists
//!                                          │                └► event `stop` to each of them
//!  join, refresh ─► 410 with the stop ◄────┘
//!  peers ─ signed acknowledgements ─► result ─► R-IXS
//! ```
//!
//! A stopped overlay stays stopped, after a restart and whoever makes one of that name again, until
//! an authority has the takedown lifted: the tombstone stays, marked, and peers are told that the
//! stop of its number is void.

mod lift;
mod rows;
mod schema;
mod stones;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::message::event::Event;
use mp2p::message::takedown::StopResult;
use mp2p::signed::SignedError;
use mp2p::stop::{Stop, StopAck};
use rusqlite::{OptionalExtension, params};

use crate::calls::StopOrder;
use crate::database::{Database, DatabaseError};
use crate::events::{Delivery, Outbox};
use crate::overlay::SwarmStore;
use crate::passkeys::Passkeys;
use crate::stop::rows::{keep, load, read_result, stored};
use crate::stop::stones::Stones;

/// Stops distributions.
pub struct Stopper {
    store: Arc<dyn SwarmStore>,
    events: Arc<Outbox>,
    passkeys: Arc<Passkeys>,
    database: Database,
    stones: RwLock<Stones>,
    /// The newest number; one stop is made at a time.
    last: tokio::sync::Mutex<u64>,
    /// Numbers of the events that told of stops.
    posted: RwLock<Posted>,
}

/// By stop: whom, and the number of the event.
type Posted = std::collections::HashMap<u64, Vec<(PeerId, u64)>>;

/// A stop is not made, or an acknowledgement not taken.
#[derive(Debug, thiserror::Error)]
pub enum StopFault {
    /// The store beneath.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Forged, damaged, or it cannot be signed.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// A text is too long for the object that is signed.
    #[error("reason or authority is too long")]
    Text,
    /// A stop of this number was not for that overlay, or not for that peer.
    #[error("stop {0} does not wait for this peer")]
    Unknown(u64),
}

impl Stopper {
    /// Opens or makes the stops at `path`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(
        path: &Path,
        store: Arc<dyn SwarmStore>,
        events: Arc<Outbox>,
        passkeys: Arc<Passkeys>,
    ) -> Result<Self, DatabaseError> {
        let database = Database::open(path, &schema::MIGRATIONS)?;
        let (stones, last) = database.read_now(load)?;
        let (stones, last) = (RwLock::new(stones), tokio::sync::Mutex::new(last));
        let posted = RwLock::default();
        Ok(Self { store, events, passkeys, database, stones, last, posted })
    }

    /// The stop of a whole overlay; a peer that comes to it hears of it so.
    #[must_use]
    pub fn stopped(&self, overlay: &OverlayId) -> Option<Arc<str>> {
        let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
        stones.of(overlay)?.whole.last().map(|(_, signed)| Arc::clone(signed))
    }

    /// Stops of single contents of an overlay.
    #[must_use]
    pub fn stopped_contents(&self, overlay: &OverlayId) -> Vec<Arc<str>> {
        let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
        let contents = stones.of(overlay).map_or(&[][..], |stone| &stone.contents);
        contents.iter().map(|(.., signed)| Arc::clone(signed)).collect()
    }

    /// A peer was told of the stops of an overlay by an answer.
    pub async fn told(&self, overlay: &OverlayId, peer: &PeerId) {
        let new: Vec<u64> = {
            let mut stones = self.write_stones();
            let Some(stone) = stones.of(overlay).cloned() else { return };
            let whole = stone.whole.into_iter().map(|(seq, _)| seq);
            let all: Vec<u64> = whole.chain(stone.contents.iter().map(|one| one.0)).collect();
            all.into_iter().filter(|seq| stones.told(*seq, peer)).collect()
        };
        for seq in new {
            if let Err(error) = self.mark(vec![(seq, peer.clone())]).await {
                tracing::warn!(%error, seq, "that a peer was told of a stop was not kept");
            }
        }
    }

    /// Takes an acknowledgement, whoever brings it.
    ///
    /// # Errors
    /// It is forged, or nobody waits for it. One that is brought again changes nothing.
    pub async fn acknowledge(&self, text: &str, now: u64) -> Result<(), StopFault> {
        let ack = StopAck::open(text)?;
        let seq = ack.seq;
        self.write_stones().told(seq, &ack.peer_id);
        let written = self.database.write(move |tx| {
            let is_there = tx
                .prepare_cached(
                    "SELECT 1 FROM stopped JOIN stop USING (seq)
                     WHERE seq = ?1 AND peer = ?2 AND overlay = ?3",
                )?
                .exists(params![stored(seq), &*ack.peer_id.digits(), ack.overlay_id.as_str()])?;
            tx.prepare_cached(
                "UPDATE stopped SET acknowledged = ?3, forwarded = ?4
                 WHERE seq = ?1 AND peer = ?2 AND acknowledged IS NULL AND ?5",
            )?
            .execute(params![
                stored(seq),
                &*ack.peer_id.digits(),
                now,
                ack.forwarded,
                is_there
            ])?;
            Ok(is_there)
        });
        if written.await? { Ok(()) } else { Err(StopFault::Unknown(seq)) }
    }

    /// Ends a distribution: for all members, and for `servers` that serve the overlay besides. The
    /// number of the stop; the same order again does nothing.
    ///
    /// # Errors
    /// It cannot be signed or kept; nothing is stopped then.
    pub async fn stop(&self, order: StopOrder, servers: Vec<PeerId>) -> Result<u64, StopFault> {
        let mut last = self.last.lock().await;
        let (id, overlay) = (order.id.clone(), order.overlay.clone());
        let known = self.database.read(move |tx| {
            tx.prepare_cached("SELECT seq FROM stop WHERE order_id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()
        });
        if let Some(seq) = known.await? {
            return Ok(seq);
        }
        let seq = *last + 1;
        let too_long = |_| StopFault::Text;
        let stop = Stop {
            overlay_id: order.overlay.clone(),
            content_id: order.content.clone(),
            seq,
            iat: order.now,
            reason: Text::new(order.reason.clone()).map_err(too_long)?,
            authority: Text::new(order.authority.clone()).map_err(too_long)?,
        };
        let signed: Arc<str> = self.passkeys.sign_stop(&stop)?.into();
        // Joins are refused from here on, so that whoever is a member below is all there is.
        let put = (seq, Arc::clone(&signed));
        self.write_stones().put(overlay.clone(), order.content.clone(), put);
        let members = self.store.members(&overlay, order.now).unwrap_or_default();
        let peers = members.iter().map(|member| member.peer.clone()).chain(servers);
        let peers: Vec<PeerId> = peers.collect::<BTreeSet<_>>().into_iter().collect();
        let (kept, text) = (peers.clone(), Arc::clone(&signed));
        let is_whole = order.content.is_none();
        let written = self.database.write(move |tx| keep(tx, &order, seq, &text, &kept)).await;
        if let Err(error) = written {
            self.write_stones().take(&overlay, seq);
            return Err(error.into());
        }
        *last = seq;
        self.write_stones().wait_for((seq, &signed), peers.iter().cloned());
        self.spread(&overlay, seq, &signed, is_whole, &peers);
        Ok(seq)
    }

    /// Tells everybody, and lets the members go where all of the overlay is over.
    fn spread(
        &self,
        overlay: &OverlayId,
        seq: u64,
        signed: &str,
        is_whole: bool,
        peers: &[PeerId],
    ) {
        match Text::new(signed) {
            Ok(stop) => {
                let posted = self.events.post_all(peers, &Event::Stop { stop });
                let mut all = self.posted.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(seq, posted);
            }
            Err(error) => tracing::error!(%error, seq, "a stop is too long for an event"),
        }
        if is_whole {
            self.store.remove(overlay);
        }
        tracing::warn!(%overlay, seq, members = peers.len(), "a distribution is stopped");
    }

    /// Puts down who took a stop from its event stream.
    async fn note_deliveries(&self, seq: u64) -> Result<(), DatabaseError> {
        let arrived: Vec<PeerId> = {
            let mut posted = self.posted.write().unwrap_or_else(PoisonError::into_inner);
            let Some(waiting) = posted.get_mut(&seq) else { return Ok(()) };
            let has_arrived = |one: &(PeerId, u64)| {
                matches!(
                    self.events.delivery(&one.0, one.1),
                    Delivery::Acknowledged | Delivery::Sent
                )
            };
            let (arrived, rest) = waiting.drain(..).partition(has_arrived);
            *waiting = rest;
            if waiting.is_empty() {
                posted.remove(&seq);
            }
            let arrived: Vec<(PeerId, u64)> = arrived;
            arrived.into_iter().map(|(peer, _)| peer).collect()
        };
        let new: Vec<(u64, PeerId)> = {
            let mut stones = self.write_stones();
            let told = arrived.into_iter().filter(|peer| stones.told(seq, peer));
            told.map(|peer| (seq, peer)).collect()
        };
        self.mark(new).await
    }

    async fn mark(&self, told: Vec<(u64, PeerId)>) -> Result<(), DatabaseError> {
        if told.is_empty() {
            return Ok(());
        }
        let written = self.database.write(move |tx| {
            let mut mark =
                tx.prepare_cached("UPDATE stopped SET told = 1 WHERE seq = ?1 AND peer = ?2")?;
            for (seq, peer) in &told {
                mark.execute(params![stored(*seq), &*peer.digits()])?;
            }
            Ok(())
        });
        written.await
    }

    /// What has become of a stop.
    ///
    /// # Errors
    /// The database.
    pub async fn result(&self, seq: u64) -> Result<Option<StopResult>, DatabaseError> {
        self.note_deliveries(seq).await?;
        self.database.read(move |tx| read_result(tx, seq)).await
    }

    fn write_stones(&self) -> RwLockWriteGuard<'_, Stones> {
        self.stones.write().unwrap_or_else(PoisonError::into_inner)
    }
}
