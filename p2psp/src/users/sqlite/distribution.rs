//! What became of contents: success reports, errors, and the one held against the other (TR 20002
//! §8.3.8).

use mp2p::id::{ContentId, OverlayId, PeerId, UserId};
use mp2p::message::report::{ContentResult, Direction, DistributionResult, Partner, SuccessReport};
use mp2p::receipt::Receipt;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use crate::calls::{ErrorNote, Founding};
use crate::users::ledger::{Act, Distribution};
use crate::users::sqlite::day;
use crate::users::sqlite::day::Sum;
use crate::users::sqlite::profile::note;

/// Contents that a result tells of.
const MAX_CONTENTS: u32 = 1000;
/// Errors of one pair that a report is held against, and reports that an error is held against.
const MAX_HELD: u32 = 1000;

/// A reputation is from here below 0 to here above.
const MAX_REPUTATION: i64 = 100;
/// A peer's sums end here, so that no reporter makes those of all overflow; 16 Ti.
const MOST: u64 = 1 << 44;

/// Where one peer's part in the distribution of a content stands.
struct Place<'a> {
    overlay: &'a OverlayId,
    content: &'a ContentId,
    peer: &'a PeerId,
}

/// What is added to it.
#[derive(Default)]
struct Part {
    bytes: u64,
    fragments: u64,
    seconds: u64,
    complete: bool,
    receipted: u64,
    rejected: u64,
    given: u64,
}

fn add(tx: &Connection, place: &Place<'_>, part: &Part, now: u64) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "INSERT INTO distribution VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)
         ON CONFLICT DO UPDATE SET
            bytes = min(bytes + excluded.bytes, {MOST}),
            fragments = min(fragments + excluded.fragments, {MOST}),
            seconds = min(seconds + excluded.seconds, {MOST}),
            complete = max(complete, excluded.complete),
            receipted = min(receipted + excluded.receipted, {MOST}),
            rejected = min(rejected + excluded.rejected, {MOST}),
            given = min(given + excluded.given, {MOST}), last = max(last, excluded.last)"
    ))?
    .execute(params![
        place.overlay.as_str(),
        place.content.as_str(),
        &*place.peer.digits(),
        part.bytes.min(MOST),
        part.fragments.min(MOST),
        part.seconds.min(MOST),
        part.complete,
        part.receipted.min(MOST),
        part.rejected.min(MOST),
        part.given.min(MOST),
        now
    ])
    .map(|_| ())
}

/// A receipt told of so many bytes and rejected fragments anew.
pub(super) fn receipted(
    tx: &Connection,
    receipt: &Receipt,
    (bytes, rejected): (u64, u64),
    now: u64,
) -> rusqlite::Result<()> {
    let (overlay, content) = (&receipt.overlay_id, &receipt.content_id);
    let consumer = Place { overlay, content, peer: &receipt.consumer };
    add(tx, &consumer, &Part { receipted: bytes, rejected, ..Part::default() }, now)?;
    let contributor = Place { peer: &receipt.contributor, ..consumer };
    add(tx, &contributor, &Part { given: bytes, ..Part::default() }, now)
}

/// Takes a report of success; `false`: it was here before.
pub(super) fn success(
    tx: &Connection,
    reporter: &PeerId,
    report: &SuccessReport,
    now: u64,
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO success VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    if tx.prepare_cached(sql)?.execute(params![&*reporter.digits(), report.seq, now])? == 0 {
        return Ok(false);
    }
    let (overlay, content) = (&report.overlay_id, &report.content_id);
    let part = Part {
        bytes: report.bytes,
        fragments: report.fragments,
        seconds: report.seconds,
        complete: report.complete,
        ..Part::default()
    };
    add(tx, &Place { overlay, content, peer: reporter }, &part, now)?;
    let mut distance = tx.prepare_cached(&format!(
        "INSERT INTO distance VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET bytes = min(bytes + excluded.bytes, {MOST} << 16)",
    ))?;
    for (rank, bytes) in &report.by_distance {
        let bytes = bytes.min(&MOST);
        distance.execute(params![overlay.as_str(), content.as_str(), rank, bytes])?;
    }
    for partner in report.partners.iter().filter(|it| it.direction == Direction::Sent) {
        sent(tx, reporter, report, partner, now)?;
    }
    let detail = json!({
        "overlay": overlay, "content": content, "seq": report.seq, "bytes": report.bytes,
        "fragments": report.fragments,
    });
    let by = Act { actor: format!("peer/{reporter}"), now };
    note(tx, &by, "success", &reporter.digits(), detail)?;
    Ok(true)
}

/// The reporter says that it gave these fragments: errors that the other end told OMS of say not.
fn sent(
    tx: &Connection,
    reporter: &PeerId,
    report: &SuccessReport,
    partner: &Partner,
    now: u64,
) -> rusqlite::Result<()> {
    let ranges = serde_json::to_string(&partner.fragments).unwrap_or_default();
    let (overlay, content) = (report.overlay_id.as_str(), report.content_id.as_str());
    tx.prepare_cached("INSERT OR IGNORE INTO exchange VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            &*reporter.digits(),
            &*partner.peer_id.digits(),
            overlay,
            content,
            report.seq,
            ranges,
            now
        ])?;
    let mut errors = tx.prepare_cached(
        "SELECT DISTINCT fragment FROM error WHERE reporter = ?1 AND accused = ?2 AND overlay = ?3
            AND content IN (?4, '') AND fragment >= 0 AND is_contradicted = 0 LIMIT ?5",
    )?;
    let (getter, giver) = (partner.peer_id.digits(), reporter.digits());
    let (getter, giver) = (&*getter, &*giver);
    let told: Vec<u32> = errors
        .query_map(params![getter, giver, overlay, content, MAX_HELD], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for fragment in told.into_iter().filter(|at| holds(&partner.fragments, *at)) {
        contradict(tx, (getter, giver), (overlay, content), fragment)?;
    }
    Ok(())
}

fn holds(ranges: &[(u32, u32)], fragment: u32) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&fragment))
}

fn contradict(
    tx: &Connection,
    (reporter, accused): (&str, &str),
    (overlay, content): (&str, &str),
    fragment: u32,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE error SET is_contradicted = 1 WHERE reporter = ?1 AND accused = ?2
            AND overlay = ?3 AND content IN (?4, '') AND fragment = ?5",
    )?
    .execute(params![reporter, accused, overlay, content, fragment])
    .map(|_| ())
}

/// Takes one error report; whether it was new. One that names no content counts for each of the
/// overlay's.
pub(super) fn error(tx: &Connection, error: &ErrorNote) -> rusqlite::Result<bool> {
    let (reporter, accused) = (error.reporter.digits(), error.accused.digits());
    let (reporter, accused) = (&*reporter, &*accused);
    let (overlay, content) =
        (error.overlay.as_str(), error.content.as_ref().map_or("", ContentId::as_str));
    let kind: String = error.kind.chars().take(ErrorNote::MAX_KIND_BYTES).collect();
    let fragment = error.fragment.map_or(-1, i64::from);
    let is_new =
        tx.prepare_cached(
            "INSERT INTO error (reporter, accused, overlay, content, fragment, kind, is_proved, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            reporter,
            accused,
            overlay,
            content,
            fragment,
            kind,
            error.proved,
            error.at
        ])? > 0;
    if error.refuted {
        refute(tx, error, (&kind, fragment))?;
    }
    if !is_new {
        return Ok(false);
    }
    day::add(tx, accused, day::of(error.at), Sum::Accused, 1)?;
    if error.proved {
        repute(tx, accused, -1)?;
    }
    if let Some(fragment) = error.fragment {
        let mut reports = tx.prepare_cached(
            "SELECT ranges FROM exchange WHERE giver = ?1 AND getter = ?2 AND overlay = ?3
                AND ?4 IN (content, '') LIMIT ?5",
        )?;
        let mut reports = reports.query(params![accused, reporter, overlay, content, MAX_HELD])?;
        while let Some(row) = reports.next()? {
            let ranges: Vec<(u32, u32)> =
                serde_json::from_str(&row.get::<_, String>(0)?).unwrap_or_default();
            if holds(&ranges, fragment) {
                contradict(tx, (reporter, accused), (overlay, content), fragment)?;
                break;
            }
        }
    }
    let detail = json!({
        "reporter": reporter, "overlay": overlay, "content": content, "fragment": fragment,
        "kind": kind, "proved": error.proved, "refuted": error.refuted,
    });
    note(tx, &Act { actor: "oms".into(), now: error.at }, "error", accused, detail)?;
    Ok(true)
}

/// OMS looked, and it was not so: that costs the reporter, once a day for one of a kind.
fn refute(
    tx: &Connection,
    error: &ErrorNote,
    (kind, fragment): (&str, i64),
) -> rusqlite::Result<()> {
    let content = error.content.as_ref().map_or("", ContentId::as_str);
    let sql = "UPDATE error SET refuted_on = ?1
         WHERE reporter = ?2 AND accused = ?3 AND overlay = ?4 AND content = ?5 AND fragment = ?6
           AND kind = ?7 AND refuted_on IS NOT ?1";
    let is_first = tx.prepare_cached(sql)?.execute(params![
        day::of(error.at),
        &*error.reporter.digits(),
        &*error.accused.digits(),
        error.overlay.as_str(),
        content,
        fragment,
        kind
    ])? > 0;
    if is_first {
        repute(tx, &error.reporter.digits(), -1)?;
    }
    Ok(())
}

/// Changes the reputation of a peer's user, within bounds.
pub(super) fn repute(tx: &Connection, peer: &str, change: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE user SET reputation = max(-?3, min(?3, reputation + ?2))
         WHERE id = (SELECT user FROM peer WHERE id = ?1)";
    tx.prepare_cached(sql)?.execute(params![peer, change, MAX_REPUTATION]).map(|_| ())
}

/// An overlay was made. One of the same name that was another's before takes its results with it.
pub(super) fn founded(tx: &Connection, founding: &Founding) -> rusqlite::Result<()> {
    let (id, owner) = (founding.overlay.as_str(), founding.owner.as_ref().map(UserId::as_str));
    let before = tx
        .query_row("SELECT owner FROM overlay WHERE id = ?1", [id], |row| {
            row.get::<_, Option<String>>(0)
        })
        .optional()?;
    match before {
        Some(before) if before.as_deref() == owner => return Ok(()),
        Some(_) => {
            for table in ["distribution", "distance", "error", "exchange"] {
                tx.execute(&format!("DELETE FROM {table} WHERE overlay = ?1"), [id])?;
            }
        }
        None => {}
    }
    let sql = "INSERT OR REPLACE INTO overlay VALUES (?1, ?2, ?3)";
    tx.execute(sql, params![id, owner, founding.now])?;
    let by = Act { actor: "oms".into(), now: founding.now };
    note(tx, &by, "founded", id, json!({"owner": owner}))
}

/// The distribution result of an overlay.
pub(super) fn result(
    tx: &Connection,
    overlay: &OverlayId,
) -> rusqlite::Result<Option<Distribution>> {
    let id = overlay.as_str();
    let founded = tx
        .query_row("SELECT owner, since FROM overlay WHERE id = ?1", [id], |row| {
            Ok((row.get::<_, Option<String>>(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((owner, since)) = founded else { return Ok(None) };
    let mut contents = tx.prepare_cached(
        "SELECT content, sum(bytes > 0 OR receipted > 0), sum(complete), sum(given > 0), sum(bytes),
            sum(fragments), sum(seconds), sum(receipted), sum(rejected), min(first), max(last)
         FROM distribution WHERE overlay = ?1 GROUP BY content ORDER BY content LIMIT ?2",
    )?;
    let mut rows = contents.query(params![id, MAX_CONTENTS])?;
    let mut contents = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(content_id) = ContentId::parse(&row.get::<_, String>(0)?) else { continue };
        let (errors, contradicted) = tx
            .prepare_cached(
                "SELECT count(*), coalesce(sum(is_contradicted), 0) FROM error
                 WHERE overlay = ?1 AND content IN (?2, '')",
            )?
            .query_row([id, content_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut distances = tx.prepare_cached(
            "SELECT rank, bytes FROM distance WHERE overlay = ?1 AND content = ?2",
        )?;
        let distances =
            distances.query_map([id, content_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        contents.push(ContentResult {
            by_distance: distances.collect::<Result<_, _>>()?,
            content_id,
            consumers: row.get(1)?,
            complete: row.get(2)?,
            contributors: row.get(3)?,
            bytes: row.get(4)?,
            fragments: row.get(5)?,
            seconds: row.get(6)?,
            receipted: row.get(7)?,
            rejected: row.get(8)?,
            errors,
            contradicted,
            first: row.get(9)?,
            last: row.get(10)?,
        });
    }
    let owner = owner.and_then(|owner| UserId::parse(&owner).ok());
    let result = DistributionResult { overlay_id: overlay.clone(), since, contents };
    Ok(Some(Distribution { owner, result }))
}
