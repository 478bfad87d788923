//! One content at work: its engine, driven with sockets, files and a clock.
//!
//! ```text
//!  membership ─ list ──┐                       ┌─► dial ──► link
//!  arrivals ─ link ────┼─► driver ─ engine ────┼─► store: read, write
//!  links ─ frames ─────┤       (poll, tick)    ├─► frames
//!  store ─ done ───────┘                       └─► reports, receipts
//! ```

mod classes;
mod disk;
mod driver;
mod forbidden;
mod freshness;
mod keeper;
mod links;
mod looking;
mod notary;
mod player;
mod reach;
mod reporting;
mod room;
mod standing;
mod start;
mod stopping;
mod success;
mod touched;
mod view;
mod waiting;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use mp2p::id::PeerId;
use mp2p::message::event::ReservationId;
use mp2p::message::join::PeerAddress;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::content::Store;
use crate::control::message::{State, TransferStatus};
use crate::node::{Kept, Node};
use crate::plain::plain;
use crate::transfer::player::Players;
use crate::transfer::start::Setup;
use crate::wire::Arrival;

pub(crate) use crate::transfer::notary::unix_s;
pub use crate::transfer::player::Player;

/// Commands and arrivals that wait for a driver.
const MAX_QUEUED: usize = 64;

/// A content at work; dropping it ends it.
pub struct Transfer {
    commands: mpsc::Sender<Command>,
    status: Shown,
    store: watch::Receiver<Option<Arc<Store>>>,
    players: Players,
    ending: CancellationToken,
    ended: CancellationToken,
}

/// What is shown of a transfer; the driver writes it.
pub(crate) type Shown = Arc<Mutex<TransferStatus>>;

/// What a driver is told.
pub(crate) enum Command {
    /// Somebody came for this content.
    Arrived(Box<Arrival>),
    /// A member asks to be dialled there.
    Meet(PeerId, PeerAddress),
    /// A reservation is over.
    Released(ReservationId),
    /// The limits changed.
    Limits,
    /// The provider says that its distribution is to end: the signed order.
    Stop(String),
    /// The provider has expelled somebody; passkeys of older epochs are void.
    Expelled(PeerId, u64),
    /// Certificates with one of these marks are refused from now on.
    Revoked(Arc<BTreeSet<String>>),
    /// More is forbidden than was.
    Denied,
    /// The list is no longer what it was.
    Reorganised,
    /// Players are at these fragments.
    Play(Vec<u32>),
    /// A fragment is no longer what it was on the disk.
    Lost(u32),
}

impl Transfer {
    /// Starts to work on what is kept.
    ///
    /// # Errors
    /// The keys of this peer are of no use.
    pub fn start(node: &Arc<Node>, kept: Kept) -> anyhow::Result<Self> {
        let (commands, queue) = mpsc::channel(MAX_QUEUED);
        let status = Arc::new(Mutex::new(TransferStatus {
            content_id: kept.index.content_id.clone(),
            overlay_id: kept.index.overlay_id.clone(),
            title: plain(&kept.index.title),
            cached: kept.place.cached.is_some(),
            state: State::Fetching,
            message: Some("looking at what is here".to_owned()),
            no_room: false,
            size: kept.index.size(),
            have: 0,
            waiting: 0,
            down_rate: 0,
            up_rate: 0,
            downloaded: 0,
            uploaded: 0,
            ranked_by: None,
            members: 0,
            neighbours: Vec::new(),
            by_rank: Vec::new(),
            by_path: Vec::new(),
        }));
        let (ending, ended) = (CancellationToken::new(), CancellationToken::new());
        let own = (commands.clone(), ending.clone());
        let (opened, store) = watch::channel(None);
        let setup = Setup::new(node, kept, (Arc::clone(&status), opened), own)?;
        let guard = ended.clone().drop_guard();
        node.tasks.spawn(async move {
            start::run(setup, queue).await;
            drop(guard);
        });
        Ok(Self { commands, status, store, players: Players::default(), ending, ended })
    }

    /// How far it is.
    #[must_use]
    pub fn status(&self) -> TransferStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its fragments, as soon as it is known what is here; `None` where it ended before.
    pub async fn store(&self) -> Option<Arc<Store>> {
        let mut store = self.store.clone();
        store.wait_for(Option::is_some).await.ok().and_then(|store| store.clone())
    }

    /// Ends it: takes leave of everybody.
    pub fn end(&self) {
        self.ending.cancel();
    }

    /// Whether it has ended, by itself or told to.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Until it has ended.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// Somebody came for this content; turned away where too many wait.
    pub(crate) fn arrived(&self, arrival: Arrival) {
        let _ = self.commands.try_send(Command::Arrived(Box::new(arrival)));
    }

    /// Tells it; what cannot be told now is told by the next list.
    pub(crate) fn tell(&self, command: Command) {
        let _ = self.commands.try_send(command);
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.ending.cancel();
    }
}
