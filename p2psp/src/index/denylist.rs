//! What is forbidden (Req-Content-020): digests of contents and of fragments, checked when a
//! content is registered, handed to peers who check what they get. Each change has a number, so
//! that a peer asks for what is new.

use mp2p::fragment::FragmentHash;
use mp2p::id::ContentId;
use mp2p::message::bound::List;
use mp2p::message::content::{Denied, DeniedKind, Denylist, MAX_DIGESTS};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::database::DatabaseError;
use crate::index::{Ixs, registered};

impl Ixs {
    /// Puts digests on the list, or takes them off; contents that are on it are found no more.
    /// The number of the last change.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn deny(
        &self,
        digests: Vec<Denied>,
        reason: String,
        who: String,
        now: u64,
    ) -> Result<u64, DatabaseError> {
        let written = self.database.write(move |tx| {
            for one in &digests {
                set(tx, one)?;
            }
            let changes: Vec<String> = digests.iter().map(told).collect();
            let detail = json!({"reason": reason, "digests": changes});
            audit::append(tx, &Record { at: now, who: &who, what: "denylist", detail })?;
            last(tx)
        });
        written.await
    }

    /// Changes after the number `after`, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn denylist(&self, after: u64) -> Result<Denylist, DatabaseError> {
        self.database.read(move |tx| changes(tx, after)).await
    }
}

/// Sets one digest; whether that changed anything. A content that is forbidden leaves the index.
pub(crate) fn set(tx: &Connection, one: &Denied) -> rusqlite::Result<bool> {
    let digest = bytes(&one.digest);
    let known = tx
        .prepare_cached("SELECT denied FROM denied WHERE digest = ?1 AND kind = ?2")?
        .query_row(params![digest, code(one.kind)], |row| row.get::<_, bool>(0))
        .optional()?;
    if known.unwrap_or(false) == one.denied {
        return Ok(false);
    }
    tx.prepare_cached(
        "INSERT INTO denied (digest, kind, denied, seq) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET denied = excluded.denied, seq = excluded.seq",
    )?
    .execute(params![digest, code(one.kind), one.denied, last(tx)? + 1])?;
    if one.denied && one.kind == DeniedKind::Content {
        let known = registered::known(tx, &one.digest)?;
        known.map(|known| registered::delete(tx, known.number)).transpose()?;
    }
    Ok(true)
}

/// The number of the last change; 0 before the first.
pub(crate) fn last(tx: &Connection) -> rusqlite::Result<u64> {
    tx.prepare_cached("SELECT coalesce(max(seq), 0) FROM denied")?.query_row([], |row| row.get(0))
}

/// The first of a content and its fragments that is forbidden.
pub(crate) fn first_denied(
    tx: &Connection,
    content: &ContentId,
    fragments: &[FragmentHash],
) -> rusqlite::Result<Option<(DeniedKind, String)>> {
    let mut is_denied =
        tx.prepare_cached("SELECT 1 FROM denied WHERE digest = ?1 AND kind = ?2 AND denied")?;
    if is_denied.exists(params![bytes(content), code(DeniedKind::Content)])? {
        return Ok(Some((DeniedKind::Content, content.to_string())));
    }
    for fragment in fragments {
        if is_denied.exists(params![fragment.0, code(DeniedKind::Fragment)])? {
            return Ok(Some((DeniedKind::Fragment, fragment.to_string())));
        }
    }
    Ok(None)
}

fn changes(tx: &Connection, after: u64) -> rusqlite::Result<Denylist> {
    let mut rows = tx.prepare_cached(
        "SELECT digest, kind, denied, seq FROM denied WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    // No number is higher than SQLite has.
    let rows = rows.query_map(params![after.min(i64::MAX as u64), MAX_DIGESTS], |row| {
        let digest = ContentId::of_digest(&row.get(0)?);
        let one = Denied { digest, kind: kind(row.get(1)?), denied: row.get(2)? };
        Ok((one, row.get::<_, u64>(3)?))
    })?;
    let (mut digests, mut seq) = (Vec::new(), after);
    for row in rows {
        let (one, at) = row?;
        digests.push(one);
        seq = at;
    }
    Ok(Denylist { seq, digests: List::new(digests).unwrap_or_default() })
}

pub(crate) fn bytes(digest: &ContentId) -> [u8; 32] {
    digest.as_str().parse::<FragmentHash>().map_or([0; 32], |hash| hash.0)
}

fn told(one: &Denied) -> String {
    let change = if one.denied { "+" } else { "-" };
    format!("{change}{} {}", crate::index::kind_word(one.kind), one.digest)
}

pub(crate) const fn code(kind: DeniedKind) -> u8 {
    match kind {
        DeniedKind::Content => 0,
        DeniedKind::Fragment => 1,
    }
}

pub(crate) const fn kind(code: u8) -> DeniedKind {
    match code {
        0 => DeniedKind::Content,
        _ => DeniedKind::Fragment,
    }
}
