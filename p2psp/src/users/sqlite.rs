//! The ledger in SQLite.

use std::path::Path;

use mp2p::id::{PeerId, UserId};
use mp2p::message::profile::Profile;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::calls::Visit;
use crate::database::{Database, DatabaseError};
use crate::users::ledger::{Entry, Ledger, LedgerError};

/// Times are Unix seconds.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE user (
        id TEXT PRIMARY KEY,
        class INTEGER NOT NULL DEFAULT 0,
        reputation INTEGER NOT NULL DEFAULT 0,
        network TEXT,
        joins INTEGER NOT NULL DEFAULT 0,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE peer (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL REFERENCES user (id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX peer_of_user ON peer (user);
"];

/// Peers of a user that a profile shows.
const MAX_SHOWN_PEERS: u32 = 1000;

/// A [`Ledger`] in a file.
pub struct SqliteLedger {
    database: Database,
}

impl SqliteLedger {
    /// Opens or makes the file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path, &MIGRATIONS)? })
    }
}

impl Ledger for SqliteLedger {
    fn visit(&self, visit: Visit) -> Entry<'_, Profile> {
        Box::pin(async move {
            let (peer, user) = (visit.peer.clone(), visit.user.clone());
            let written = self.database.write(move |tx| write_visit(tx, &visit)).await?;
            written.ok_or(LedgerError::OtherUser { peer, user })
        })
    }

    fn profile<'a>(&'a self, user: &'a UserId) -> Entry<'a, Option<Profile>> {
        let user = user.clone();
        Box::pin(async move { Ok(self.database.read(move |tx| read_profile(tx, &user)).await?) })
    }
}

/// `None` where the peer is another user's; nothing is changed then.
fn write_visit(tx: &Connection, visit: &Visit) -> rusqlite::Result<Option<Profile>> {
    let owner = "SELECT user FROM peer WHERE id = ?1";
    let owner: Option<String> =
        tx.query_row(owner, [visit.peer.as_str()], |row| row.get(0)).optional()?;
    if owner.is_some_and(|owner| owner != visit.user.as_str()) {
        return Ok(None);
    }
    tx.execute(
        "INSERT INTO user (id, network, joins, created, updated) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (id) DO UPDATE SET
            network = coalesce(excluded.network, network),
            joins = joins + excluded.joins,
            updated = max(updated, excluded.updated)",
        params![visit.user.as_str(), visit.network, i64::from(visit.is_new), visit.now],
    )?;
    tx.execute(
        "INSERT INTO peer (id, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        [visit.peer.as_str(), visit.user.as_str()],
    )?;
    read_profile(tx, &visit.user)
}

fn read_profile(tx: &Connection, user: &UserId) -> rusqlite::Result<Option<Profile>> {
    let found = tx
        .prepare_cached(
            "SELECT class, reputation, network, joins, created, updated FROM user WHERE id = ?1",
        )?
        .query_row([user.as_str()], |row| profile(user, row))
        .optional()?;
    let Some(mut profile) = found else { return Ok(None) };
    let mut peers =
        tx.prepare_cached("SELECT id FROM peer WHERE user = ?1 ORDER BY id LIMIT ?2")?;
    let peers =
        peers.query_map(params![user.as_str(), MAX_SHOWN_PEERS], |row| row.get::<_, String>(0))?;
    for peer in peers {
        profile.peers.extend(PeerId::parse(&peer?).ok());
    }
    Ok(Some(profile))
}

fn profile(user: &UserId, row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        user_id: user.clone(),
        class: row.get(0)?,
        reputation: row.get(1)?,
        network: row.get(2)?,
        joins: row.get(3)?,
        created: row.get(4)?,
        updated: row.get(5)?,
        peers: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(user: &str, peer: u8, now: u64) -> Visit {
        Visit {
            user: UserId::parse(user).unwrap(),
            peer: PeerId::parse(&format!("{peer:064x}")).unwrap(),
            network: (now > 100).then(|| "dfn".to_owned()),
            is_new: true,
            now,
        }
    }

    /// TR 20002 §8.3.1 step 2.
    #[tokio::test]
    async fn a_profile_is_created_and_then_updated() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("users.db")).unwrap();
        let first = ledger.visit(visit("anna", 1, 100)).await.unwrap();
        assert_eq!((first.joins, first.created, first.network), (1, 100, None));
        let second = ledger.visit(visit("anna", 2, 200)).await.unwrap();
        assert_eq!((second.joins, second.created, second.updated), (2, 100, 200));
        assert_eq!((second.network.as_deref(), second.peers.len()), (Some("dfn"), 2));
        assert_eq!(ledger.profile(&second.user_id).await.unwrap(), Some(second));
    }

    #[tokio::test]
    async fn a_peer_belongs_to_one_user_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = SqliteLedger::open(&folder.path().join("users.db")).unwrap();
        ledger.visit(visit("anna", 1, 100)).await.unwrap();
        let stolen = ledger.visit(visit("ben", 1, 200)).await;
        assert!(matches!(stolen, Err(LedgerError::OtherUser { .. })));
        assert_eq!(ledger.profile(&UserId::parse("ben").unwrap()).await.unwrap(), None);
    }
}
