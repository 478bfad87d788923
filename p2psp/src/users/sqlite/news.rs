//! What others have to hear of users at once, read off the audit trail: whoever changes it, this
//! process or a command beside it, is seen.

use std::collections::BTreeSet;

use mp2p::id::{PeerId, UserId};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::calls::{NewsAfter, UserNews, UserNow};
use crate::users::ledger::Act;
use crate::users::sqlite::profile::note;

/// Rows of the trail that are told at one time.
const MAX_ROWS: u32 = 1000;
/// Those that somebody has to hear of.
const ROWS: &str = "
    SELECT number, what, detail ->> 'subject' FROM audit
    WHERE number > ?1 AND what IN ('is_locked', 'show_status', 'end-peer', 'revoke')
    ORDER BY number LIMIT ?2";

/// Puts on record whose certificates were revoked.
pub(super) fn revoked(tx: &Connection, peers: &[PeerId], by: &Act) -> rusqlite::Result<()> {
    peers.iter().try_for_each(|peer| note(tx, by, "revoke", &peer.digits(), json!({})))
}

/// Puts on record a step of the provider's CA towards another.
pub(super) fn turned(tx: &Connection, step: &str, ca: u32, by: &Act) -> rusqlite::Result<()> {
    note(tx, by, step, &ca.to_string(), json!({}))
}

/// What happened after a row of the trail, or since a time. A number that the trail has not come to
/// is of another one, before a backup was put back: then since that time, too.
pub(super) fn since(tx: &Connection, after: NewsAfter) -> rusqlite::Result<UserNews> {
    let head: u64 = tx.query_row("SELECT number FROM audit_head", [], |row| row.get(0))?;
    let mut news = UserNews { upto: head, is_all: true, ..UserNews::default() };
    let after = match after.number.filter(|after| *after <= head) {
        Some(after) => after,
        None => before(tx, after.since)?,
    };
    let mut rows = tx.prepare_cached(ROWS)?;
    let rows = rows.query_map(params![after, MAX_ROWS], |row| {
        Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let rows: Vec<(u64, String, String)> = rows.collect::<Result<_, _>>()?;
    if let Some((last, ..)) = rows.last().filter(|_| rows.len() >= MAX_ROWS as usize) {
        (news.upto, news.is_all) = (*last, false);
    }
    let (mut users, mut peers) = (BTreeSet::new(), BTreeSet::new());
    for (_, what, subject) in &rows {
        match &**what {
            "end-peer" | "revoke" => peers.extend(PeerId::parse(subject).ok()),
            _ => users.extend(UserId::parse(subject).ok()),
        }
    }
    news.gone = peers.into_iter().collect();
    for user in users {
        news.users.extend(now(tx, user)?);
    }
    Ok(news)
}

/// The last row before a time: looked for from the end, which is not far.
fn before(tx: &Connection, since: u64) -> rusqlite::Result<u64> {
    let last = "SELECT number FROM audit WHERE at < ?1 ORDER BY number DESC LIMIT 1";
    let found = tx.prepare_cached(last)?.query_row([since], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or_default())
}

fn now(tx: &Connection, user: UserId) -> rusqlite::Result<Option<UserNow>> {
    tx.prepare_cached("SELECT is_locked, show_status FROM user WHERE id = ?1")?
        .query_row([user.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .map(|(is_out, show_status)| UserNow { user, is_out, show_status })
        .optional()
}
