//! What users contributed, and the classes that follow from it.

use mp2p::id::UserId;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::users::ledger::{Act, Before, Contribution, Plausible};
use crate::users::sqlite::day;
use crate::users::sqlite::profile::{named, note};

/// What each user contributed since a day; of the credit of each peer on each day as much as what
/// it measured makes plausible.
pub(super) fn contributions(
    tx: &Connection,
    since: u64,
    limit: Plausible,
) -> rusqlite::Result<Vec<Contribution>> {
    let mut rows = tx.prepare_cached(
        "WITH heard (peer, day, bytes) AS
            (SELECT peer, day, sum(bytes) FROM measured WHERE day >= ?1 GROUP BY peer, day)
         SELECT user.id, class, class_since, is_pinned,
            coalesce(sum(iif(?2 = 0, credited,
                min(credited, ?3
                    + coalesce(heard.bytes / 100 * ?2 + heard.bytes % 100 * ?2 / 100, 0)))), 0),
            coalesce(sum(got), 0), coalesce(sum(relayed), 0), coalesce(sum(cached), 0),
            count(DISTINCT day.day)
         FROM user LEFT JOIN peer ON peer.user = user.id
            LEFT JOIN day ON day.peer = peer.id AND day.day >= ?1
            LEFT JOIN heard ON heard.peer = day.peer AND heard.day = day.day
         GROUP BY user.id ORDER BY user.id",
    )?;
    let Plausible { measured_percent, unmeasured_bytes } = limit;
    let rows = rows.query_map(params![since, measured_percent, unmeasured_bytes], |row| {
        Ok(Contribution {
            user: named(row, 0)?,
            class: row.get(1)?,
            class_since: row.get(2)?,
            is_pinned: row.get(3)?,
            earned: row.get(4)?,
            got: row.get(5)?,
            relayed: row.get(6)?,
            cached: row.get(7)?,
            active_days: row.get(8)?,
        })
    })?;
    rows.collect()
}

/// Changes classes; how many did change.
pub(super) fn reclass(
    tx: &Connection,
    changes: &[(UserId, u8)],
    by: &Act,
) -> rusqlite::Result<u64> {
    let mut changed = 0;
    for (user, class) in changes {
        let sql = "UPDATE user SET class = ?2, class_since = ?3
             WHERE id = ?1 AND is_pinned = 0 AND class <> ?2";
        if tx.prepare_cached(sql)?.execute(params![user.as_str(), class, by.now])? > 0 {
            note(tx, by, "class", user.as_str(), json!({"to": class}))?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// An operator's class, or none.
pub(super) fn pin(
    tx: &Connection,
    user: &str,
    class: Option<u8>,
    by: &Act,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE user SET class = coalesce(?2, class), is_pinned = ?3, class_since = ?4
         WHERE id = ?1";
    let is_there = tx.execute(sql, params![user, class, class.is_some(), by.now])? > 0;
    if is_there {
        note(tx, by, "pin-class", user, json!({"to": class}))?;
    }
    Ok(is_there)
}

/// Forgets what is old.
pub(super) fn forget(tx: &Connection, before: &Before) -> rusqlite::Result<()> {
    let days = day::of(before.days);
    tx.execute("DELETE FROM epoch WHERE ts < ?1", [before.receipts])?;
    tx.execute("DELETE FROM exchange WHERE at < ?1", [before.exchanges])?;
    for table in ["pair_day", "sign_up"] {
        let sql = format!("DELETE FROM {table} WHERE day < ?1");
        tx.execute(&sql, [day::of(before.exchanges)])?;
    }
    for table in ["day", "measured"] {
        tx.execute(&format!("DELETE FROM {table} WHERE day < ?1"), [days])?;
    }
    for (table, column) in [("success", "at"), ("error", "at"), ("distribution", "last")] {
        tx.execute(&format!("DELETE FROM {table} WHERE {column} < ?1"), [before.days])?;
    }
    Ok(())
}
