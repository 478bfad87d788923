//! Who is in whose care, on the disk: a restart of PAMS refuses no batch.

use std::net::SocketAddr;
use std::path::Path;

use mp2p::id::{PeerId, UserId};
use rusqlite::{Connection, params};

use crate::activity::care::{Account, Care, CareOffer};
use crate::database::{Database, DatabaseError};

/// Run once each, in order. `since`, Unix seconds: the first batch.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE super (
        peer TEXT PRIMARY KEY,
        address TEXT,
        capacity INTEGER NOT NULL DEFAULT 0,
        batches INTEGER NOT NULL DEFAULT 0,
        reports INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        since INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE care (
        peer TEXT PRIMARY KEY,
        user TEXT,
        super TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"];

/// The file of care.
pub(crate) struct KeptCare {
    database: Database,
}

impl KeptCare {
    /// Opens or makes the file at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path, &MIGRATIONS)? })
    }

    /// What is kept, in a book for `max_peers`; all of it counts as heard of `now`.
    pub(crate) fn load(&self, max_peers: usize, now: u64) -> Result<Care, DatabaseError> {
        self.database.read_now(|tx| load(tx, max_peers, now))
    }

    pub(crate) async fn enrol(
        &self,
        peer: PeerId,
        user: Option<UserId>,
        super_peer: PeerId,
    ) -> Result<(), DatabaseError> {
        let written = self.database.write(move |tx| {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO care (peer, user, super) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![
                peer.to_string(),
                user.as_ref().map(UserId::as_str),
                super_peer.to_string()
            ])?;
            tx.prepare_cached("INSERT OR IGNORE INTO super (peer) VALUES (?1)")?
                .execute([super_peer.to_string()])
        });
        written.await.map(|_| ())
    }

    pub(crate) async fn leave(&self, peers: Vec<PeerId>) -> Result<(), DatabaseError> {
        let written = self.database.write(move |tx| {
            let mut delete = tx.prepare_cached("DELETE FROM care WHERE peer = ?1")?;
            peers.iter().try_for_each(|peer| delete.execute([peer.to_string()]).map(|_| ()))
        });
        written.await
    }

    /// `None`: it offers itself no more.
    pub(crate) async fn offer(
        &self,
        super_peer: PeerId,
        offer: Option<CareOffer>,
    ) -> Result<(), DatabaseError> {
        let address = offer.map(|offer| offer.address.to_string());
        let capacity = offer.map_or(0, |offer| offer.capacity as u64);
        let written = self.database.write(move |tx| {
            let peer = super_peer.to_string();
            tx.prepare_cached("DELETE FROM care WHERE peer = ?1")?.execute([&peer])?;
            tx.prepare_cached(
                "INSERT INTO super (peer, address, capacity) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE
                 SET address = excluded.address, capacity = excluded.capacity",
            )?
            .execute(params![peer, address, capacity])
        });
        written.await.map(|_| ())
    }

    pub(crate) async fn carried(
        &self,
        super_peer: PeerId,
        (reports, bytes): (u64, u64),
        now: u64,
    ) -> Result<(), DatabaseError> {
        let written = self.database.write(move |tx| {
            tx.prepare_cached(
                "UPDATE super SET since = iif(batches = 0, ?4, since), batches = batches + 1,
                        reports = reports + ?2, bytes = bytes + ?3
                 WHERE peer = ?1",
            )?
            .execute(params![super_peer.to_string(), reports, bytes, now])
        });
        written.await.map(|_| ())
    }
}

fn load(tx: &Connection, max_peers: usize, now: u64) -> rusqlite::Result<Care> {
    let mut care = Care::new(max_peers);
    let columns = "SELECT peer, address, capacity, batches, reports, bytes, since FROM super";
    let mut rows = tx.prepare(columns)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let Ok(peer) = PeerId::parse(&row.get::<_, String>(0)?) else { continue };
        let address: Option<String> = row.get(1)?;
        let address = address.and_then(|text| text.parse::<SocketAddr>().ok());
        let capacity = row.get::<_, usize>(2)?;
        let mut account = Account::default();
        (account.batches, account.reports) = (row.get(3)?, row.get(4)?);
        (account.bytes, account.since) = (row.get(5)?, row.get(6)?);
        account.offer = address.map(|address| CareOffer { address, capacity, seen: now });
        care.restore(peer, account);
    }
    let mut rows = tx.prepare("SELECT peer, user, super FROM care")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let peer = PeerId::parse(&row.get::<_, String>(0)?);
        let super_peer = PeerId::parse(&row.get::<_, String>(2)?);
        let user = row.get::<_, Option<String>>(1)?.and_then(|user| UserId::parse(&user).ok());
        if let (Ok(peer), Ok(super_peer)) = (peer, super_peer) {
            // Beyond the bounds there is none.
            let _full = care.enrol(peer, user, super_peer, now);
        }
    }
    Ok(care)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: usize) -> PeerId {
        PeerId::parse(&format!("{name:064x}")).unwrap()
    }

    #[tokio::test]
    async fn care_is_what_it_was_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let open = || KeptCare::open(&folder.path().join("care.db")).unwrap();
        let kept = open();
        let anna = UserId::parse("anna").unwrap();
        let address = "192.0.2.1:7000".parse().unwrap();
        let offer = CareOffer { address, capacity: 5, seen: 1 };
        kept.offer(peer(9), Some(offer)).await.unwrap();
        kept.enrol(peer(1), Some(anna.clone()), peer(9)).await.unwrap();
        kept.enrol(peer(2), None, peer(9)).await.unwrap();
        kept.leave(vec![peer(2)]).await.unwrap();
        kept.carried(peer(9), (1, 300), 50).await.unwrap();
        kept.carried(peer(9), (1, 200), 60).await.unwrap();
        drop(kept);
        let care = open().load(10, 100).unwrap();
        assert_eq!(care.charge(&peer(9), &peer(1)), Some(Some(anna)));
        assert_eq!(care.charge(&peer(9), &peer(2)), None);
        let account = care.account(&peer(9)).unwrap();
        assert_eq!((account.members, account.batches, account.reports), (1, 2, 2));
        assert_eq!((account.bytes, account.since), (500, 50));
        let chosen = care.choose((&peer(3), "192.0.2.9".parse().unwrap()), &[], 100);
        assert_eq!(chosen, Some((peer(9), address)));
    }
}
