//! What was agreed on when an overlay was made, on the disk: after a crash of OMS its members come
//! back to the overlay that they were in, and a closed one is as closed as before.

use std::path::Path;

use mp2p::id::OverlayId;
use mp2p::message::overlay::OverlayRequest;
use rusqlite::params;

use crate::database::{Database, DatabaseError};
use crate::overlay::{Owner, SwarmStore, Terms};

/// Run once each, in order. Request and owner are JSON.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE charter (
        overlay TEXT PRIMARY KEY,
        request TEXT NOT NULL,
        owner TEXT
    ) STRICT, WITHOUT ROWID;
"];

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
            tx.prepare_cached("INSERT OR REPLACE INTO charter VALUES (?1, ?2, ?3)")?
                .execute(params![overlay, request, owner])
        });
        written.await.map(|_| ())
    }

    /// Forgets overlays that are over.
    ///
    /// # Errors
    /// The disk.
    pub async fn forget(&self, overlays: Vec<OverlayId>) -> Result<(), DatabaseError> {
        if overlays.is_empty() {
            return Ok(());
        }
        let written = self.database.write(move |tx| {
            let mut delete = tx.prepare_cached("DELETE FROM charter WHERE overlay = ?1")?;
            overlays.iter().try_for_each(|one| delete.execute([one.to_string()]).map(|_| ()))
        });
        written.await
    }

    /// Makes the overlays anew that are not there; how many.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn restore(&self, store: &dyn SwarmStore, now: u64) -> Result<usize, DatabaseError> {
        let all: Vec<(String, Option<String>)> = self.database.read_now(|tx| {
            let mut rows = tx.prepare("SELECT request, owner FROM charter")?;
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
