//! What of a content is registered, and how it goes.

use mp2p::id::ContentId;
use rusqlite::{Connection, OptionalExtension};

use crate::index::lists::{self, Words};

/// What is registered of a content.
pub(crate) struct Known {
    /// Its row in the table of contents.
    pub(crate) number: i64,
    /// The user who publishes it.
    pub(crate) owner: String,
    /// The overlay in which it is exchanged.
    pub(crate) overlay: String,
    /// The version of its index file.
    pub(crate) version: u64,
}

/// What is registered of `content`.
pub(crate) fn known(tx: &Connection, content: &ContentId) -> rusqlite::Result<Option<Known>> {
    tx.prepare_cached("SELECT number, owner, overlay, version FROM content WHERE id = ?1")?
        .query_row([content.as_str()], |row| {
            Ok(Known {
                number: row.get(0)?,
                owner: row.get(1)?,
                overlay: row.get(2)?,
                version: row.get(3)?,
            })
        })
        .optional()
}

/// Takes a content out of the index.
pub(crate) fn delete(tx: &Connection, number: i64) -> rusqlite::Result<()> {
    let deleted = "DELETE FROM content WHERE number = ?1 RETURNING title_words, description";
    let words = tx
        .prepare_cached(deleted)?
        .query_row([number], |row| Ok(Words::of(row.get(0)?, row.get_ref(1)?.as_str()?)));
    words.optional()?.map_or(Ok(()), |words| lists::remove(tx, number, &words))
}
