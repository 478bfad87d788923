//! One file of a content that may still be on its way.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use link::body::BoxError;
use mp2p::id::ContentId;
use tokio::sync::mpsc;

use crate::content::{Store, StoreFault};
use crate::control::message::State;
use crate::node::Node;
use crate::transfer::{Player, Transfer};

/// Whether a transfer still goes on is looked at this often while nothing comes.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes handed on at a time.
const PIECE_BYTES: usize = 64 << 10;

/// A file that can be read in order while it is fetched.
#[derive(Clone)]
pub struct Reel {
    transfer: Arc<Transfer>,
    store: Arc<Store>,
    file: usize,
    /// Names it for caches: content and place in it.
    pub tag: String,
    /// Its path in the content.
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// Why a file cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReelError {
    /// The content is neither shared nor fetched here.
    #[error("{0} is neither shared nor fetched")]
    Content(ContentId),
    /// It cannot be worked on.
    #[error("{0}")]
    Ended(String),
    /// There is no such file, or it is not fetched.
    #[error("it has no file {0} that is fetched")]
    File(String),
    /// More than one, and none is named.
    #[error("it has {0} files; --file PATH chooses one")]
    Several(usize),
}

impl Reel {
    /// The files of a content that can be played; waits until it is known what is here.
    ///
    /// # Errors
    /// [`ReelError`].
    pub async fn all(node: &Node, content: &ContentId) -> Result<Vec<Self>, ReelError> {
        let unknown = || ReelError::Content(content.clone());
        let transfer = node.transfer(content).ok_or_else(unknown)?;
        let Some(store) = transfer.store().await else {
            let why = transfer.status().message;
            return Err(ReelError::Ended(why.unwrap_or_else(|| "it was given up".to_owned())));
        };
        let wanted = (0..store.files().len()).filter(|file| store.is_wanted(*file));
        let reel = |file: usize| Self {
            transfer: Arc::clone(&transfer),
            file,
            tag: format!("\"{content}-{file}\""),
            name: store.files()[file].path.to_string(),
            size: store.layout().size(file),
            store: Arc::clone(&store),
        };
        Ok(wanted.map(reel).collect())
    }

    /// The file of this path; the only one where none is named.
    ///
    /// # Errors
    /// [`ReelError`].
    pub async fn of(
        node: &Node,
        content: &ContentId,
        file: Option<&str>,
    ) -> Result<Self, ReelError> {
        let mut all = Self::all(node, content).await?;
        match file {
            Some(name) => {
                let found = all.into_iter().find(|reel| reel.name == name);
                found.ok_or_else(|| ReelError::File(name.to_owned()))
            }
            None if all.len() == 1 => all.pop().ok_or(ReelError::Several(0)),
            None => Err(ReelError::Several(all.len())),
        }
    }

    /// Its place among the files of the content.
    #[must_use]
    pub fn place(&self) -> usize {
        self.file
    }

    /// Hands on a range of it, in order, each part as soon as it is here, until nobody takes it any
    /// more. What comes next is fetched first meanwhile.
    pub async fn play(self, range: Range<u64>, out: mpsc::Sender<Result<Bytes, BoxError>>) {
        let player = Player::of(Arc::clone(&self.transfer));
        let start = self.store.layout().start(self.file);
        let size = u64::from(self.store.layout().cut().fragment_size());
        let (mut at, end) = (start + range.start, start + range.end);
        while at < end {
            let fragment = u32::try_from(at / size).unwrap_or(u32::MAX);
            player.at(fragment);
            let read = tokio::select! {
                read = self.fragment(fragment, &player) => read,
                () = out.closed() => return,
            };
            let bytes = match read {
                Ok(bytes) => bytes,
                Err(error) => return drop(out.send(Err(error)).await),
            };
            let begin = usize::try_from(at % size).unwrap_or(usize::MAX).min(bytes.len());
            let left = usize::try_from(end - at).unwrap_or(usize::MAX);
            let mut part = bytes.slice(begin..bytes.len().min(begin.saturating_add(left)));
            if part.is_empty() {
                return;
            }
            at += part.len() as u64;
            while !part.is_empty() {
                let piece = part.split_to(part.len().min(PIECE_BYTES));
                if out.send(Ok(piece)).await.is_err() {
                    return;
                }
            }
        }
    }

    /// A whole fragment, checked, once it is here.
    async fn fragment(&self, fragment: u32, player: &Player) -> Result<Bytes, BoxError> {
        let mut changes = self.store.changes();
        loop {
            changes.borrow_and_update();
            if self.store.has(fragment) {
                let store = Arc::clone(&self.store);
                match tokio::task::spawn_blocking(move || store.read(fragment)).await? {
                    Ok(bytes) => return Ok(bytes),
                    Err(StoreFault::Lost { .. }) => player.misses(fragment),
                    Err(fault) => return Err(fault.into()),
                }
            }
            tokio::select! {
                changed = tokio::time::timeout(LOOK, changes.changed()) => drop(changed),
                () = self.transfer.ended() => return Err("the peer ends".into()),
            }
            let status = self.transfer.status();
            if matches!(status.state, State::Failed | State::Stopped) {
                return Err(status.message.unwrap_or_else(|| "it was stopped".to_owned()).into());
            }
            player.at(fragment);
        }
    }
}
