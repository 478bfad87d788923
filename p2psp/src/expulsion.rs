//! Who is out of which overlay (Req-Net-090), for good until an operator says otherwise: on the
//! disk, on record, and in memory for every join to ask. A proof counts once.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use mp2p::id::{OverlayId, PeerId};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::database::{Database, DatabaseError};

/// Run once each, in order. Times are Unix seconds; a proof is the BLAKE3 of its text.
const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE expelled (
        overlay TEXT NOT NULL,
        peer TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (overlay, peer)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE proof (digest BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;",
    audit::TABLE,
];

/// Peers that are out.
pub struct Expulsions {
    database: Database,
    out: RwLock<HashSet<(OverlayId, PeerId)>>,
}

/// Why somebody is out, or in again.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Who says so: an operator's name, or the peer that reported.
    pub who: String,
    /// For the record.
    pub reason: String,
    /// The signed delivery that proves it.
    pub proof: Option<String>,
    /// Unix seconds.
    pub now: u64,
}

impl Expulsions {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let database = Database::open(path, &MIGRATIONS)?;
        let out = database.read_now(|tx| {
            let mut rows = tx.prepare("SELECT overlay, peer FROM expelled")?;
            let rows =
                rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            let parsed = rows.filter_map(|row| {
                let pair = |(overlay, peer): (String, String)| {
                    Some((OverlayId::parse(&overlay).ok()?, PeerId::parse(&peer).ok()?))
                };
                row.map(pair).transpose()
            });
            parsed.collect::<rusqlite::Result<HashSet<_>>>()
        })?;
        Ok(Self { database, out: RwLock::new(out) })
    }

    /// Whether a peer is out of an overlay.
    #[must_use]
    pub fn is_out(&self, overlay: &OverlayId, peer: &PeerId) -> bool {
        let out = self.out.read().unwrap_or_else(PoisonError::into_inner);
        // No copies where nobody is out.
        !out.is_empty() && out.contains(&(overlay.clone(), peer.clone()))
    }

    /// Puts a peer out; whether that is new. A proof that was used before does nothing.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn expel(
        &self,
        (overlay, peer): (OverlayId, PeerId),
        ground: Ground,
    ) -> Result<bool, DatabaseError> {
        let key = (overlay.clone(), peer.clone());
        let is_new = self.database.write(move |tx| put(tx, &overlay, &peer, &ground)).await?;
        if is_new {
            self.out.write().unwrap_or_else(PoisonError::into_inner).insert(key);
        }
        Ok(is_new)
    }

    /// Lets a peer in again; whether it was out.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn readmit(
        &self,
        (overlay, peer): (OverlayId, PeerId),
        ground: Ground,
    ) -> Result<bool, DatabaseError> {
        let key = (overlay.clone(), peer.clone());
        let written = self.database.write(move |tx| {
            let gone = "DELETE FROM expelled WHERE overlay = ?1 AND peer = ?2";
            let was_out = tx.execute(gone, [overlay.as_str(), &peer.digits()])? > 0;
            if was_out {
                record(tx, "readmit", (&overlay, &peer), &ground)?;
            }
            Ok(was_out)
        });
        let was_out = written.await?;
        self.out.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
        Ok(was_out)
    }
}

fn put(
    tx: &Connection,
    overlay: &OverlayId,
    peer: &PeerId,
    ground: &Ground,
) -> rusqlite::Result<bool> {
    if let Some(proof) = &ground.proof {
        let digest = *blake3::hash(proof.as_bytes()).as_bytes();
        if tx.execute("INSERT INTO proof VALUES (?1) ON CONFLICT DO NOTHING", [digest])? == 0 {
            return Ok(false);
        }
    }
    let row = "INSERT INTO expelled VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let is_new = tx.execute(row, params![overlay.as_str(), &*peer.digits(), ground.now])? > 0;
    if is_new {
        record(tx, "expel", (overlay, peer), ground)?;
    }
    Ok(is_new)
}

fn record(
    tx: &Connection,
    what: &str,
    (overlay, peer): (&OverlayId, &PeerId),
    ground: &Ground,
) -> rusqlite::Result<()> {
    let detail = json!({
        "overlay-id": overlay, "peer-id": peer, "reason": ground.reason, "proof": ground.proof,
    });
    audit::append(tx, &Record { at: ground.now, who: &ground.who, what, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_out_stays_out_and_a_proof_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("expulsions.db");
        let bad = (OverlayId::parse("film").unwrap(), PeerId::parse(&"b".repeat(64)).unwrap());
        let ground = |proof: Option<&str>| Ground {
            who: "eve".into(),
            reason: "bad fragments".into(),
            proof: proof.map(str::to_owned),
            now: 9,
        };
        let expulsions = Expulsions::open(&path).unwrap();
        assert!(expulsions.expel(bad.clone(), ground(Some("a.b.c"))).await.unwrap());
        drop(expulsions);
        let expulsions = Expulsions::open(&path).unwrap();
        assert!(expulsions.is_out(&bad.0, &bad.1));
        assert!(expulsions.readmit(bad.clone(), ground(None)).await.unwrap());
        assert!(!expulsions.expel(bad.clone(), ground(Some("a.b.c"))).await.unwrap());
        assert!(!expulsions.is_out(&bad.0, &bad.1));
        assert!(expulsions.expel(bad.clone(), ground(Some("d.e.f"))).await.unwrap());
        assert!(expulsions.is_out(&bad.0, &bad.1));
    }
}
