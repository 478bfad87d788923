//! UMS, the user profile management server (TR 20002 §8.2.2): a profile of each user, created or
//! updated whenever one of the user's peers joins; what users give and get, and what follows.
//!
//! ```text
//!  join ─────────► profile, peer            receipts ──► credit (double entry) ──► policy ─► class
//!  OMS: errors ──► held against success reports ──► distribution result ──► owner of the overlay
//!                         all of it: ledger, each command with a row of the audit trail
//! ```

mod intake;
mod ledger;
mod policy;
mod sign_up;
mod sqlite;
#[cfg(test)]
mod suite;
mod upkeep;

use std::sync::Arc;

use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::account::{Account, ClassAnswer};
use mp2p::message::profile::Profile;

use crate::calls::{
    Answer, CallError, ErrorNote, Founding, Measured, NewsAfter, Serving, UserNews, Users, Visit,
};
use crate::settings::{ClassSettings, UsersSettings};
pub use crate::users::intake::ReportError;
pub use crate::users::ledger::{
    Act, Before, Claim, Contribution, Distribution, Entry, Ledger, LedgerError, Plausible,
    SignUpBounds, SignedUpAs, Terms, UserStanding,
};
pub use crate::users::policy::{Change, Policy, PolicyError};
pub use crate::users::sign_up::{SignUpError, SignUps};
pub use crate::users::sqlite::SqliteLedger;

/// The role. Cloning shares the ledger.
#[derive(Clone)]
pub struct Ums {
    ledger: Arc<dyn Ledger>,
    rules: Rules,
}

/// What the operator chose.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What credit is given for.
    pub terms: Terms,
    /// A receipt may be so old, seconds.
    pub max_receipt_age_s: u64,
    /// A peer may keep the answer about a class so long, seconds.
    pub class_good_for_s: u64,
    /// Days and results are kept so long, seconds.
    pub keep_s: u64,
    /// What counts of credit for classes.
    pub plausible: Plausible,
}

impl Rules {
    /// Of the settings.
    #[must_use]
    pub const fn of(users: &UsersSettings, class: &ClassSettings) -> Self {
        const GIB: u64 = 1 << 30;
        Self {
            terms: Terms {
                relay_percent: users.relay_percent,
                cache_percent: users.cache_percent,
                max_pair_bytes: users.max_pair_gib * GIB,
                max_user_bytes: users.max_user_gib * GIB,
            },
            max_receipt_age_s: users.max_receipt_hours * 3600,
            class_good_for_s: class.good_for_seconds,
            keep_s: users.keep_days * 86_400,
            plausible: Plausible {
                measured_percent: users.measured_percent,
                unmeasured_bytes: users.unmeasured_mib << 20,
            },
        }
    }
}

impl Ums {
    /// Over a ledger.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, rules: Rules) -> Self {
        Self { ledger, rules }
    }

    /// The ledger beneath.
    #[must_use]
    pub fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }

    /// The profile of a user, where there is one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn profile(&self, user: &UserId) -> Result<Option<Profile>, LedgerError> {
        self.ledger.profile(user).await
    }

    /// Credit and days of a user, where there is one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn account(&self, user: &UserId) -> Result<Option<Account>, LedgerError> {
        self.ledger.account(user).await
    }

    /// The class of a peer's user (TR 20002 §8.3.9 step 3). A peer that never joined has the lowest
    /// and is not qualified.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn class_of(&self, peer: &PeerId) -> Result<ClassAnswer, LedgerError> {
        let standing = self.ledger.standing(peer).await?;
        let is_in = |standing: &UserStanding| !standing.is_out;
        Ok(ClassAnswer {
            peer_id: peer.clone(),
            class: standing.as_ref().filter(|it| is_in(it)).map_or(0, |it| it.class),
            qualified: standing.as_ref().is_some_and(is_in),
            reputation: standing.map_or(0, |it| it.reputation),
            good_for_s: self.rules.class_good_for_s,
        })
    }

    /// The distribution result of an overlay, where there is one.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn result(&self, overlay: &OverlayId) -> Result<Option<Distribution>, LedgerError> {
        self.ledger.result(overlay).await
    }
}

impl Users for Ums {
    fn joined(&self, visit: Visit) -> Answer<'_, Profile> {
        Box::pin(async move { self.ledger.visit(visit).await.map_err(told) })
    }

    fn class<'a>(&'a self, peer: &'a PeerId) -> Answer<'a, ClassAnswer> {
        Box::pin(async move { self.class_of(peer).await.map_err(told) })
    }

    fn consents<'a>(&'a self, peers: &'a [PeerId]) -> Answer<'a, Vec<Option<bool>>> {
        Box::pin(async move {
            let mut consents = Vec::with_capacity(peers.len());
            for peer in peers {
                let standing = self.ledger.standing(peer).await.map_err(told)?;
                consents.push(standing.and_then(|standing| standing.show_status));
            }
            Ok(consents)
        })
    }

    fn news(&self, after: NewsAfter) -> Answer<'_, UserNews> {
        Box::pin(async move { self.ledger.news(after).await.map_err(told) })
    }

    fn founded(&self, founding: Founding) -> Answer<'_, ()> {
        Box::pin(async move { self.ledger.founded(founding).await.map_err(told) })
    }

    fn serving(&self, serving: Serving) -> Answer<'_, ()> {
        Box::pin(async move { self.ledger.serving(serving).await.map_err(told) })
    }

    fn measured(&self, measured: Vec<Measured>) -> Answer<'_, ()> {
        Box::pin(async move { self.ledger.measured(measured).await.map_err(told) })
    }

    fn errors(&self, notes: Vec<ErrorNote>) -> Answer<'_, u64> {
        Box::pin(async move { self.ledger.errors(notes).await.map_err(told) })
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
