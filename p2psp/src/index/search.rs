//! Search (X.609.9 `OCMP_CONTENT_QUERY`; TR 20002 §8.3.5), and the index file of what was found.
//!
//! The order: the title as it was asked for; titles with all the words; then what has them in its
//! description. Among these a title of fewer words first, then what was registered later. Of each
//! kind only the newest count, and a word that half of all contents have costs no more than another
//! ([`crate::index::lists`]).

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::Text;
use mp2p::message::content::{MAX_FOUND, OverlayContent};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::calls::{Answer, CallError, Contents};
use crate::database::DatabaseError;
use crate::index::Ixs;
use crate::index::lists::{Lists, Of};
use crate::index::places;
use crate::index::words::{self, Query, Term};

/// Contents of one kind that are looked at.
const MAX_CANDIDATES: usize = 2 * MAX_FOUND;
/// Of the processor, for a search, whatever words it has: what was found by then is the answer.
/// Letters of one run may stand apart in very many contents, each of which is looked at.
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
        let asked = move |tx: &Connection| read(tx, &query, &title);
        self.database.read_within(MOST, asked).await
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
            let found = numbers.into_iter().map(|number| details.query_row([number], row_of));
            found.collect::<rusqlite::Result<Vec<_>>>()
        });
        let found = found.await?.into_iter();
        Ok(found.filter_map(|(texts, size, _)| content(texts, size)).collect())
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

    fn has_contents<'a>(&'a self, overlay: &'a OverlayId) -> Answer<'a, bool> {
        let overlay = overlay.clone();
        let asked = self.database.read(move |tx| {
            let any = "SELECT 1 FROM content WHERE overlay = ?1";
            tx.prepare_cached(any)?.exists([overlay.as_str()])
        });
        let failed =
            |error: DatabaseError| CallError::Failed { role: "ixs", reason: error.to_string() };
        Box::pin(async move { asked.await.map_err(failed) })
    }
}

/// A content that has what was asked for.
struct Hit {
    content: OverlayContent,
    number: i64,
    title_words: usize,
}

/// A search as far as it has come.
struct Search<'a> {
    query: &'a Query,
    details: CachedStatement<'a>,
    seen: HashSet<i64>,
    found: Vec<OverlayContent>,
}

/// What a search finds.
fn read(tx: &Connection, query: &Query, title: &str) -> rusqlite::Result<Vec<OverlayContent>> {
    let details = tx.prepare_cached(DETAIL)?;
    let mut search = Search { query, details, seen: HashSet::new(), found: Vec::new() };
    let mut goes_on = search.take(|search, hits| search.entitled(tx, title, hits))?;
    for of in [Of::Titles, Of::All] {
        if goes_on && search.found.len() < MAX_FOUND {
            goes_on = search.take(|search, hits| search.listed(tx, of, hits))?;
        }
    }
    search.found.truncate(MAX_FOUND);
    Ok(search.found)
}

impl Search<'_> {
    /// The newest of a kind; whether there was time for it.
    fn take(
        &mut self,
        collect: impl FnOnce(&mut Self, &mut Vec<Hit>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<bool> {
        let mut hits = Vec::new();
        let done = collect(self, &mut hits);
        hits.sort_by_key(|hit| (hit.title_words, Reverse(hit.number)));
        self.found.extend(hits.into_iter().map(|hit| hit.content));
        match done {
            Err(error) if is_late(&error) => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// Those whose title has just these words.
    fn entitled(
        &mut self,
        tx: &Connection,
        title: &str,
        hits: &mut Vec<Hit>,
    ) -> rusqlite::Result<()> {
        let by_title = "SELECT number FROM content WHERE title_words = ?1 ORDER BY number DESC";
        let mut statement = tx.prepare_cached(by_title)?;
        let mut numbers = statement.query_map([title], |row| row.get(0))?;
        while hits.len() < MAX_CANDIDATES {
            let Some(number) = numbers.next().transpose()? else { break };
            self.look(number, Of::Titles, hits)?;
        }
        Ok(())
    }

    /// Those that have all words.
    fn listed(&mut self, tx: &Connection, of: Of, hits: &mut Vec<Hit>) -> rusqlite::Result<()> {
        let mut lists = Lists::of(tx)?;
        let mut terms: Vec<(usize, &Term)> =
            self.query.terms.iter().map(|term| (0, term)).collect();
        let mut before = i64::MAX;
        while let Some(block) = lists.block_before(before)? {
            for place in lists.places(block, of, &mut terms)?.newest_first() {
                if hits.len() == MAX_CANDIDATES {
                    return Ok(());
                }
                self.look(places::number(block, place), of, hits)?;
            }
            before = block;
        }
        Ok(())
    }

    fn look(&mut self, number: i64, of: Of, hits: &mut Vec<Hit>) -> rusqlite::Result<()> {
        if !self.seen.contains(&number)
            && let Some(hit) = self.hit(number, of)?
        {
            self.seen.insert(number);
            hits.push(hit);
        }
        Ok(())
    }

    /// A content, where what is to stand together does. What was taken in is well-formed; what
    /// somebody else wrote into the file is left out.
    fn hit(&mut self, number: i64, of: Of) -> rusqlite::Result<Option<Hit>> {
        let row = self.details.query_row([number], row_of).optional()?;
        let Some((texts, size, title_words)) = row else { return Ok(None) };
        let description = (of == Of::All).then_some(&*texts[3]);
        if !self.query.stands_in(&title_words, description) {
            return Ok(None);
        }
        let title_words = title_words.split(' ').count();
        Ok(content(texts, size).map(|content| Hit { content, number, title_words }))
    }
}

fn is_late(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}

/// Texts, size and the words of the title.
fn row_of(row: &Row<'_>) -> rusqlite::Result<([String; 4], i64, String)> {
    Ok(([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?], row.get(4)?, row.get(5)?))
}

fn content([id, overlay, title, description]: [String; 4], size: i64) -> Option<OverlayContent> {
    Some(OverlayContent {
        content_id: ContentId::parse(&id).ok()?,
        overlay_id: OverlayId::parse(&overlay).ok()?,
        title: Text::new(title).ok()?,
        description: Text::new(description).ok()?,
        size: u64::try_from(size).ok()?,
        gone: false,
    })
}
