//! What is kept of users for good. A command that was answered is never lost, and is applied once.

use std::pin::Pin;

use mp2p::id::{PeerId, UserId};
use mp2p::message::profile::Profile;

use crate::calls::Visit;
use crate::database::DatabaseError;

/// A ledger's answer to come.
pub type Entry<'a, T> = Pin<Box<dyn Future<Output = Result<T, LedgerError>> + Send + 'a>>;

/// Profiles of users and the peers that are theirs.
pub trait Ledger: Send + Sync {
    /// A peer of a user joins.
    fn visit(&self, visit: Visit) -> Entry<'_, Profile>;

    /// The profile of a user.
    fn profile<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Profile>>;
}

/// The ledger does not do it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store beneath.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A peer belongs to one user for good.
    #[error("peer {peer} belongs to another user than {user}")]
    OtherUser {
        /// The peer.
        peer: PeerId,
        /// Who claims it.
        user: UserId,
    },
}
