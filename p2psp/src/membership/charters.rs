//! What was agreed on when an overlay was made, on the disk: after a crash of OMS its members come
//! back to the overlay that they were in, and a closed one is as closed as before. Whose an overlay
//! was that is over stays known for long: its name may be kept for that user.

use std::path::Path;

use mp2p::id::OverlayId;
use mp2p::message::overlay::OverlayRequest;
use rusqlite::{OptionalExtension, params};

use crate::database::{Database, DatabaseError};
use crate::overlay::{Owner, SwarmStore, Terms};

/// Run once each, in order. Request and owner are JSON; `ended`: when it was over, Unix seconds.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE charter (
        overlay TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        owner TEXT
    ) STRICT, WITHOUT ROWID;",
    "ALTER TABLE charter ADD COLUMN ended INTEGER;
    CREATE INDEX charter_ended ON charter (ended) WHERE ended IS NOT NULL;",
];

/// Overlays that are over whose owners are known; the oldest are forgotten.
const MAX_ENDED: u32 = 100_000;

/// An overlay that is over.
#[derive(Clone, Debug)]
pub struct Former {
    /// Whose it was; none where the provider made it.
    pub owner: Option<Owner>,
}

/// The charters of all overlays.
pub struct Charters {
    database: Database,
}

impl Charters {
    /// Opens or makes the file at `path`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path, &MIGRATIONS)? })
    }

    /// Keeps the terms of an overlay, in the place of those before.
    ///
    /// # Errors
    /// The disk.
    pub async fn keep(&self, terms: &Terms) -> Result<(), DatabaseError> {
        let overlay = terms.request.overlay_id.to_string();
        let request = serde_json::to_string(&*terms.request).unwrap_or_default();
        let owner = terms.owner.as_ref().and_then(|owner| serde_json::to_string(&**owner).ok());
        let written = self.database.write(move |tx| {
            tx.prepare_cached("INSERT OR REPLACE INTO charter VALUES (?1, ?2, ?3, NULL)")?
                .execute(params![overlay, request, owner])
        });
        written.await.map(|_| ())
    }

    /// Whether the terms of an overlay are kept.
    ///
    /// # Errors
    /// The disk.
    pub async fn has(&self, overlay: OverlayId) -> Result<bool, DatabaseError> {
        let asked = self.database.read(move |tx| {
            let known = "SELECT 1 FROM charter WHERE overlay = ?1";
            tx.prepare_cached(known)?.exists([overlay.as_str()])
        });
        asked.await
    }

    /// Overlays are over: what is left is whose they were.
    ///
    /// # Errors
    /// The disk.
    pub async fn end(&self, overlays: Vec<OverlayId>, now: u64) -> Result<(), DatabaseError> {
        if overlays.is_empty() {
            return Ok(());
        }
        let written = self.database.write(move |tx| {
            let mut end = tx.prepare_cached("UPDATE charter SET ended = ?2 WHERE overlay = ?1")?;
            overlays
                .iter()
                .try_for_each(|one| end.execute(params![one.as_str(), now]).map(|_| ()))?;
            let oldest = "DELETE FROM charter WHERE overlay IN (
                SELECT overlay FROM charter WHERE ended IS NOT NULL
                ORDER BY ended DESC LIMIT -1 OFFSET ?1)";
            tx.prepare_cached(oldest)?.execute([MAX_ENDED]).map(|_| ())
        });
        written.await
    }

    /// Whose an overlay was that is over; `None` where there was none of this name of late.
    ///
    /// # Errors
    /// The disk.
    pub async fn former(&self, overlay: OverlayId) -> Result<Option<Former>, DatabaseError> {
        let owner = "SELECT owner FROM charter WHERE overlay = ?1 AND ended IS NOT NULL";
        let asked = self.database.read(move |tx| {
            let mut owner = tx.prepare_cached(owner)?;
            owner.query_row([overlay.as_str()], |row| row.get::<_, Option<String>>(0)).optional()
        });
        let owner = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(asked.await?.map(|text| Former { owner: owner(text) }))
    }

    /// Makes the overlays anew that are not there; how many.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn restore(&self, store: &dyn SwarmStore, now: u64) -> Result<usize, DatabaseError> {
        let all: Vec<(String, Option<String>)> = self.database.read_now(|tx| {
            let mut rows = tx.prepare("SELECT request, owner FROM charter WHERE ended IS NULL")?;
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })?;
        let mut made = 0;
        for (request, owner) in all {
            let Ok(request) = serde_json::from_str::<OverlayRequest>(&request) else { continue };
            let owner = owner.and_then(|owner| serde_json::from_str::<Owner>(&owner).ok());
            made += usize::from(store.create(request, owner, now).is_ok());
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever makes overlays and leaves them fills no disk: of those that are over the oldest go.
    #[tokio::test]
    async fn of_overlays_that_are_over_so_many_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let charters = Charters::open(&folder.path().join("overlays.db")).unwrap();
        let rows = format!(
            "INSERT INTO charter WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
             LIMIT {}) SELECT 'o-' || i, '{{}}', NULL, i FROM n",
            MAX_ENDED + 2
        );
        charters.database.write(move |tx| tx.execute(&rows, [])).await.unwrap();
        let overlay = |name: &str| OverlayId::parse(name).unwrap();
        charters.end(vec![overlay("o-1")], 1_800_000_000).await.unwrap();
        for (name, is_known) in [("o-1", true), ("o-2", false), ("o-3", false), ("o-4", true)] {
            let former = charters.former(overlay(name)).await.unwrap();
            assert_eq!(former.is_some(), is_known, "{name}");
        }
    }
}
