//! IXS, the index server (TR 20002 §8.3.4, §8.3.5): which contents there are, and in which overlay;
//! what is forbidden; whose distribution has to end.
//!
//! ```text
//!  publisher ─ index file ─► register ─► denylist? ─► contents ─► search ─► peers
//!  authority ─ takedown ──► contents out, denylist in ─► R-IXS: OMS stops it ─► result
//! ```
//!
//! All of it is one database; each change that somebody could contest is on record in its audit
//! trail, in the same transaction.

mod denylist;
mod lift;
mod lists;
mod pages;
mod places;
mod reasons;
mod register;
mod registered;
mod schema;
mod search;
mod takedown;
mod words;

use std::path::Path;
use std::sync::Arc;

use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use mp2p::index_file::IndexFileError;
use mp2p::message::content::DeniedKind;
use rusqlite::Connection;
use tokio::sync::Notify;

use crate::database::{Database, DatabaseError};
use crate::index::pages::Pages;

pub use crate::index::lift::Lifting;
pub use crate::index::reasons::{Reason, Reasons};
pub use crate::index::register::{Order, Publisher};
pub use crate::index::search::IndexEntry;
pub use crate::index::takedown::Which;

/// The role.
#[derive(Clone)]
pub struct Ixs {
    database: Database,
    /// There is a new one.
    takedowns: Arc<Notify>,
    /// Signs the list of what is forbidden, where this is a server.
    pages: Option<Arc<Pages>>,
}

/// A content is not taken.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store beneath.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Forged, or it does not fit together.
    #[error(transparent)]
    File(#[from] IndexFileError),
    /// A publisher registers its own.
    #[error("the index file is signed by {0}")]
    OtherPublisher(PeerId),
    /// A content has one publisher.
    #[error("content {0} was registered by another user")]
    OtherOwner(ContentId),
    /// An overlay has one, too.
    #[error("overlay {0} is another user's")]
    OtherOverlay(OverlayId),
    /// A content is cut in one way.
    #[error("content {0} is known with fragments of another size")]
    OtherCut(ContentId),
    /// A change has a higher number.
    #[error("version {version} is no later than {known}")]
    Version {
        /// Of the index file.
        version: u64,
        /// What is registered.
        known: u64,
    },
    /// There is nothing to replace or remove.
    #[error("content {0} is not registered")]
    Unknown(ContentId),
    /// Whoever ordered a takedown lifts it, or an operator.
    #[error("takedown {0} was ordered by another authority: that one lifts it, or an operator")]
    OtherAuthority(String),
    /// A takedown names neither.
    #[error("no content-id and no overlay-id")]
    NoOverlay,
    /// On the list of what is forbidden.
    #[error("{} {digest} is forbidden", kind_word(*.kind))]
    Denied {
        /// What.
        kind: DeniedKind,
        /// Of what.
        digest: String,
    },
}

const fn kind_word(kind: DeniedKind) -> &'static str {
    match kind {
        DeniedKind::Content => "content",
        DeniedKind::Fragment => "fragment",
    }
}

impl Ixs {
    /// Opens or makes the index at `path`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let filled = |tx: &Connection, migration| match migration {
            schema::LISTED => register::list_all(tx),
            _ => Ok(()),
        };
        let database = Database::open_filled(path, &schema::MIGRATIONS, filled)?;
        Ok(Self { database, takedowns: Arc::default(), pages: None })
    }

    /// Removes a content of `owner`'s, who publishes it no more (X.609.9 `OCMP_CONTENT_REMOVE`).
    ///
    /// # Errors
    /// It is not registered, or another's.
    pub async fn remove(&self, content: ContentId, owner: UserId) -> Result<(), IndexError> {
        let asked = content.clone();
        let removed = self.database.write(move |tx| {
            let Some(known) = registered::known(tx, &asked)? else { return Ok(None) };
            let is_own = known.owner == owner.as_str();
            if is_own {
                registered::delete(tx, known.number)?;
            }
            Ok(Some(is_own))
        });
        match removed.await? {
            Some(true) => Ok(()),
            Some(false) => Err(IndexError::OtherOwner(content)),
            None => Err(IndexError::Unknown(content)),
        }
    }
}

#[cfg(test)]
mod tests;
