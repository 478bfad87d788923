//! A takedown is lifted: what it forbade is allowed again, and OMS is told, as often as it takes.
//! The takedown stays on record, marked.

use std::sync::Arc;

use mp2p::id::ContentId;
use mp2p::message::bound::Text;
use mp2p::message::content::{Denied, MAX_REASON_BYTES};
use mp2p::message::takedown::{Lift, Takedown};
use rusqlite::{Connection, Row, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::calls::{LiftOrder, Stops};
use crate::database::DatabaseError;
use crate::index::takedown::{MAX_OPEN, in_time, list};
use crate::index::{IndexError, Ixs, Which, denylist};

impl Ixs {
    /// Lifts a takedown; `None` where there is none of that name. One that was lifted stays as it
    /// is. `by` is who asks, and whether takedowns of others may be lifted, too.
    ///
    /// # Errors
    /// Another authority ordered it, or the database refuses.
    pub async fn lift(
        &self,
        id: String,
        why: Text<MAX_REASON_BYTES>,
        by: Lifting,
        now: u64,
    ) -> Result<Option<Takedown>, IndexError> {
        let asked = id.clone();
        let lifted = self.database.write(move |tx| write(tx, &id, &why, (&by, now))).await?;
        self.takedowns.notify_one();
        lifted.map_err(|NotTheirs| IndexError::OtherAuthority(asked))
    }

    /// Tells OMS of lifts that it does not know of.
    pub(crate) async fn tell_lifts(&self, oms: &Arc<dyn Stops>) -> Result<(), DatabaseError> {
        for Untold { number, seq, at, order } in self.database.read(untold).await? {
            // Who has stopped by now stays on record: nobody asks any more when it is lifted.
            if let Some(seq) = seq
                && let Ok(result) = in_time(oms.stop_result(seq)).await
            {
                self.note(number, seq, result, at).await?;
            }
            match in_time(oms.lift(order)).await {
                Ok(_) => self.database.write(move |tx| told(tx, number)).await?,
                Err(reason) => tracing::warn!(number, reason, "OMS is not told of a lift"),
            }
        }
        Ok(())
    }
}

/// Who lifts.
#[derive(Clone, Debug)]
pub struct Lifting {
    /// By the whole name.
    pub who: String,
    /// Whether it is an operator, who lifts what others ordered.
    pub is_operator: bool,
}

/// Another authority ordered it.
struct NotTheirs;

/// A lift that OMS does not know of.
struct Untold {
    number: i64,
    /// OMS' number of the stop, where it made one.
    seq: Option<u64>,
    /// When the takedown was ordered, Unix seconds.
    at: u64,
    order: LiftOrder,
}

fn write(
    tx: &Connection,
    id: &str,
    why: &str,
    (by, now): (&Lifting, u64),
) -> rusqlite::Result<Result<Option<Takedown>, NotTheirs>> {
    let of = || Which { id: Some(id.to_owned()), ..Which::default() };
    let Some(known) = list(tx, &of(), 1)?.pop() else { return Ok(Ok(None)) };
    if !by.is_operator && known.authority != by.who {
        return Ok(Err(NotTheirs));
    }
    if known.lift.is_some() {
        return Ok(Ok(Some(known)));
    }
    let authority = &*by.who;
    tx.prepare_cached(
        "UPDATE takedown SET lifted_at = ?2, lifted_by = ?3, lifted_why = ?4 WHERE id = ?1",
    )?
    .execute(params![id, now, authority, why])?;
    let allowed = allow(tx, id)?;
    let detail = json!({
        "takedown-id": id, "overlay-id": known.overlay_id, "content-id": known.content_id,
        "reason": why, "digests": allowed,
    });
    audit::append(tx, &Record { at: now, who: authority, what: "lift", detail })?;
    Ok(Ok(list(tx, &of(), 1)?.pop()))
}

/// Allows what this takedown forbade, and neither another one in force nor an operator did.
fn allow(tx: &Connection, id: &str) -> rusqlite::Result<usize> {
    let mut rows = tx.prepare_cached(
        "SELECT digest, kind FROM taken JOIN takedown USING (number)
         WHERE id = ?1 AND is_own AND NOT EXISTS (
            SELECT 1 FROM taken AS too JOIN takedown AS other USING (number)
            WHERE too.digest = taken.digest AND too.kind = taken.kind
              AND other.lifted_at IS NULL)",
    )?;
    let rows = rows.query_map([id], |row| {
        let digest = ContentId::of_digest(&row.get(0)?);
        Ok(Denied { digest, kind: denylist::kind(row.get(1)?), denied: false })
    })?;
    let digests = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    for one in &digests {
        denylist::set(tx, one)?;
    }
    Ok(digests.len())
}

/// Puts down what a takedown forbade, and whether that was new.
pub(crate) fn took(
    tx: &Connection,
    number: i64,
    denied: &[(Denied, bool)],
) -> rusqlite::Result<()> {
    // Forbidden by another takedown in force is not forbidden by an operator.
    let mut row = tx.prepare_cached(
        "INSERT INTO taken VALUES (?1, ?2, ?3, ?4 OR EXISTS (
            SELECT 1 FROM taken AS too JOIN takedown AS other USING (number)
            WHERE too.digest = ?1 AND too.kind = ?2 AND too.is_own
              AND other.lifted_at IS NULL)) ON CONFLICT DO NOTHING",
    )?;
    for (one, is_new) in denied {
        let (digest, kind) = (denylist::bytes(&one.digest), denylist::code(one.kind));
        row.execute(params![digest, kind, number, is_new])?;
    }
    Ok(())
}

/// Lifts that OMS does not know of, the oldest first.
fn untold(tx: &Connection) -> rusqlite::Result<Vec<Untold>> {
    let mut rows = tx.prepare_cached(
        "SELECT number, id, lifted_why, lifted_by, lifted_at, seq, at FROM takedown
         WHERE lift_told = 0 AND lifted_at IS NOT NULL ORDER BY number LIMIT ?1",
    )?;
    let rows = rows.query_map([MAX_OPEN], |row| {
        let (id, reason, authority) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let order = LiftOrder { id, reason, authority, now: row.get(4)? };
        Ok(Untold { number: row.get(0)?, seq: row.get(5)?, at: row.get(6)?, order })
    })?;
    rows.collect()
}

fn told(tx: &Connection, number: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE takedown SET lift_told = 1 WHERE number = ?1";
    tx.prepare_cached(sql)?.execute([number]).map(|_| ())
}

/// The lift in a row of all columns of a takedown.
pub(crate) fn of(row: &Row<'_>) -> rusqlite::Result<Option<Lift>> {
    let Some(at) = row.get(11)? else { return Ok(None) };
    let reason = Text::new(row.get::<_, String>(13)?).unwrap_or_default();
    Ok(Some(Lift { reason, authority: row.get(12)?, at, told: row.get(14)? }))
}

#[cfg(test)]
mod tests {
    use mp2p::message::takedown::StopResult;
    use rusqlite::params;

    use super::*;
    use crate::calls::{Answer, StopOrder};

    /// One of two members has stopped when the lift comes.
    struct OneStopped;

    impl Stops for OneStopped {
        fn stop(&self, _: StopOrder) -> Answer<'_, u64> {
            Box::pin(async { Ok(7) })
        }

        fn stop_result(&self, seq: u64) -> Answer<'_, Option<StopResult>> {
            let result = StopResult { members: 2, notified: 2, acknowledged: 1, ..<_>::default() };
            Box::pin(async move { Ok((seq == 7).then_some(result)) })
        }

        fn lift(&self, _: LiftOrder) -> Answer<'_, bool> {
            Box::pin(async { Ok(true) })
        }
    }

    #[tokio::test]
    async fn who_had_stopped_when_it_was_lifted_stays_on_record() {
        let folder = tempfile::tempdir().unwrap();
        let index = Ixs::open(&folder.path().join("index.db")).unwrap();
        let stopping = "INSERT INTO takedown (id, overlay, is_whole, reason, authority, at, seq)
            VALUES (?1, 'film', 1, 'no licence', 'rights', 9, 7)";
        index.database.write(move |tx| tx.execute(stopping, params!["order"])).await.unwrap();
        let by = Lifting { who: "rights".to_owned(), is_operator: false };
        index.lift("order".to_owned(), Text::default(), by, 10).await.unwrap().unwrap();
        let oms: Arc<dyn Stops> = Arc::new(OneStopped);
        index.tell_lifts(&oms).await.unwrap();
        let known = index.takedowns(Which::default(), 9).await.unwrap();
        let [takedown] = &known[..] else { panic!("{known:?}") };
        assert_eq!(
            takedown.result.map(|result| (result.members, result.acknowledged)),
            Some((2, 1))
        );
        assert!(takedown.lift.as_ref().is_some_and(|lift| lift.told));
    }
}
