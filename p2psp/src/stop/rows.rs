//! Stops on the disk: what is written and read.

use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::takedown::StopResult;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::calls::{LiftOrder, StopOrder};
use crate::stop::stones::Stones;

/// A stop, and who has to hear of it.
pub(crate) fn keep(
    tx: &Connection,
    order: &StopOrder,
    seq: u64,
    signed: &str,
    peers: &[PeerId],
) -> rusqlite::Result<()> {
    let content = order.content.as_ref().map(ContentId::as_str);
    tx.prepare_cached(
        "INSERT INTO stop (seq, order_id, overlay, content, signed) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![stored(seq), order.id, order.overlay.as_str(), content, signed])?;
    let mut row = tx.prepare_cached("INSERT INTO stopped (seq, peer) VALUES (?1, ?2)")?;
    for peer in peers {
        row.execute(params![stored(seq), &*peer.digits()])?;
    }
    let detail = json!({
        "seq": seq, "overlay-id": order.overlay, "content-id": content, "order": order.id,
        "reason": order.reason, "members": peers.len(),
    });
    audit::append(tx, &Record { at: order.now, who: &order.authority, what: "stop", detail })
}

/// What has become of a stop.
pub(crate) fn read_result(tx: &Connection, seq: u64) -> rusqlite::Result<Option<StopResult>> {
    let seq = stored(seq);
    if !tx.prepare_cached("SELECT 1 FROM stop WHERE seq = ?1")?.exists([seq])? {
        return Ok(None);
    }
    tx.prepare_cached(
        "SELECT count(*), count(*) FILTER (WHERE told), count(acknowledged),
                count(*) FILTER (WHERE NOT told AND acknowledged IS NULL),
                coalesce(sum(forwarded), 0)
         FROM stopped WHERE seq = ?1",
    )?
    .query_row([seq], |row| {
        Ok(StopResult {
            members: row.get(0)?,
            notified: row.get(1)?,
            acknowledged: row.get(2)?,
            offline: row.get(3)?,
            forwarded: row.get(4)?,
        })
    })
    .map(Some)
}

/// All stops, and the newest number.
pub(crate) fn load(tx: &Connection) -> rusqlite::Result<(Stones, u64)> {
    let mut stones = Stones::default();
    let mut last = 0;
    let all = "SELECT seq, overlay, content, signed, lifted IS NOT NULL FROM stop ORDER BY seq";
    let mut rows = tx.prepare(all)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (overlay, content): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let content = content.and_then(|content| ContentId::parse(&content).ok());
        last = row.get(0)?;
        let Ok(overlay) = OverlayId::parse(&overlay) else { continue };
        stones.put(overlay.clone(), content, (last, row.get::<_, String>(3)?.into()));
        if row.get(4)? {
            stones.lift(&overlay, last);
        }
    }
    let untold = "SELECT seq, peer, signed FROM stopped JOIN stop USING (seq)
        WHERE NOT told AND acknowledged IS NULL AND lifted IS NULL";
    let mut rows = tx.prepare(untold)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (peer, signed): (String, String) = (row.get(1)?, row.get(2)?);
        stones.wait_for((row.get(0)?, &signed.into()), PeerId::parse(&peer).ok());
    }
    Ok((stones, last))
}

/// Marks the stop of an order as lifted: its number and overlay, where there is one that was not
/// lifted before.
pub(crate) fn lift(
    tx: &Connection,
    order: &LiftOrder,
) -> rusqlite::Result<Option<(u64, OverlayId)>> {
    let sql = "UPDATE stop SET lifted = ?2 WHERE order_id = ?1 AND lifted IS NULL
         RETURNING seq, overlay";
    let found = tx
        .prepare_cached(sql)?
        .query_row(params![order.id, order.now], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    let Some((seq, overlay)) = found else { return Ok(None) };
    let detail = json!({
        "seq": seq, "overlay-id": overlay, "order": order.id, "reason": order.reason,
    });
    audit::append(tx, &Record { at: order.now, who: &order.authority, what: "lift", detail })?;
    Ok(OverlayId::parse(&overlay).ok().map(|overlay| (seq, overlay)))
}

/// SQLite's integers end at 2^63.
pub(crate) fn stored(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
