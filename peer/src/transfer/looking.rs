//! Looks at the disk now and then: whether there is room for what is to come, and whether somebody
//! has taken whole files away, or changed them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mp2p::id::ContentId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::content::Store;
use crate::control::message::State;
use crate::node::{Kept, Lack, Node};
use crate::transfer::{Command, Shown};

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(3);

/// What the last look found lacking; its driver shows it.
pub(crate) type Lacking = Arc<Mutex<Option<Lack>>>;

/// The room that a fetch has taken; given back by being dropped.
pub(crate) struct Room {
    node: Arc<Node>,
    content: ContentId,
    root: PathBuf,
}

impl Room {
    /// Nothing is taken yet.
    pub(crate) fn of(node: &Arc<Node>, kept: &Kept) -> Arc<Self> {
        let (content, root) = (kept.index.content_id.clone(), kept.place.root.clone());
        Arc::new(Self { node: Arc::clone(node), content, root })
    }

    /// Takes what is to come. Blocks.
    fn take(&self, store: &Store) -> Option<Lack> {
        let (here, all) = store.progress();
        let bytes = all.saturating_sub(here);
        self.node.spaces.take(&self.content, &self.root, bytes).err()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.node.spaces.give_back(&self.content);
    }
}

/// Until the disk has room for all that is to come of a content of which nothing is here. With
/// `anyway` nobody waits.
///
/// # Errors
/// It was given up meanwhile.
pub(crate) async fn wait_for_room(
    room: &Arc<Room>,
    (store, shown): (&Arc<Store>, &Shown),
    anyway: bool,
    (commands, ending): (&mut mpsc::Receiver<Command>, &CancellationToken),
) -> Result<(), Ended> {
    loop {
        let (own, held) = (Arc::clone(room), Arc::clone(store));
        let taken = tokio::task::spawn_blocking(move || own.take(&held)).await;
        let (here, size) = store.progress();
        let lack = taken.ok().flatten().filter(|_| here == 0 && !anyway);
        {
            let mut status = shown.lock().unwrap_or_else(PoisonError::into_inner);
            (status.have, status.size) = (here, size);
            status.no_room = lack.is_some();
            let Some(lack) = lack else { return Ok(()) };
            status.state = State::Fetching;
            status.message = Some(format!("{lack}; it begins once there is room"));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = ending.cancelled() => return Err(Ended),
            // Nothing is here to be given, and nobody has been told of us.
            Some(_command) = commands.recv() => {}
        }
    }
}

/// It was given up.
pub(crate) struct Ended;

/// Looks until `ending`, and tells the driver.
pub(crate) async fn run(
    (room, lacking): (Arc<Room>, Lacking),
    store: Arc<Store>,
    (commands, ending): (mpsc::Sender<Command>, CancellationToken),
) {
    loop {
        let (own, held, over) = (Arc::clone(&room), Arc::clone(&store), ending.clone());
        let looked = tokio::task::spawn_blocking(move || {
            (own.take(&held), held.look(|| over.is_cancelled()))
        });
        let Ok((lack, touched)) = looked.await else { return };
        *lacking.lock().unwrap_or_else(PoisonError::into_inner) = lack;
        if let Some(fragment) = touched {
            let _ = commands.send(Command::Lost(fragment)).await;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = ending.cancelled() => return,
        }
    }
}
