//! What each file of a backup hashes to (BLAKE3): a damaged one is found out before it is put back.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

/// Of one backup; empty for one of a version that wrote none.
#[derive(Debug, Default)]
pub(crate) struct Sums(Option<BTreeMap<String, [u8; 32]>>);

const TABLE: &str = "CREATE TABLE sum (name TEXT PRIMARY KEY, blake3 BLOB NOT NULL) STRICT";

impl Sums {
    /// Makes room for them in a new backup.
    pub(crate) fn begin(backup: &Connection) -> rusqlite::Result<()> {
        backup.execute_batch(TABLE)
    }

    pub(crate) fn put(backup: &Connection, name: &str, sum: &blake3::Hash) -> rusqlite::Result<()> {
        backup.execute("INSERT INTO sum VALUES (?1, ?2)", (name, sum.as_bytes())).map(drop)
    }

    pub(crate) fn read(backup: &Connection) -> rusqlite::Result<Self> {
        let there = "SELECT 1 FROM sqlite_schema WHERE name = 'sum'";
        if backup.query_row(there, [], |_| Ok(())).optional()?.is_none() {
            return Ok(Self(None));
        }
        let mut rows = backup.prepare("SELECT name, blake3 FROM sum")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self(Some(rows.collect::<rusqlite::Result<_>>()?)))
    }

    /// A file that should be among `names`, and is not.
    pub(crate) fn missing(&self, names: &[String]) -> Option<String> {
        self.0.as_ref()?.keys().find(|name| !names.contains(name)).cloned()
    }

    /// Whether a file is as it was put away.
    pub(crate) fn holds(&self, name: &str, found: &blake3::Hash) -> bool {
        let Some(sums) = &self.0 else { return true };
        sums.get(name).is_some_and(|sum| sum == found.as_bytes())
    }
}
