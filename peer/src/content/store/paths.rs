//! Where the files of a content are, and which of it is wanted.

use std::path::PathBuf;

use crate::content::store::sound::Stamp;

/// Where the files of a content are.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The folder below which they are.
    pub root: PathBuf,
    /// Which are wanted, by their paths in the content; all where none are named.
    pub wanted: Vec<String>,
    /// Whether they were there first: they are read, never written.
    pub is_source: bool,
    /// Whether files that were whole once and are gone are fetched again.
    pub again: bool,
    /// Whether files that are whole are this program's own, as those of a cache are, and not their
    /// user's: what is wrong with them is mended in place.
    pub mends: bool,
    /// Only these fragments of the wanted files are wanted, from the first to before the second of
    /// each pair; all where there are none.
    pub fragments: Vec<(u32, u32)>,
    /// What was said of each file when all of it was hashed last; empty where that is not known.
    pub seen: Vec<Option<Stamp>>,
    /// The folder of what is known of the content.
    pub notes: PathBuf,
}

impl Paths {
    /// Whether a fragment is among those that were chosen.
    pub(crate) fn has_chosen(&self, fragment: u32) -> bool {
        let in_range = |range: &(u32, u32)| (range.0..range.1).contains(&fragment);
        self.fragments.is_empty() || self.fragments.iter().any(in_range)
    }
}
