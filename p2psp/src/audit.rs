//! The audit trail of a role (Req-Content-020, Req-User-060): rows in the role's own database, each
//! written in the transaction of what it tells of, with a hash over itself and the row before.
//!
//! ```text
//!  row 1 ── hash 1 ─┐          hash n = BLAKE3(hash n-1, number, time, who, what, detail)
//!  row 2 ── hash 2 ◄┘─┐
//!  row 3 ── hash 3 ◄──┘        a row changed, taken out or put in breaks the chain there;
//!  head ─── hash 3             rows cut off at the end are missed against the head, which stands
//!                              apart; and where the head is cut too, against one noted elsewhere
//! ```

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

/// The tables, a migration of a database.
pub const TABLE: &str = "
    CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE audit_head (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        number INTEGER NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    INSERT INTO audit_head VALUES (1, 0, zeroblob(32));
";

/// Of the row before the first.
const BEGINNING: [u8; HASH_BYTES] = [0; HASH_BYTES];
/// Bytes of a BLAKE3.
const HASH_BYTES: usize = 32;

/// What is put on record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Unix seconds.
    pub at: u64,
    /// Who did it: a SPIFFE name, a user, a role.
    pub who: &'a str,
    /// What was done, one word.
    pub what: &'a str,
    /// To what, and why.
    pub detail: Value,
}

/// A chain that holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain {
    /// How many rows.
    pub rows: u64,
    /// Hash of the last, hex: kept elsewhere, it shows whether rows were cut off.
    pub head: String,
}

/// A chain that does not hold, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database.
    #[error("audit: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A row was changed, taken out or put in.
    #[error("audit: the chain is broken at row {0}")]
    Broken(u64),
    /// Rows were cut off at the end.
    #[error("audit: there are {rows} rows, and were {were}")]
    Cut {
        /// Rows there are.
        rows: u64,
        /// Rows there were.
        were: u64,
    },
}

/// Puts a record at the end of the chain, in the transaction of what it tells of.
///
/// # Errors
/// The database refuses.
pub fn append(tx: &Connection, record: &Record<'_>) -> rusqlite::Result<()> {
    let (number, before) = head(tx)?;
    let detail = record.detail.to_string();
    let texts = [record.who, record.what, &detail];
    let hash = link(&before, number + 1, record.at, texts);
    tx.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        number + 1,
        record.at,
        record.who,
        record.what,
        detail,
        hash
    ])?;
    let head = "UPDATE audit_head SET number = ?1, hash = ?2";
    tx.prepare_cached(head)?.execute(params![number + 1, hash]).map(|_| ())
}

/// Number and hash of the last row.
fn head(tx: &Connection) -> rusqlite::Result<(u64, [u8; HASH_BYTES])> {
    let head = "SELECT number, hash FROM audit_head";
    tx.prepare_cached(head)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Whether the chain once ended in `row` with the hash `head`, hex: as it was noted elsewhere.
///
/// # Errors
/// The database refuses.
pub fn has_been(connection: &Connection, row: u64, head: &str) -> rusqlite::Result<bool> {
    let hash = "SELECT hash FROM audit WHERE number = ?1";
    let hash: Option<[u8; HASH_BYTES]> = match row {
        0 => Some(BEGINNING),
        _ => connection.query_row(hash, [row], |row| row.get(0)).optional()?,
    };
    Ok(hash.is_some_and(|hash| blake3::Hash::from_bytes(hash).to_hex().as_str() == head))
}

/// Goes through the whole chain.
///
/// # Errors
/// [`AuditError`].
pub fn verify(connection: &Connection) -> Result<Chain, AuditError> {
    let mut rows = connection.prepare("SELECT * FROM audit ORDER BY number")?;
    let mut rows = rows.query([])?;
    let (mut number, mut before) = (0_u64, BEGINNING);
    while let Some(row) = rows.next()? {
        number += 1;
        match follows(row, number, &before)? {
            Some(hash) => before = hash,
            None => return Err(AuditError::Broken(number)),
        }
    }
    let (were, last) = head(connection).optional()?.unwrap_or((u64::MAX, BEGINNING));
    if (were, last) != (number, before) {
        return Err(AuditError::Cut { rows: number, were });
    }
    Ok(Chain { rows: number, head: blake3::Hash::from_bytes(before).to_hex().to_string() })
}

/// The hash of `row`, where it is row `number` after the one that has the hash `before`.
fn follows(
    row: &Row<'_>,
    number: u64,
    before: &[u8; HASH_BYTES],
) -> rusqlite::Result<Option<[u8; HASH_BYTES]>> {
    let (found, at): (u64, u64) = (row.get(0)?, row.get(1)?);
    let texts: [String; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
    let hash: Vec<u8> = row.get(5)?;
    let linked = link(before, number, at, texts.each_ref().map(String::as_str));
    Ok((found == number && hash == linked).then_some(linked))
}

/// Each text with its length, so that no two records read alike.
fn link(before: &[u8; HASH_BYTES], number: u64, at: u64, texts: [&str; 3]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&number.to_be_bytes()).update(&at.to_be_bytes());
    for text in texts {
        hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain_of(whats: &[&str]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLE).unwrap();
        for what in whats {
            let detail = json!({"content-id": "c"});
            append(&connection, &Record { at: 5, who: "eve", what, detail }).unwrap();
        }
        connection
    }

    #[test]
    fn a_chain_holds_and_has_one_end() {
        let chain = verify(&chain_of(&["takedown", "deny", "allow"])).unwrap();
        assert_eq!((chain.rows, chain.head.len()), (3, 64));
        assert_eq!(verify(&chain_of(&["takedown", "deny", "allow"])).unwrap(), chain);
        assert_ne!(verify(&chain_of(&["takedown", "deny"])).unwrap().head, chain.head);
        assert_eq!(verify(&chain_of(&[])).unwrap().head, "0".repeat(64));
    }

    #[test]
    fn whatever_is_changed_taken_out_or_put_in_breaks_it_there() {
        for (change, at) in [
            ("UPDATE audit SET what = 'none' WHERE number = 2", 2),
            ("UPDATE audit SET who = 'ev', what = 'edeny' WHERE number = 2", 2),
            ("UPDATE audit SET at = 6 WHERE number = 1", 1),
            ("UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3),
            ("UPDATE audit SET hash = x'00' WHERE number = 3", 3),
            ("DELETE FROM audit WHERE number = 2", 2),
            ("DELETE FROM audit WHERE number = 1", 1),
            ("INSERT INTO audit SELECT 4, at, who, what, detail, hash FROM audit LIMIT 1", 4),
        ] {
            let connection = chain_of(&["takedown", "deny", "allow"]);
            connection.execute_batch(change).unwrap();
            assert!(matches!(verify(&connection), Err(AuditError::Broken(row)) if row == at));
        }
    }

    #[test]
    fn an_end_that_was_cut_off_is_missed() {
        let connection = chain_of(&["takedown", "deny", "allow"]);
        let noted = verify(&connection).unwrap();
        connection.execute_batch("DELETE FROM audit WHERE number = 3").unwrap();
        assert!(matches!(verify(&connection), Err(AuditError::Cut { rows: 2, were: 3 })));
        connection.execute_batch("DELETE FROM audit_head").unwrap();
        assert!(matches!(verify(&connection), Err(AuditError::Cut { rows: 2, .. })));
        // Whoever cuts the head as well is found out by a head that was noted elsewhere.
        assert!(has_been(&chain_of(&["takedown", "deny", "allow"]), 3, &noted.head).unwrap());
        assert!(!has_been(&chain_of(&["takedown", "deny"]), 3, &noted.head).unwrap());
        assert!(!has_been(&chain_of(&["takedown", "deny", "deny"]), 3, &noted.head).unwrap());
    }
}
