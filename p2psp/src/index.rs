//! IXS, the index server (TR 20002 §8.3.5): which contents there are, and in which overlay.

use std::path::Path;

use mp2p::id::{ContentId, OverlayId, UserId};
use mp2p::message::bound::Text;
use mp2p::message::content::{MAX_FOUND, OverlayContent};
use rusqlite::{Connection, OptionalExtension, params};

use crate::database::{Database, DatabaseError};

const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE content (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        overlay TEXT NOT NULL,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        description TEXT NOT NULL,
        size INTEGER NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE words USING fts5 (
        title, description, content = 'content', content_rowid = 'number',
        tokenize = \"unicode61 remove_diacritics 2\"
    );
    CREATE TRIGGER content_in AFTER INSERT ON content BEGIN
        INSERT INTO words (rowid, title, description)
        VALUES (new.number, new.title, new.description);
    END;
    CREATE TRIGGER content_out AFTER DELETE ON content BEGIN
        INSERT INTO words (words, rowid, title, description)
        VALUES ('delete', old.number, old.title, old.description);
    END;
"];

/// Words of a search that count.
const MAX_WORDS: usize = 16;

/// The role.
#[derive(Clone)]
pub struct Ixs {
    database: Database,
}

/// A content is not taken.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The store beneath.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A content has one publisher.
    #[error("content {0} was registered by another user")]
    OtherOwner(ContentId),
}

impl Ixs {
    /// Opens or makes the index at `path`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        Ok(Self { database: Database::open(path, &MIGRATIONS)? })
    }

    /// Registers a content, or registers it anew (X.609.9 `OCMP_CONTENT_REGISTER`, `_UPDATE`).
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn register(&self, content: OverlayContent, owner: UserId) -> Result<(), IndexError> {
        let id = content.content_id.clone();
        let taken = self.database.write(move |tx| write(tx, &content, &owner)).await?;
        if taken { Ok(()) } else { Err(IndexError::OtherOwner(id)) }
    }

    /// Contents that have all words, best first; the last word may be unfinished (X.609.9
    /// `OCMP_CONTENT_QUERY`).
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn search(&self, text: &str) -> Result<Vec<OverlayContent>, DatabaseError> {
        let Some(query) = query(text) else { return Ok(Vec::new()) };
        self.database.read(move |tx| read(tx, &query)).await
    }
}

/// Whether it was taken: a content that somebody else registered is not.
fn write(tx: &Connection, content: &OverlayContent, owner: &UserId) -> rusqlite::Result<bool> {
    let known = "SELECT owner FROM content WHERE id = ?1";
    let known: Option<String> =
        tx.query_row(known, [content.content_id.as_str()], |row| row.get(0)).optional()?;
    if known.is_some_and(|known| known != owner.as_str()) {
        return Ok(false);
    }
    tx.execute("DELETE FROM content WHERE id = ?1", [content.content_id.as_str()])?;
    tx.execute(
        "INSERT INTO content (id, overlay, owner, title, description, size)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            content.content_id.as_str(),
            content.overlay_id.as_str(),
            owner.as_str(),
            &*content.title,
            &*content.description,
            i64::try_from(content.size).unwrap_or(i64::MAX),
        ],
    )?;
    Ok(true)
}

fn read(tx: &Connection, query: &str) -> rusqlite::Result<Vec<OverlayContent>> {
    let mut found = tx.prepare_cached(
        "SELECT id, overlay, content.title, content.description, size FROM words
         JOIN content ON number = words.rowid
         WHERE words MATCH ?1 ORDER BY rank, number LIMIT ?2",
    )?;
    let rows = found.query_map(params![query, MAX_FOUND], |row| {
        let texts: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((texts, row.get::<_, i64>(4)?))
    })?;
    let mut contents = Vec::new();
    for row in rows {
        let (texts, size) = row?;
        contents.extend(content(texts, size));
    }
    Ok(contents)
}

/// What was taken in is well-formed; what somebody else wrote into the file is left out.
fn content([id, overlay, title, description]: [String; 4], size: i64) -> Option<OverlayContent> {
    Some(OverlayContent {
        content_id: ContentId::parse(&id).ok()?,
        overlay_id: OverlayId::parse(&overlay).ok()?,
        title: Text::new(title).ok()?,
        description: Text::new(description).ok()?,
        size: u64::try_from(size).ok()?,
    })
}

/// The words, each quoted so that none is an operator of the query language.
fn query(text: &str) -> Option<String> {
    let is_word = |c: char| c.is_alphanumeric();
    let words = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).take(MAX_WORDS);
    let quoted: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" ") + "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(id: u8, title: &str) -> OverlayContent {
        OverlayContent {
            content_id: ContentId::parse(&format!("{id:064x}")).unwrap(),
            overlay_id: OverlayId::parse("film").unwrap(),
            title: Text::new(title).unwrap(),
            description: Text::default(),
            size: 7,
        }
    }

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[tokio::test]
    async fn what_is_registered_is_found_by_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let index = Ixs::open(&folder.path().join("index.db")).unwrap();
        let long = content(1, "Die Straße nach Süden");
        index.register(long.clone(), user("anna")).await.unwrap();
        index.register(content(2, "Another film"), user("anna")).await.unwrap();
        let long = [long];
        assert_eq!(index.search("suden").await.unwrap(), long);
        assert_eq!(index.search("STRASSE OR").await.unwrap(), []);
        assert_eq!(index.search("nach sü").await.unwrap(), long);
        for hostile in ["", "\"", "NEAR(", "*", "title:", "a AND"] {
            index.search(hostile).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_title_changes_for_its_publisher_alone() {
        let folder = tempfile::tempdir().unwrap();
        let index = Ixs::open(&folder.path().join("index.db")).unwrap();
        index.register(content(1, "old"), user("anna")).await.unwrap();
        let stolen = index.register(content(1, "mine"), user("ben")).await;
        assert!(matches!(stolen, Err(IndexError::OtherOwner(_))));
        index.register(content(1, "new"), user("anna")).await.unwrap();
        assert_eq!(index.search("old").await.unwrap(), []);
        assert_eq!(index.search("new").await.unwrap().len(), 1);
    }
}
