//! Search (X.609.9 `OCMP_CONTENT_QUERY`; TR 20002 §8.3.5), and the index file of what was found.
//!
//! The order: the title as it was asked for; titles with all the words; then what has them in its
//! description. Among these a title of fewer words first, then what was registered later. A word
//! that half of all contents have costs no more than another: of each kind only the newest count.

use std::time::Duration;

use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::Text;
use mp2p::message::content::{MAX_FOUND, OverlayContent};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::calls::{Answer, CallError, Contents};
use crate::database::DatabaseError;
use crate::index::{Ixs, words};

/// Contents of one kind that are looked at.
const MAX_CANDIDATES: usize = 2 * MAX_FOUND;
/// Of the processor, for a search, whatever words it has: what was found by then is the answer.
/// Two words that half of all contents have, and none both, would be looked for in all of them.
const MOST: Duration = Duration::from_millis(15);

/// One content of the index, by its number.
const DETAIL: &str =
    "SELECT id, overlay, title, description, size, title_words FROM content WHERE number = ?1";

/// A content's index file, and where it is exchanged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexEntry {
    /// As its publisher signed it.
    pub text: String,
    /// In which overlay.
    pub overlay: OverlayId,
}

impl Ixs {
    /// Contents that have all words, best first; the last word may be unfinished. Of a search that
    /// takes too much what was found by then.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn search(&self, text: &str) -> Result<Vec<OverlayContent>, DatabaseError> {
        let Some(query) = words::query(text) else { return Ok(Vec::new()) };
        let title = words::indexed(text);
        self.database.read_within(MOST, move |tx| read(tx, &query, &title)).await
    }

    /// Contents of an overlay, the oldest first; [`MAX_FOUND`] at most.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn in_overlay(
        &self,
        overlay: OverlayId,
    ) -> Result<Vec<OverlayContent>, DatabaseError> {
        let found = self.database.read(move |tx| {
            let mut details = tx.prepare_cached(DETAIL)?;
            let numbers = tx
                .prepare_cached(
                    "SELECT number FROM content WHERE overlay = ?1 ORDER BY number LIMIT ?2",
                )?
                .query_map(params![overlay.as_str(), MAX_FOUND], |row| row.get::<_, i64>(0))?
                .collect::<rusqlite::Result<Vec<i64>>>()?;
            let found = numbers.into_iter().map(|number| detail(&mut details, number));
            found.collect::<rusqlite::Result<Vec<_>>>()
        });
        Ok(found.await?.into_iter().flatten().map(|(content, _)| content).collect())
    }

    /// The index file of a content.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn entry(&self, content: ContentId) -> Result<Option<IndexEntry>, DatabaseError> {
        let found = self.database.read(move |tx| {
            tx.prepare_cached(
                "SELECT text, overlay FROM content JOIN index_file USING (number) WHERE id = ?1",
            )?
            .query_row([content.as_str()], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .optional()
        });
        let found = found.await?;
        Ok(found.and_then(|(text, overlay)| {
            Some(IndexEntry { text, overlay: OverlayId::parse(&overlay).ok()? })
        }))
    }
}

impl Contents for Ixs {
    fn index_file(&self, content: ContentId) -> Answer<'_, Option<String>> {
        Box::pin(async move {
            let failed =
                |error: DatabaseError| CallError::Failed { role: "ixs", reason: error.to_string() };
            Ok(self.entry(content).await.map_err(failed)?.map(|entry| entry.text))
        })
    }
}

fn read(tx: &Connection, query: &str, title: &str) -> rusqlite::Result<Vec<OverlayContent>> {
    let by_title = "SELECT number FROM content WHERE title_words = ?1
         ORDER BY number DESC LIMIT ?2";
    let by_words = "SELECT rowid FROM words WHERE words MATCH ?1 ORDER BY rowid DESC LIMIT ?2";
    let kinds = [
        (by_title, title.to_owned()),
        (by_words, format!("{{title}} : ({query})")),
        (by_words, query.to_owned()),
    ];
    let mut details = tx.prepare_cached(DETAIL)?;
    let (mut seen, mut found) = (std::collections::HashSet::new(), Vec::new());
    for (statement, asked) in kinds {
        if found.len() >= MAX_FOUND {
            break;
        }
        let (numbers, mut in_time) = numbers(tx, statement, &asked)?;
        let mut kind = Vec::new();
        for number in numbers.into_iter().filter(|number| seen.insert(*number)) {
            let found = match detail(&mut details, number) {
                Err(error) if is_late(&error) => {
                    in_time = false;
                    continue;
                }
                found => found?,
            };
            let Some((content, words)) = found else { continue };
            kind.push((words, std::cmp::Reverse(number), content));
        }
        kind.sort_by_key(|(words, number, _)| (*words, *number));
        found.extend(kind.into_iter().map(|(_, _, content)| content));
        if !in_time {
            break;
        }
    }
    found.truncate(MAX_FOUND);
    Ok(found)
}

/// The newest contents of one kind, and whether that is all that was looked for.
fn numbers(tx: &Connection, statement: &str, asked: &str) -> rusqlite::Result<(Vec<i64>, bool)> {
    let mut statement = tx.prepare_cached(statement)?;
    let rows = statement.query_map(params![asked, MAX_CANDIDATES], |row| row.get::<_, i64>(0))?;
    let mut numbers = Vec::new();
    for number in rows {
        match number {
            Ok(number) => numbers.push(number),
            Err(error) if is_late(&error) => return Ok((numbers, false)),
            Err(error) => return Err(error),
        }
    }
    Ok((numbers, true))
}

fn is_late(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}

/// A content and how many words its title has. What was taken in is well-formed; what somebody else
/// wrote into the file is left out.
fn detail(
    details: &mut CachedStatement<'_>,
    number: i64,
) -> rusqlite::Result<Option<(OverlayContent, usize)>> {
    let row = details.query_row([number], |row| {
        let texts: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((texts, row.get::<_, i64>(4)?, row.get::<_, String>(5)?))
    });
    let Some((texts, size, words)) = row.optional()? else { return Ok(None) };
    Ok(content(texts, size).map(|content| (content, words.split(' ').count())))
}

fn content([id, overlay, title, description]: [String; 4], size: i64) -> Option<OverlayContent> {
    Some(OverlayContent {
        content_id: ContentId::parse(&id).ok()?,
        overlay_id: OverlayId::parse(&overlay).ok()?,
        title: Text::new(title).ok()?,
        description: Text::new(description).ok()?,
        size: u64::try_from(size).ok()?,
    })
}
