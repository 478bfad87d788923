//! This peer as a cache server (TR 20002 §8.2.5): registered with OMS, keeping what is reserved,
//! telling what came of it.
//!
//! ```text
//!  events ─► book ─┐                       ┌─► transfers: begin, put away, evict
//!  register ───────┼─► every second: plan ─┼─► usage to OMS
//!  rows of IXS ────┘                       └─► notes on the disk
//! ```

mod claiming;
mod faults;
mod keeping;
mod registering;
mod resource;
mod rows;
mod usage;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use link::identity::Role;
use mp2p::id::{ContentId, OverlayId};
use mp2p::signed::VerifyingKey;
use tokio::sync::Notify;

use crate::cache::{Book, Disk, Notes, NotesFile, Ranges, Share, Used};
use crate::control::message::{CacheReservation, CacheStatus};
use crate::node::Node;
use crate::node::caching::rows::Row;
use crate::relay::unix_s;

/// Between two looks at what is to be done.
const LOOK: Duration = Duration::from_secs(1);

/// What a cache knows, and where it keeps what it has.
pub(crate) struct Caching {
    state: Mutex<State>,
    /// Something is to be done now.
    due: Notify,
    disk: Disk,
    file: NotesFile,
    dedicated: bool,
}

struct State {
    book: Book,
    /// OMS' key; none before the first registration.
    key: Option<VerifyingKey>,
    registered: bool,
    rows: BTreeMap<OverlayId, Row>,
    /// As the last plan has it.
    shares: BTreeMap<ContentId, Share>,
    /// What is fetched and given now.
    running: BTreeMap<ContentId, Ranges>,
    /// What was put away, and the bytes that it takes.
    spare: BTreeMap<ContentId, u64>,
    last_used: BTreeMap<ContentId, u64>,
    /// Contents that its user is about to have.
    claimed: BTreeSet<ContentId>,
    /// What the disk refused, to be told.
    faulty: Option<String>,
    fault_told: Option<Instant>,
    /// Contents that could not be begun are not tried again before.
    not_before: HashMap<ContentId, Instant>,
    /// Bytes in and out of each running transfer, as counted so far.
    counted: HashMap<ContentId, (u64, u64)>,
    through: (u64, u64),
    /// What OMS was told of each reservation.
    told: HashMap<String, Used>,
    noted: Notes,
}

impl Caching {
    /// With what an earlier run has left.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub(crate) fn open(node: &Node) -> anyhow::Result<Self> {
        let settings = node.settings().cache;
        let folder = settings.folder.clone().unwrap_or_else(|| node.home.cache());
        let disk = Disk::open(&folder).with_context(|| folder.display().to_string())?;
        let file = NotesFile::at(node.home.cache_notes());
        let notes = file.read();
        let own = node.identity.peer.clone();
        let (floor, leases) = (notes.floor, notes.leases.clone());
        let book = Book::new(own, settings.storage_bytes(), floor, leases);
        let now = Instant::now();
        let rows = notes
            .rows
            .iter()
            .map(|(overlay, items)| (overlay.clone(), Row::known(items.clone(), now)));
        let state = State {
            book,
            key: None,
            registered: false,
            rows: rows.collect(),
            shares: BTreeMap::new(),
            running: BTreeMap::new(),
            spare: disk.all().into_iter().collect(),
            last_used: notes.last_used.clone(),
            claimed: BTreeSet::new(),
            faulty: None,
            fault_told: None,
            not_before: HashMap::new(),
            counted: HashMap::new(),
            through: notes.through,
            told: HashMap::new(),
            noted: notes,
        };
        let dedicated = node.identity.role == Role::CacheServer;
        Ok(Self { state: Mutex::new(state), due: Notify::new(), disk, file, dedicated })
    }

    /// OMS reserves something (TR 20002 §8.3.7 step 2).
    pub(crate) fn reserved(&self, node: &Arc<Node>, signed: &str) {
        let mut state = self.lock();
        // Before the first registration there is no key; its answer has all that is in force.
        let Some(key) = state.key.clone() else { return };
        match state.book.take(signed, &key, unix_s()) {
            Ok(_is_new) => self.due.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "a reservation is not kept");
                drop(state);
                self.give_back(node, signed, &key);
            }
        }
    }

    /// OMS releases a reservation.
    pub(crate) fn released(&self, id: &str) {
        if self.lock().book.release(id) {
            self.due.notify_one();
        }
    }

    /// Something is about an overlay: its contents are asked for again.
    pub(crate) fn look_at(&self, overlay: &OverlayId) {
        if let Some(row) = self.lock().rows.get_mut(overlay) {
            row.ask_soon(Instant::now());
        }
        self.due.notify_one();
    }

    /// [`Caching::look_at`] for all.
    pub(crate) fn look_at_all(&self) {
        let now = Instant::now();
        self.lock().rows.values_mut().for_each(|row| row.ask_soon(now));
        self.due.notify_one();
    }

    /// How it is.
    pub(crate) fn status(&self, node: &Node) -> CacheStatus {
        let running: u64 = {
            let transfers = node.lock();
            let cached = transfers.values().map(|one| one.status()).filter(|one| one.cached);
            cached.map(|one| one.have).sum()
        };
        let state = self.lock();
        let reservations = state.book.leases().map(|lease| {
            let of = &lease.reservation;
            CacheReservation {
                reservation_id: lease.id().to_owned(),
                kind: of.kind,
                overlay_id: of.overlay_id.clone(),
                holder: of.holder.clone(),
                storage_bytes: of.storage_bytes,
                kept_bytes: lease.used.kept_bytes,
                served_bytes: lease.used.bytes_out,
                expires: of.exp,
            }
        });
        CacheStatus {
            dedicated: self.dedicated,
            registered: state.registered,
            storage_bytes: state.book.storage_bytes(),
            reserved_bytes: state.book.reserved_bytes(),
            used_bytes: running + state.spare.values().sum::<u64>(),
            fetched_bytes: state.through.0,
            served_bytes: state.through.1,
            reservations: reservations.collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what has changed since the last time.
    fn note(&self) {
        let notes = {
            let state = self.lock();
            let rows = state.rows.iter().map(|(overlay, row)| (overlay.clone(), row.items()));
            Notes {
                floor: state.book.floor(),
                leases: state.book.leases().cloned().collect(),
                rows: rows.collect(),
                last_used: state.last_used.clone(),
                through: state.through,
            }
        };
        if self.lock().noted == notes {
            return;
        }
        match self.file.write(&notes) {
            Ok(()) => self.lock().noted = notes,
            Err(error) => tracing::warn!(%error, "what the cache knows cannot be noted"),
        }
    }
}

/// Keeps contents for others until shutdown.
pub(crate) async fn run(node: Arc<Node>, cache: Arc<Caching>) {
    let mut register_at = Instant::now();
    // What is reserved is kept, and given, before anybody is asked.
    cache.keep(&node).await;
    loop {
        if cache.tell_fault(&node).await {
            // Its answer says that nothing is reserved any more.
            register_at = Instant::now();
        }
        if Instant::now() >= register_at {
            register_at = Instant::now() + cache.register(&node).await;
        }
        cache.lock().book.sweep(unix_s());
        cache.ask_rows(&node).await;
        cache.count(&node);
        cache.keep(&node).await;
        cache.note();
        cache.tell_usage(&node).await;
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = cache.due.notified() => {}
            () = node.shutdown.wait() => break,
        }
    }
    cache.count(&node);
    cache.note();
}
