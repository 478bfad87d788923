//! Registration and update (X.609.9 `OCMP_CONTENT_REGISTER`, `_UPDATE`; TR 20002 §8.3.6 step 4).

use std::sync::Arc;

use mp2p::id::{ContentId, PeerId, UserId};
use mp2p::index_file::IndexFile;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::audit::{self, Record};
use crate::calls::Publishing;
use crate::index::lists::{Sheet, Words};
use crate::index::{IndexError, Ixs, denylist, registered, words};

/// Who publishes, as the connection proves it.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// Whose peer.
    pub user: UserId,
    /// Which peer: the index file is signed with its key.
    pub peer: PeerId,
}

/// Why a transaction takes nothing.
enum Refusal {
    Error(IndexError),
    /// The denylist has changed since it was asked.
    Late,
}

impl Ixs {
    /// Opens what is to be registered. Whether its overlay is the publisher's is for OMS to say.
    ///
    /// # Errors
    /// It is forged, does not fit together, or is signed by another.
    pub async fn open_order(
        text: String,
        replaces: Option<ContentId>,
        publisher: Publisher,
    ) -> Result<Order, IndexError> {
        // Megabytes of JSON and hashes: not on a thread that answers others.
        let opened =
            tokio::task::spawn_blocking(move || IndexFile::open(&text).map(|file| (file, text)));
        let ended = |_| IndexError::Database(crate::database::DatabaseError::Ended);
        let (file, text) = opened.await.map_err(ended)??;
        if file.publisher != publisher.peer {
            return Err(IndexError::OtherPublisher(file.publisher));
        }
        Ok(Order { file, text, replaces, publisher })
    }

    /// Registers the content of a signed index file, registers it anew with a higher version, or in
    /// the place of one of which it is a new version.
    ///
    /// # Errors
    /// [`IndexError`]; what is forbidden is put on record.
    pub async fn register(&self, order: Arc<Order>, now: u64) -> Result<(), IndexError> {
        loop {
            let seq = self.allowed(&order, now).await?;
            let order = Arc::clone(&order);
            match self.database.write(move |tx| write(tx, &order, seq)).await? {
                Ok(()) => return Ok(()),
                Err(Refusal::Error(error)) => return Err(error),
                // Each time round somebody has added to the list: it does not go on for ever.
                Err(Refusal::Late) => {}
            }
        }
    }

    /// Takes contents in as they are, unsigned and unchecked: to measure, nothing else.
    ///
    /// # Errors
    /// The index cannot be written, or has one of them.
    pub(crate) async fn fill(
        &self,
        files: Vec<IndexFile>,
        owner: &'static str,
    ) -> Result<(), IndexError> {
        let filled = self.database.write(move |tx| {
            let mut sheet = Sheet::default();
            files.iter().try_for_each(|file| put(tx, file, owner, &mut sheet).map(|_| ()))?;
            sheet.write(tx)
        });
        Ok(filled.await?)
    }

    /// Up to which change of the denylist nothing of it is forbidden.
    ///
    /// # Errors
    /// [`IndexError::Denied`], which is put on record.
    pub async fn allowed(&self, order: &Arc<Order>, now: u64) -> Result<u64, IndexError> {
        let asked = Arc::clone(order);
        let checked = self.database.read(move |tx| {
            let seq = denylist::last(tx)?;
            let file = &asked.file;
            Ok((seq, denylist::first_denied(tx, &file.content_id, &file.fragments.0)?))
        });
        let (seq, found) = checked.await?;
        let Some((kind, digest)) = found else { return Ok(seq) };
        let detail = json!({
            "content-id": order.file.content_id, "peer-id": order.publisher.peer, "digest": digest,
        });
        let who = order.publisher.user.to_string();
        let record = move |tx: &Connection| {
            audit::append(tx, &Record { at: now, who: &who, what: "refused", detail })
        };
        self.database.write(record).await?;
        Err(IndexError::Denied { kind, digest })
    }
}

/// A content that is to be registered.
#[derive(Debug)]
pub struct Order {
    file: IndexFile,
    text: String,
    replaces: Option<ContentId>,
    publisher: Publisher,
}

impl Order {
    /// What OMS is asked about it.
    #[must_use]
    pub fn publishing(&self) -> Publishing {
        let Publisher { user, peer } = self.publisher.clone();
        Publishing { overlay: self.file.overlay_id.clone(), user, peer }
    }
}

fn write(tx: &Connection, order: &Order, seq: u64) -> rusqlite::Result<Result<(), Refusal>> {
    if denylist::last(tx)? != seq {
        return Ok(Err(Refusal::Late));
    }
    let file = &order.file;
    if let Some(refusal) = refusal(tx, order)? {
        return Ok(Err(Refusal::Error(refusal)));
    }
    for content in [Some(&file.content_id), order.replaces.as_ref()].into_iter().flatten() {
        registered::known(tx, content)?
            .map(|known| registered::delete(tx, known.number))
            .transpose()?;
    }
    tx.prepare_cached("INSERT INTO cut VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![file.content_id.as_str(), file.fragment_size])?;
    let mut sheet = Sheet::default();
    let number = put(tx, file, order.publisher.user.as_str(), &mut sheet)?;
    sheet.write(tx)?;
    tx.prepare_cached("INSERT INTO index_file VALUES (?1, ?2)")?
        .execute(params![number, order.text])?;
    Ok(Ok(()))
}

/// Takes a content in, and notes its words; its number.
fn put(tx: &Connection, file: &IndexFile, owner: &str, sheet: &mut Sheet) -> rusqlite::Result<i64> {
    let title_words = words::indexed(&file.title);
    tx.prepare_cached(
        "INSERT INTO content
            (id, overlay, owner, publisher, version, title, description, size, title_words)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        file.content_id.as_str(),
        file.overlay_id.as_str(),
        owner,
        &*file.publisher.digits(),
        stored(file.version),
        &*file.title,
        &*file.description,
        stored(file.size()),
        title_words,
    ])?;
    let number = tx.last_insert_rowid();
    sheet.note(tx, number, &Words::of(title_words, &file.description))?;
    Ok(number)
}

/// Puts the words of all contents on lists, into a table that has none yet.
pub(crate) fn list_all(tx: &Connection) -> rusqlite::Result<()> {
    let mut all = tx.prepare("SELECT number, title_words, description FROM content")?;
    let (mut rows, mut sheet) = (all.query([])?, Sheet::default());
    while let Some(row) = rows.next()? {
        sheet.note(tx, row.get(0)?, &Words::of(row.get(1)?, row.get_ref(2)?.as_str()?))?;
    }
    sheet.write(tx)
}

fn refusal(tx: &Connection, order: &Order) -> rusqlite::Result<Option<IndexError>> {
    let (file, user) = (&order.file, order.publisher.user.as_str());
    let others = "SELECT EXISTS (SELECT 1 FROM content WHERE overlay = ?1 AND owner != ?2)";
    let others = tx
        .prepare_cached(others)?
        .query_row(params![file.overlay_id.as_str(), user], |row| row.get::<_, bool>(0))?;
    let before = match &order.replaces {
        None => None,
        Some(replaced) => match registered::known(tx, replaced)? {
            None => return Ok(Some(IndexError::Unknown(replaced.clone()))),
            Some(known) if known.owner != user || known.overlay != file.overlay_id.as_str() => {
                return Ok(Some(IndexError::OtherOwner(replaced.clone())));
            }
            known => known,
        },
    };
    let same = registered::known(tx, &file.content_id)?;
    if same.as_ref().is_some_and(|known| known.owner != user) {
        return Ok(Some(IndexError::OtherOwner(file.content_id.clone())));
    }
    let cut = "SELECT 1 FROM cut WHERE content = ?1 AND fragment_size != ?2";
    let is_cut = params![file.content_id.as_str(), file.fragment_size];
    if tx.prepare_cached(cut)?.exists(is_cut)? {
        return Ok(Some(IndexError::OtherCut(file.content_id.clone())));
    }
    if others {
        return Ok(Some(IndexError::OtherOverlay(file.overlay_id.clone())));
    }
    let version = [same, before].into_iter().flatten().map(|known| known.version).max();
    Ok(version
        .filter(|known| file.version <= *known)
        .map(|known| IndexError::Version { version: file.version, known }))
}

/// SQLite's integers end at 2^63.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
