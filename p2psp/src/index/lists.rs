//! Lists of the contents that have a word, or one that begins so, block by block.
//!
//! ```text
//!  block 2 │ of titles │ words       winter ─► places      beginnings  wi, win, wint ─► places
//!          │ of all    │ words       suden  ─► places      beginnings  su, sud, sude ─► places
//! ```
//!
//! What has several words is found by putting their places together, a block at a time and the
//! newest block first: what a block takes does not depend on how many contents have a word.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::index::places::{Places, split};
use crate::index::words::{Term, beginnings};

/// Whose words.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Of {
    /// Of titles.
    Titles,
    /// Of titles and descriptions.
    All,
}

impl Of {
    /// As the table has it.
    const fn words(self) -> Kind {
        match self {
            Self::Titles => 0,
            Self::All => 2,
        }
    }

    const fn beginnings(self) -> Kind {
        self.words() + 1
    }
}

type Kind = i64;

/// The words of a content, divided by blanks.
pub(crate) struct Words {
    title: String,
    all: String,
}

impl Words {
    pub(crate) fn of(title: String, description: &str) -> Self {
        let all = format!("{title} {}", crate::index::words::indexed(description));
        Self { title, all }
    }

    /// The lists that they are on.
    fn lists(&self) -> impl Iterator<Item = (Kind, &str)> {
        [(Of::Titles, &self.title), (Of::All, &self.all)].into_iter().flat_map(|(of, words)| {
            let words = words.split(' ').filter(|word| !word.is_empty());
            words.flat_map(move |word| {
                let begins = beginnings(word).map(move |begun| (of.beginnings(), begun));
                begins.chain([(of.words(), word)])
            })
        })
    }
}

/// Contents that are to be put on lists, those of one block at a time.
#[derive(Default)]
pub(crate) struct Sheet {
    block: i64,
    lists: HashMap<(Kind, String), Vec<u16>>,
}

impl Sheet {
    /// Notes a content; writes what was noted before, where that is of another block.
    pub(crate) fn note(
        &mut self,
        tx: &Connection,
        number: i64,
        words: &Words,
    ) -> rusqlite::Result<()> {
        let (block, place) = split(number);
        if block != self.block {
            self.write(tx)?;
            self.block = block;
        }
        for (kind, word) in words.lists() {
            let places = self.lists.entry((kind, word.to_owned())).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        Ok(())
    }

    /// Writes what was noted.
    pub(crate) fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
        let mut lists: Vec<_> = self.lists.drain().collect();
        // In the order of the table, so that each of its pages is written once.
        lists.sort_unstable();
        let mut rows = Rows::of(tx)?;
        for ((kind, word), noted) in lists {
            rows.change(self.block, kind, &word, |places| {
                noted.iter().for_each(|place| places.insert(*place));
            })?;
        }
        Ok(())
    }
}

/// Takes a content off its lists.
pub(crate) fn remove(tx: &Connection, number: i64, words: &Words) -> rusqlite::Result<()> {
    let (block, place) = split(number);
    let mut rows = Rows::of(tx)?;
    let mut lists = words.lists();
    lists.try_for_each(|(kind, word)| rows.change(block, kind, word, |all| all.remove(place)))
}

/// Rows of the table.
struct Rows<'a> {
    known: CachedStatement<'a>,
    put: CachedStatement<'a>,
    delete: CachedStatement<'a>,
}

impl<'a> Rows<'a> {
    fn of(tx: &'a Connection) -> rusqlite::Result<Self> {
        let put = "INSERT INTO list VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET places = excluded.places";
        let delete = "DELETE FROM list WHERE block = ?1 AND kind = ?2 AND word = ?3";
        let delete = tx.prepare_cached(delete)?;
        Ok(Self { known: tx.prepare_cached(ONE)?, put: tx.prepare_cached(put)?, delete })
    }

    fn change(
        &mut self,
        block: i64,
        kind: Kind,
        word: &str,
        change: impl FnOnce(&mut Places),
    ) -> rusqlite::Result<()> {
        let mut places = Places::NONE;
        read_row(&mut self.known, (block, kind, word), &mut places)?;
        change(&mut places);
        let stored = places.stored();
        if stored.is_empty() {
            self.delete.execute(params![block, kind, word])?;
        } else {
            self.put.execute(params![block, kind, word, stored])?;
        }
        Ok(())
    }
}

const ONE: &str = "SELECT places FROM list WHERE block = ?1 AND kind = ?2 AND word = ?3";

fn read_row(
    one: &mut CachedStatement<'_>,
    (block, kind, word): (i64, Kind, &str),
    into: &mut Places,
) -> rusqlite::Result<()> {
    let row = one.query_row(params![block, kind, word], |row| {
        into.insert_all(row.get_ref(0)?.as_blob()?);
        Ok(())
    });
    row.optional().map(Option::unwrap_or_default)
}

/// Contents that have all of some words, the newest block first.
pub(crate) struct Lists<'a> {
    newest: CachedStatement<'a>,
    one: CachedStatement<'a>,
    begun: CachedStatement<'a>,
}

impl<'a> Lists<'a> {
    pub(crate) fn of(tx: &'a Connection) -> rusqlite::Result<Self> {
        let newest = tx.prepare_cached("SELECT max(block) FROM list WHERE block < ?1")?;
        let begun = tx.prepare_cached(
            "SELECT places FROM list
             WHERE block = ?1 AND kind = ?2 AND word >= ?3 AND word < ?3 || char(0x10ffff)",
        )?;
        Ok(Self { newest, one: tx.prepare_cached(ONE)?, begun })
    }

    /// The newest block before `block`.
    pub(crate) fn block_before(&mut self, block: i64) -> rusqlite::Result<Option<i64>> {
        self.newest.query_row([block], |row| row.get(0))
    }

    /// Where in `block` all `terms` are, each with how many have it in a later block: the rarest is
    /// looked at first, and where no place is left the rest are not.
    pub(crate) fn places(
        &mut self,
        block: i64,
        of: Of,
        terms: &mut [(usize, &Term)],
    ) -> rusqlite::Result<Places> {
        terms.sort_by_key(|(count, term)| (!term.is_one_list(), *count));
        let mut both: Option<Places> = None;
        for (count, term) in terms {
            let mut places = self.places_of(block, of, term)?;
            *count = places.count();
            if let Some(both) = &both {
                places.retain(both);
            }
            let is_none = places.count() == 0;
            both = Some(places);
            if is_none {
                break;
            }
        }
        Ok(both.unwrap_or(Places::NONE))
    }

    fn places_of(&mut self, block: i64, of: Of, term: &Term) -> rusqlite::Result<Places> {
        let mut places = Places::NONE;
        if term.is_one_list() {
            let kind = if term.is_whole { of.words() } else { of.beginnings() };
            read_row(&mut self.one, (block, kind, &term.word), &mut places)?;
            return Ok(places);
        }
        let mut rows = self.begun.query(params![block, of.words(), term.word])?;
        while let Some(row) = rows.next()? {
            places.insert_all(row.get_ref(0)?.as_blob()?);
        }
        Ok(places)
    }
}
