//! Takedown (TR 20002 §8.3.4 steps 1, 2, 5 and 6): what an authority asks is out of the index and
//! on the denylist at once; then OMS is told, as often as it takes, and asked what became of it.

use std::sync::Arc;
use std::time::Duration;

use link::shutdown::Shutdown;
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::IndexFile;
use mp2p::message::bound::Text;
use mp2p::message::content::{Denied, DeniedKind};
use mp2p::message::takedown::{StopResult, Takedown, TakedownRequest, TakedownState};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::calls::{StopOrder, Stops};
use crate::database::DatabaseError;
use crate::index::{IndexError, Ixs, denylist, lift, registered};

/// How often OMS is asked about those that are open.
const ROUND: Duration = Duration::from_secs(1);
/// How long OMS may take for an answer.
const CALL: Duration = Duration::from_secs(10);
/// After this the result is taken as it is, seconds.
const FINAL_S: u64 = 600;
/// Takedowns of one content or overlay that are looked at for one of the same authority.
const MAX_KNOWN: usize = 100;
/// Open ones that one round looks at.
pub(crate) const MAX_OPEN: usize = 256;

impl Ixs {
    /// Takes a content, or all contents of an overlay, out of the index, and has their distribution
    /// stopped. What the same authority took down already stays as it is; the order of another one
    /// stands beside it, so that it holds when the first is lifted.
    ///
    /// # Errors
    /// Neither content nor overlay is known here.
    pub async fn take_down(
        &self,
        request: TakedownRequest,
        authority: String,
        now: u64,
    ) -> Result<Takedown, IndexError> {
        let unknown = match &request.content_id {
            Some(content) => IndexError::Unknown(content.clone()),
            None => IndexError::NoOverlay,
        };
        let taken = self.database.write(move |tx| write(tx, &request, &authority, now)).await?;
        let taken = taken.ok_or(unknown)?;
        self.takedowns.notify_one();
        Ok(taken)
    }

    /// Whether a content is registered in an overlay, or was before a takedown.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn knows(&self, overlay: OverlayId) -> Result<bool, DatabaseError> {
        let known = "SELECT EXISTS (SELECT 1 FROM content WHERE overlay = ?1)
            OR EXISTS (SELECT 1 FROM takedown WHERE overlay = ?1)";
        let asked = self.database.read(move |tx| {
            tx.prepare_cached(known)?.query_row([overlay.as_str()], |row| row.get(0))
        });
        asked.await
    }

    /// Takedowns, the latest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn takedowns(&self, of: Which, most: usize) -> Result<Vec<Takedown>, DatabaseError> {
        self.database.read(move |tx| list(tx, &of, most)).await
    }

    /// Tells OMS of open takedowns and fetches their results, until shutdown.
    pub async fn follow_takedowns(self, oms: Arc<dyn Stops>, shutdown: Shutdown) {
        loop {
            // The command line writes into the same file: there may be one that nobody told of.
            // Lifts first: what was lifted before OMS heard of it is never stopped.
            let told = async {
                self.tell_lifts(&oms).await?;
                self.round(&oms).await
            };
            if let Err(error) = told.await {
                tracing::error!(%error, "open takedowns cannot be read");
            }
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.takedowns.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    }

    async fn round(&self, oms: &Arc<dyn Stops>) -> Result<(), DatabaseError> {
        let open = self.database.read(open).await?;
        for (number, takedown, order) in &open {
            let told = match takedown.seq {
                Some(seq) => Ok(seq),
                None => in_time(oms.stop(order.clone())).await,
            };
            let result = match &told {
                Ok(seq) => in_time(oms.stop_result(*seq)).await,
                Err(reason) => Err(reason.clone()),
            };
            match (told, result) {
                (Ok(seq), Ok(result)) => self.note(*number, seq, result, takedown.at).await?,
                (Ok(seq), Err(_)) => self.note(*number, seq, None, takedown.at).await?,
                (Err(reason), _) => {
                    tracing::warn!(takedown = &*takedown.takedown_id, reason, "OMS is not told");
                }
            }
        }
        Ok(())
    }

    /// Puts down how far a takedown has come.
    pub(crate) async fn note(
        &self,
        number: i64,
        seq: u64,
        result: Option<StopResult>,
        at: u64,
    ) -> Result<(), DatabaseError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let age = now.unwrap_or_default().as_secs().saturating_sub(at);
        let all = result.is_some_and(|result| result.acknowledged == result.members);
        let is_done = all || age > FINAL_S;
        let text = result.and_then(|result| serde_json::to_string(&result).ok());
        let written = self.database.write(move |tx| {
            tx.prepare_cached(
                "UPDATE takedown SET seq = ?2, result = coalesce(?3, result), is_done = ?4
                 WHERE number = ?1 AND (seq IS NOT ?2 OR result IS NOT ?3 OR is_done != ?4)",
            )?
            .execute(params![number, seq, text, is_done])
            .map(|_| ())
        });
        written.await
    }
}

/// Of which takedowns.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Its name.
    pub id: Option<String>,
    /// Of a content.
    pub content: Option<ContentId>,
    /// In an overlay.
    pub overlay: Option<OverlayId>,
}

/// An answer of OMS, or why there is none.
pub(crate) async fn in_time<T>(answer: crate::calls::Answer<'_, T>) -> Result<T, String> {
    match tokio::time::timeout(CALL, answer).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_elapsed) => Err("no answer in time".to_owned()),
    }
}

/// `None` where nothing of the kind is known.
fn write(
    tx: &Connection,
    request: &TakedownRequest,
    authority: &str,
    now: u64,
) -> rusqlite::Result<Option<Takedown>> {
    let of = Which {
        content: request.content_id.clone(),
        overlay: request.overlay_id.clone(),
        ..Which::default()
    };
    let whole_or_same =
        |takedown: &Takedown| takedown.content_id == request.content_id && takedown.lift.is_none();
    let mut known = list(tx, &of, MAX_KNOWN)?;
    known.retain(whole_or_same);
    let before = known.first().map(|takedown| takedown.overlay_id.to_string());
    if let Some(known) = known.into_iter().find(|known| known.authority == authority) {
        return Ok(Some(known));
    }
    let known = request.content_id.as_ref().map(|content| registered::known(tx, content));
    let known = known.transpose()?.flatten();
    let named = request.overlay_id.as_ref().map(|overlay| overlay.as_str().to_owned());
    let overlay = known.map(|known| known.overlay).or(named).or(before);
    let Some(overlay) = overlay else { return Ok(None) };
    let contents = contents(tx, &overlay, request.content_id.as_ref())?;
    let number: i64 = tx
        .prepare_cached("SELECT coalesce(max(number), 0) + 1 FROM takedown")?
        .query_row([], |row| row.get(0))?;
    let mut denied = Vec::new();
    for content in &contents {
        deny(tx, content, request.deny_fragments, &mut denied)?;
    }
    // The only content of an overlay: nothing is left to exchange in it.
    let rest = tx
        .prepare_cached("SELECT 1 FROM content WHERE overlay = ?1")?
        .exists([overlay.as_str()])?;
    let id = format!("{number}/{overlay}/{:?}/{now}", request.content_id);
    let id = blake3::hash(id.as_bytes()).to_hex();
    let id = &id.as_str()[..32];
    tx.prepare_cached(
        "INSERT INTO takedown (number, id, content, overlay, is_whole, reason, authority, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        number,
        id,
        request.content_id.as_ref().map(ContentId::as_str),
        overlay,
        !rest,
        &*request.reason,
        authority,
        now
    ])?;
    lift::took(tx, number, &denied)?;
    let detail = json!({
        "takedown-id": id, "overlay-id": overlay, "content-id": request.content_id,
        "reason": request.reason, "contents": contents.len(), "fragments": request.deny_fragments,
    });
    audit::append(tx, &Record { at: now, who: authority, what: "takedown", detail })?;
    let of = Which { id: Some(id.to_owned()), ..Which::default() };
    Ok(list(tx, &of, 1)?.pop())
}

/// The one content, or all of the overlay.
fn contents(
    tx: &Connection,
    overlay: &str,
    one: Option<&ContentId>,
) -> rusqlite::Result<Vec<ContentId>> {
    if let Some(one) = one {
        return Ok(vec![one.clone()]);
    }
    let mut ids = tx.prepare_cached("SELECT id FROM content WHERE overlay = ?1")?;
    let ids = ids.query_map([overlay], |row| row.get::<_, String>(0))?;
    ids.filter_map(|id| id.map(|id| ContentId::parse(&id).ok()).transpose()).collect()
}

/// Forbids a content, and with `fragments` each of its fragments, which takes it out of the index.
fn deny(
    tx: &Connection,
    content: &ContentId,
    fragments: bool,
    denied: &mut Vec<(Denied, bool)>,
) -> rusqlite::Result<()> {
    let mut set = |digest: ContentId, kind: DeniedKind| {
        let one = Denied { digest, kind, denied: true };
        let is_new = denylist::set(tx, &one)?;
        denied.push((one, is_new));
        Ok::<(), rusqlite::Error>(())
    };
    if fragments {
        let file = tx
            .prepare_cached(
                "SELECT text FROM content JOIN index_file USING (number) WHERE id = ?1",
            )?
            .query_row([content.as_str()], |row| row.get::<_, String>(0))
            .optional()?;
        let file = file.and_then(|text| IndexFile::open(&text).ok());
        for fragment in file.iter().flat_map(|file| &file.fragments.0) {
            set(ContentId::of_digest(&fragment.0), DeniedKind::Fragment)?;
        }
    }
    set(content.clone(), DeniedKind::Content)?;
    // Forbidden before, and registered nevertheless: cannot be, but must not stay.
    let known = registered::known(tx, content)?;
    known.map(|known| registered::delete(tx, known.number)).transpose().map(|_| ())
}

const COLUMNS: &str = "number, id, content, overlay, is_whole, reason, authority, at, seq, result, \
    is_done, lifted_at, lifted_by, lifted_why, lift_told";

pub(crate) fn list(tx: &Connection, of: &Which, most: usize) -> rusqlite::Result<Vec<Takedown>> {
    let mut rows = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM takedown
         WHERE (?1 IS NULL OR id = ?1) AND (?2 IS NULL OR content = ?2)
           AND (?3 IS NULL OR overlay = ?3)
         ORDER BY number DESC LIMIT ?4"
    ))?;
    let content = of.content.as_ref().map(ContentId::as_str);
    let overlay = of.overlay.as_ref().map(OverlayId::as_str);
    let rows =
        rows.query_map(params![of.id, content, overlay, most], |row| Ok(takedown(row)?.1))?;
    rows.filter_map(Result::transpose).collect()
}

/// Those that are open, the oldest first, with what OMS is to be told.
fn open(tx: &Connection) -> rusqlite::Result<Vec<(i64, Takedown, StopOrder)>> {
    let mut rows = tx.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM takedown WHERE is_done = 0 AND lifted_at IS NULL
         ORDER BY number LIMIT ?1"
    ))?;
    let rows = rows.query_map([MAX_OPEN], |row| {
        let (number, takedown) = takedown(row)?;
        let is_whole: bool = row.get(4)?;
        Ok(takedown.map(|takedown| {
            let content = takedown.content_id.clone().filter(|_| !is_whole);
            let order = StopOrder {
                id: takedown.takedown_id.to_string(),
                overlay: takedown.overlay_id.clone(),
                content,
                reason: takedown.reason.to_string(),
                authority: takedown.authority.clone(),
                now: takedown.at,
            };
            (number, takedown, order)
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// `None` in place of what somebody else wrote into the file.
fn takedown(row: &Row<'_>) -> rusqlite::Result<(i64, Option<Takedown>)> {
    let (content, overlay): (Option<String>, String) = (row.get(2)?, row.get(3)?);
    let (id, reason): (String, String) = (row.get(1)?, row.get(5)?);
    let (seq, result): (Option<u64>, Option<String>) = (row.get(8)?, row.get(9)?);
    let lift = lift::of(row)?;
    let state = match (row.get::<_, bool>(10)?, seq) {
        _ if lift.is_some() => TakedownState::Lifted,
        (true, _) => TakedownState::Done,
        (false, Some(_)) => TakedownState::Stopping,
        (false, None) => TakedownState::Pending,
    };
    let (authority, at) = (row.get(6)?, row.get(7)?);
    let read = || {
        Some(Takedown {
            takedown_id: Text::new(id).ok()?,
            content_id: content.map(|content| ContentId::parse(&content)).transpose().ok()?,
            overlay_id: OverlayId::parse(&overlay).ok()?,
            reason: Text::new(reason).ok()?,
            authority,
            at,
            state,
            seq,
            result: result.and_then(|result| serde_json::from_str(&result).ok()),
            lift,
        })
    };
    Ok((row.get(0)?, read()))
}
