//! Words that many contents have, in a search for several.
//!
//! To find what has two words SQLite goes through the lists of both. Where nearly all contents have
//! one of them, that is a long list; to look for that word in each content that has the other is
//! less work, for few have to be looked at until enough have both. How frequent a word is the
//! newest contents tell: how many of them it takes until so many have it.

use rusqlite::{Connection, OptionalExtension, params};

use crate::index::search::MAX_CANDIDATES;
use crate::index::words::Term;

/// When a word is frequent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    /// So many contents with the word say how frequent it is.
    pub(crate) sample: u32,
    /// To look at one content takes as long as to go on by so many in a list.
    pub(crate) look: f64,
}

impl Measure {
    /// Measured: 3.5 µs and 10 ns.
    pub(crate) const USUAL: Self = Self { sample: 256, look: 350.0 };
}

/// Of each word whether the index is better not asked for it; never of all.
#[derive(Debug, Default)]
pub(crate) struct Often {
    pub(crate) in_titles: Vec<bool>,
    pub(crate) anywhere: Vec<bool>,
}

/// Which words are frequent in titles, and in titles and descriptions.
pub(crate) fn words(tx: &Connection, terms: &[Term], measure: Measure) -> rusqlite::Result<Often> {
    let in_titles = "SELECT rowid FROM titles WHERE titles MATCH ?1
        ORDER BY rowid DESC LIMIT 1 OFFSET ?2";
    let anywhere = "SELECT rowid FROM texts WHERE texts MATCH ?1
        ORDER BY rowid DESC LIMIT 1 OFFSET ?2";
    let newest = "SELECT coalesce(max(number), 0) FROM content";
    let newest: i64 = tx.prepare_cached(newest)?.query_row([], |row| row.get(0))?;
    let search = |statement, of: &[bool]| frequent(tx, statement, (terms, of), newest, measure);
    let are_several = terms.len() > 1;
    let listed = terms.iter().map(|term| are_several && term.is_listed());
    let anywhere = search(anywhere, &listed.collect::<Vec<_>>())?;
    // What is not frequent anywhere is not in titles.
    let in_titles = search(in_titles, &anywhere)?;
    Ok(Often { in_titles, anywhere })
}

/// Which of those terms that are looked at.
fn frequent(
    tx: &Connection,
    statement: &str,
    (terms, of): (&[Term], &[bool]),
    newest: i64,
    measure: Measure,
) -> rusqlite::Result<Vec<bool>> {
    let sample = measure.sample.max(1);
    let mut sampled = tx.prepare_cached(statement)?;
    let mut shares = Vec::with_capacity(terms.len());
    for (term, _) in terms.iter().zip(of).filter(|(_, is_looked_at)| **is_looked_at) {
        let last = sampled.query_row(params![term.asked, sample - 1], |row| row.get::<_, i64>(0));
        let share = |last: i64| f64::from(sample) / (newest - last + 1).max(1) as f64;
        shares.push(last.optional()?.map_or(0.0, share));
    }
    let mut shares = shares.into_iter();
    let shares = of.iter().map(|is_looked_at| match is_looked_at {
        true => shares.next().unwrap_or_default(),
        false => 0.0,
    });
    let shares: Vec<f64> = shares.collect();
    let is_frequent = |share: &f64| {
        let (gone_on, looked_at) = (share * newest as f64, MAX_CANDIDATES as f64 / share);
        gone_on > measure.look * looked_at
    };
    let mut frequent: Vec<bool> = shares.iter().map(is_frequent).collect();
    // The rarest finds the contents in which the others are looked for.
    let rarest = (0..shares.len()).min_by(|a, b| shares[*a].total_cmp(&shares[*b]));
    if let Some(rarest) = rarest {
        frequent[rarest] = false;
    }
    Ok(frequent)
}
