//! UMS, the user profile management server (TR 20002 §8.2.2): a profile of each user, created or
//! updated whenever one of the user's peers joins.

mod ledger;
mod sqlite;
#[cfg(test)]
mod suite;

use std::sync::Arc;

use mp2p::id::UserId;
use mp2p::message::profile::Profile;

use crate::calls::{Answer, CallError, Users, Visit};
pub use crate::users::ledger::{Entry, Ledger, LedgerError};
pub use crate::users::sqlite::SqliteLedger;

/// The role.
#[derive(Clone)]
pub struct Ums {
    ledger: Arc<dyn Ledger>,
}

impl Ums {
    /// Over a ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self { ledger }
    }

    /// The profile of a user, where there is one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn profile(&self, user: &UserId) -> Result<Option<Profile>, LedgerError> {
        self.ledger.profile(user).await
    }
}

impl Users for Ums {
    fn joined(&self, visit: Visit) -> Answer<'_, Profile> {
        Box::pin(async move { self.ledger.visit(visit).await.map_err(told) })
    }
}

/// As another role hears it.
fn told(error: LedgerError) -> CallError {
    match error {
        LedgerError::OtherUser { .. } | LedgerError::LockedOut(_) => {
            CallError::Refused(error.to_string())
        }
        _ => CallError::Failed { role: "ums", reason: error.to_string() },
    }
}
