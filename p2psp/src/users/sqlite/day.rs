//! What each peer did on each day; a user's days are those of the user's peers together.

use mp2p::id::UserId;
use mp2p::message::account::Day;
use rusqlite::{Connection, params};

use crate::calls::Measured;

/// Seconds of a day.
const DAY_S: u64 = 86_400;
/// Days that an account shows.
const MAX_SHOWN_DAYS: u32 = 60;

/// What is added up.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sum {
    Joins,
    Given,
    Got,
    Relayed,
    Cached,
    Credited,
    Rejected,
    Accused,
    /// Receipts of a consumer that contradict each other.
    Flagged,
}

impl Sum {
    const fn column(self) -> &'static str {
        match self {
            Self::Joins => "joins",
            Self::Given => "given",
            Self::Got => "got",
            Self::Relayed => "relayed",
            Self::Cached => "cached",
            Self::Credited => "credited",
            Self::Rejected => "rejected",
            Self::Accused => "accused",
            Self::Flagged => "flagged",
        }
    }
}

/// The day of a time.
pub(super) const fn of(unix_s: u64) -> u64 {
    unix_s / DAY_S
}

/// Adds to a peer's day.
pub(super) fn add(
    tx: &Connection,
    peer: &str,
    day: u64,
    sum: Sum,
    amount: u64,
) -> rusqlite::Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let column = sum.column();
    let sql = format!(
        "INSERT INTO day (peer, day, {column}) VALUES (?1, ?2, ?3)
         ON CONFLICT (peer, day) DO UPDATE SET {column} = {column} + excluded.{column}"
    );
    tx.prepare_cached(&sql)?.execute(params![peer, day, amount]).map(|_| ())
}

/// What a peer measured so far on a day.
pub(super) fn measured(tx: &Connection, measured: &Measured) -> rusqlite::Result<()> {
    // No line carries more in a day, and SQLite's integers end at 2^63, shares of sums as well.
    let bytes = measured.bytes.min(1 << 50);
    tx.prepare_cached(
        "INSERT INTO measured (peer, day, run, bytes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (peer, day, run) DO UPDATE SET bytes = max(bytes, excluded.bytes)",
    )?
    .execute(params![&*measured.peer.digits(), measured.day, measured.run, bytes])
    .map(|_| ())
}

/// Bytes credited to a user's peers on a day.
pub(super) fn credited(tx: &Connection, user: &UserId, day: u64) -> rusqlite::Result<u64> {
    tx.prepare_cached(
        "SELECT coalesce(sum(credited), 0) FROM peer JOIN day ON day.peer = peer.id
         WHERE user = ?1 AND day = ?2",
    )?
    .query_row(params![user.as_str(), day], |row| row.get(0))
}

/// Bytes that a user's peers got on a day; a server of the provider's has no user.
pub(super) fn got(tx: &Connection, user: Option<&UserId>, day: u64) -> rusqlite::Result<u64> {
    let Some(user) = user else { return Ok(0) };
    tx.prepare_cached(
        "SELECT coalesce(sum(got), 0) FROM peer JOIN day ON day.peer = peer.id
         WHERE user = ?1 AND day = ?2",
    )?
    .query_row(params![user.as_str(), day], |row| row.get(0))
}

/// The days of a user, newest first.
pub(super) fn of_user(tx: &Connection, user: &UserId) -> rusqlite::Result<Vec<Day>> {
    let mut days = tx.prepare_cached(
        "SELECT day, sum(joins), sum(given), sum(got), sum(relayed), sum(cached), sum(credited),
            sum(rejected), sum(accused),
            sum(coalesce((SELECT sum(bytes) FROM measured
                WHERE measured.peer = day.peer AND measured.day = day.day), 0))
         FROM peer JOIN day ON day.peer = peer.id
         WHERE user = ?1 GROUP BY day ORDER BY day DESC LIMIT ?2",
    )?;
    let days = days.query_map(params![user.as_str(), MAX_SHOWN_DAYS], |row| {
        Ok(Day {
            day: row.get(0)?,
            joins: row.get(1)?,
            given: row.get(2)?,
            got: row.get(3)?,
            relayed: row.get(4)?,
            cached: row.get(5)?,
            credited: row.get(6)?,
            rejected: row.get(7)?,
            accused: row.get(8)?,
            measured: row.get(9)?,
        })
    })?;
    days.collect()
}
