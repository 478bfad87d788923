//! What UMS does by itself: classes by the policy, and forgetting what is old.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use link::shutdown::Shutdown;

use crate::settings::ClassSettings;
use crate::users::Ums;
use crate::users::ledger::{Act, Before, LedgerError};
use crate::users::policy::{Change, Policy};

/// A report of success waits so long for an error that speaks against it, seconds.
const HELD_S: u64 = 7 * 86_400;
/// A receipt may be of a clock that is ahead; epochs are kept that much longer, seconds.
const SPARE_S: u64 = 86_400;

impl Ums {
    /// Who would get another class by `policy` at `now`, Unix seconds.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn review(&self, policy: &Policy, now: u64) -> Result<Vec<Change>, LedgerError> {
        let since = policy.since(now);
        Ok(policy.changes(&self.ledger.contributions(since, self.rules.plausible).await?, now))
    }

    /// Puts changes in force; how many were.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn reclass(&self, changes: Vec<Change>, by: &Act) -> Result<u64, LedgerError> {
        let changes = changes.into_iter().map(|change| (change.user, change.to)).collect();
        self.ledger.reclass(changes, by).await
    }

    /// Forgets what is old at `now`, Unix seconds.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn forget(&self, now: u64) -> Result<(), LedgerError> {
        let rules = &self.rules;
        let before = Before {
            receipts: now.saturating_sub(rules.max_receipt_age_s + SPARE_S),
            exchanges: now.saturating_sub(HELD_S),
            days: now.saturating_sub(rules.keep_s),
        };
        self.ledger.forget(before).await
    }

    /// Looks after users until shutdown.
    pub async fn look_after(self, settings: ClassSettings, shutdown: Shutdown) {
        let every = Duration::from_secs(settings.review_minutes.saturating_mul(60));
        loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            if let Some(path) = &settings.policy {
                self.review_by(path, now).await;
            }
            if let Err(error) = self.forget(now).await {
                tracing::error!(%error, "what is old could not be forgotten");
            }
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    async fn review_by(&self, path: &Path, now: u64) {
        let policy = match Policy::read(path) {
            Ok(policy) => policy,
            Err(error) => {
                tracing::error!(%error, "classes stay as they are: the policy is refused");
                return;
            }
        };
        let by = Act { actor: "policy".to_owned(), now };
        let reclassed = match self.review(&policy, now).await {
            Ok(changes) => self.reclass(changes, &by).await,
            Err(error) => Err(error),
        };
        match reclassed {
            Ok(0) => {}
            Ok(changed) => tracing::info!(changed, "users have other classes by the policy"),
            Err(error) => tracing::error!(%error, "classes could not be looked through"),
        }
    }
}
