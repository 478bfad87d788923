//! Profiles: made, brought up to date, shown, locked.

use mp2p::id::{PeerId, UserId};
use mp2p::message::account::{Account, Credit};
use mp2p::message::profile::Profile;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use crate::audit;
use crate::calls::Visit;
use crate::users::ledger::{Act, LedgerError, SignUpBounds, SignedUpAs, UserStanding};
use crate::users::sqlite::day;
use crate::users::sqlite::day::Sum;

/// Peers of a user that a profile shows.
const MAX_SHOWN_PEERS: u32 = 1000;
/// What is read of a user; [`profile_row`] takes it.
const COLUMNS: &str =
    "id, class, reputation, network, joins, created, updated, show_status, is_locked";

/// A command's outcome that is no failure of SQLite.
pub(super) type Outcome<T> = rusqlite::Result<Result<T, LedgerError>>;

/// A join. Where it is refused nothing is changed.
pub(super) fn visit(tx: &Connection, visit: &Visit) -> Outcome<Profile> {
    let (user, digits) = (visit.user.as_str(), visit.peer.digits());
    let peer = &*digits;
    let known = tx
        .prepare_cached("SELECT user, ended FROM peer WHERE id = ?1")?
        .query_row([peer], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<u64>>(1)?)))
        .optional()?;
    match &known {
        Some((owner, _)) if owner != user => {
            let (peer, user) = (visit.peer.clone(), visit.user.clone());
            return Ok(Err(LedgerError::OtherUser { peer, user }));
        }
        Some((_, Some(_))) => return Ok(Err(LedgerError::LockedOut(format!("peer {peer}")))),
        _ => {}
    }
    let is_locked = tx
        .prepare_cached("SELECT is_locked FROM user WHERE id = ?1")?
        .query_row([user], |row| row.get::<_, bool>(0))
        .optional()?;
    if is_locked == Some(true) {
        return Ok(Err(LedgerError::LockedOut(format!("user {user}"))));
    }
    tx.prepare_cached(
        "INSERT INTO user (id, network, joins, created, updated) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT (id) DO UPDATE SET
            network = coalesce(excluded.network, network),
            joins = joins + excluded.joins,
            updated = max(updated, excluded.updated)",
    )?
    .execute(params![user, visit.network, i64::from(visit.is_new), visit.now])?;
    if known.is_none() {
        tx.execute("INSERT INTO peer (id, user) VALUES (?1, ?2)", [peer, user])?;
        let detail = json!({"user": user, "network": visit.network});
        note(tx, &Act { actor: "oms".into(), now: visit.now }, "peer", peer, detail)?;
    }
    day::add(tx, peer, day::of(visit.now), Sum::Joins, u64::from(visit.is_new))?;
    let profile = read(tx, &visit.user)?;
    Ok(profile.ok_or_else(|| LedgerError::NoUser(visit.user.clone())))
}

/// The profile of a user.
pub(super) fn read(tx: &Connection, user: &UserId) -> rusqlite::Result<Option<Profile>> {
    let found = tx
        .prepare_cached(&format!("SELECT {COLUMNS} FROM user WHERE id = ?1"))?
        .query_row([user.as_str()], profile_row)
        .optional()?;
    found.map(|profile| with_peers(tx, profile)).transpose()
}

/// Profiles after a name.
pub(super) fn list(tx: &Connection, after: &str, most: u32) -> rusqlite::Result<Vec<Profile>> {
    let sql = format!("SELECT {COLUMNS} FROM user WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut rows = tx.prepare_cached(&sql)?;
    let profiles: Vec<Profile> =
        rows.query_map(params![after, most], profile_row)?.collect::<Result<_, _>>()?;
    profiles.into_iter().map(|profile| with_peers(tx, profile)).collect()
}

fn with_peers(tx: &Connection, mut profile: Profile) -> rusqlite::Result<Profile> {
    let sql = "SELECT id FROM peer WHERE user = ?1 AND ended IS NULL ORDER BY id LIMIT ?2";
    let mut peers = tx.prepare_cached(sql)?;
    let peers = peers.query_map(params![profile.user_id.as_str(), MAX_SHOWN_PEERS], |row| {
        row.get::<_, String>(0)
    })?;
    for peer in peers {
        profile.peers.extend(PeerId::parse(&peer?).ok());
    }
    Ok(profile)
}

fn profile_row(row: &Row<'_>) -> rusqlite::Result<Profile> {
    Ok(Profile {
        user_id: named(row, 0)?,
        class: row.get(1)?,
        reputation: row.get(2)?,
        network: row.get(3)?,
        joins: row.get(4)?,
        created: row.get(5)?,
        updated: row.get(6)?,
        show_status: row.get(7)?,
        locked_out: row.get(8)?,
        peers: Vec::new(),
    })
}

/// A user's name in a column.
pub(super) fn named(row: &Row<'_>, column: usize) -> rusqlite::Result<UserId> {
    UserId::parse(&row.get::<_, String>(column)?).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
    })
}

/// Credit and days of a user.
pub(super) fn account(tx: &Connection, user: &UserId) -> rusqlite::Result<Option<Account>> {
    let found = tx
        .prepare_cached("SELECT class, reputation, show_status FROM user WHERE id = ?1")?
        .query_row([user.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((class, reputation, show_status)) = found else { return Ok(None) };
    let credit = tx
        .prepare_cached("SELECT earned, spent FROM balance WHERE account = 'user/' || ?1")?
        .query_row([user.as_str()], |row| Ok(Credit { earned: row.get(0)?, spent: row.get(1)? }))
        .optional()?;
    Ok(Some(Account {
        user_id: user.clone(),
        class,
        reputation,
        credit: credit.unwrap_or_default(),
        show_status,
        days: day::of_user(tx, user)?,
    }))
}

/// How the user of a peer stands.
pub(super) fn standing(tx: &Connection, peer: &str) -> rusqlite::Result<Option<UserStanding>> {
    tx.prepare_cached(
        "SELECT user.id, class, reputation, is_locked OR ended IS NOT NULL, show_status
         FROM peer JOIN user ON user.id = peer.user WHERE peer.id = ?1",
    )?
    .query_row([peer], |row| {
        Ok(UserStanding {
            user: named(row, 0)?,
            class: row.get(1)?,
            reputation: row.get(2)?,
            is_out: row.get(3)?,
            show_status: row.get(4)?,
        })
    })
    .optional()
}

/// Takes a name.
pub(super) fn sign_up(
    tx: &Connection,
    user: &str,
    bounds: &SignUpBounds,
    by: &Act,
) -> rusqlite::Result<SignedUpAs> {
    let is_taken = tx
        .prepare_cached("SELECT 1 FROM user WHERE id = ?1")?
        .query_row([user], |_| Ok(()))
        .optional()?
        .is_some();
    if is_taken {
        return Ok(SignedUpAs::Taken);
    }
    // No user is called by an address with an @ before it.
    let of_source = bounds.source.map(|(source, most)| (format!("@{source}"), most));
    for (whose, most) in of_source.into_iter().chain([(String::new(), bounds.most_a_day)]) {
        if !count(tx, &whose, most, by.now)? {
            return Ok(SignedUpAs::TooMany);
        }
    }
    let sql = "INSERT INTO user (id, created, updated) VALUES (?1, ?2, ?2)";
    tx.execute(sql, params![user, by.now])?;
    note(tx, by, "sign-up", user, json!({}))?;
    Ok(SignedUpAs::New)
}

/// A user's further peer.
pub(super) fn further(
    tx: &Connection,
    user: &str,
    most_a_day: u32,
    by: &Act,
) -> rusqlite::Result<bool> {
    let fits = count(tx, user, most_a_day, by.now)?;
    if fits {
        note(tx, by, "further-peer", user, json!({}))?;
    }
    Ok(fits)
}

/// Counts a token of today, where there are fewer than `most`.
fn count(tx: &Connection, user: &str, most: u32, now: u64) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO sign_up VALUES (?1, ?2, 1)
         ON CONFLICT DO UPDATE SET times = times + 1 WHERE times < ?3";
    Ok(most > 0 && tx.prepare_cached(sql)?.execute(params![day::of(now), user, most])? > 0)
}

/// Sets one column of a user; whether there is such a user.
pub(super) fn set(
    tx: &Connection,
    user: &str,
    (column, value): (&'static str, Option<i64>),
    by: &Act,
) -> rusqlite::Result<bool> {
    let sql = format!("UPDATE user SET {column} = ?2 WHERE id = ?1");
    let is_there = tx.execute(&sql, params![user, value])? > 0;
    if is_there {
        note(tx, by, column, user, json!({"to": value}))?;
    }
    Ok(is_there)
}

/// Locks a user out, known or not.
pub(super) fn bar(tx: &Connection, user: &str, by: &Act) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO user (id, created, updated) VALUES (?1, ?2, ?2)";
    tx.execute(sql, params![user, by.now])?;
    set(tx, user, ("is_locked", Some(1)), by).map(|_is_there| ())
}

/// Ends a peer.
pub(super) fn end_peer(tx: &Connection, peer: &str, by: &Act) -> rusqlite::Result<bool> {
    let sql = "UPDATE peer SET ended = ?2 WHERE id = ?1 AND ended IS NULL";
    let is_there = tx.execute(sql, params![peer, by.now])? > 0;
    if is_there {
        note(tx, by, "end-peer", peer, json!({}))?;
    }
    Ok(is_there)
}

/// Writes a row of the audit trail: to whom or what, and all else.
pub(super) fn note(
    tx: &Connection,
    by: &Act,
    what: &str,
    subject: &str,
    mut detail: Value,
) -> rusqlite::Result<()> {
    detail["subject"] = subject.into();
    audit::append(tx, &audit::Record { at: by.now, who: &by.actor, what, detail })
}
