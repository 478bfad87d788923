//! Files that are whole belong to their user: what the user takes away does not come back, and what
//! the user changes is not written over. It is noticed by looking now and then, and when a fragment
//! is read.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use crate::content::Span;
use crate::content::store::{Store, StoreFault};

/// A file that was whole, and that somebody has taken away or changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Touched {
    /// Which.
    pub path: PathBuf,
    /// Whether it is not there any more.
    pub is_gone: bool,
}

/// What tells that a file may have been written to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    place: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl Seen {
    fn of(found: &Metadata) -> Self {
        Self {
            place: (found.dev(), found.ino()),
            size: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

impl Store {
    /// The first whole file that was found to be taken away or changed.
    #[must_use]
    pub fn touched(&self) -> Option<Touched> {
        self.state().touched.clone()
    }

    /// Looks at all whole files; those that may have been written to since the last look are hashed
    /// again. A fragment of the first that is not what it was. Blocks; may be told to stop.
    pub fn look(&self, is_over: impl Fn() -> bool) -> Option<u32> {
        let files = (0..self.index.files.len()).filter(|file| self.is_theirs(*file));
        for file in files {
            let (from, to) = self.layout.fragments(file);
            let path = self.final_path(file);
            let found = fs::metadata(&path).ok().filter(|it| it.len() == self.layout.size(file));
            let Some(found) = found.filter(|_| from < to) else {
                if from < to {
                    self.blame(from, &[file]);
                    self.lose(from, path);
                    return Some(from);
                }
                continue;
            };
            let (now, before) = (Seen::of(&found), self.state().seen[file]);
            let is_as_it_was = match before {
                Some(before) => before == now,
                None => !self.is_newer_than_noted(&found),
            };
            if !is_as_it_was {
                for fragment in (from..to).filter(|fragment| self.has(*fragment)) {
                    if is_over() {
                        return None;
                    }
                    if matches!(self.read(fragment), Err(StoreFault::Lost { .. })) {
                        return Some(fragment);
                    }
                }
            }
            self.state().seen[file] = Some(now);
        }
        None
    }

    /// Whether a file is whole and its user's, by its place in the index file.
    pub(crate) fn is_theirs(&self, file: usize) -> bool {
        let is_whole = self.state().named.get(file).copied().unwrap_or_default();
        is_whole && self.is_wanted(file) && !self.paths.mends
    }

    /// Whether a whole file was written to after it was noted that it is whole.
    pub(crate) fn is_newer_than_noted(&self, found: &Metadata) -> bool {
        let note = match self.paths.is_source {
            true => self.paths.notes.join("place.json"),
            false => self.done_file(),
        };
        let noted = fs::metadata(note).and_then(|note| note.modified());
        match (found.modified(), noted) {
            (Ok(written), Ok(noted)) => written > noted,
            _ => false,
        }
    }

    /// A fragment is not what it was: which of its files that is due to, where they are whole.
    pub(crate) fn blame(&self, fragment: u32, files: &[usize]) {
        if !files.iter().all(|file| self.is_theirs(*file)) {
            return;
        }
        let written = |file: &usize| {
            fs::metadata(self.final_path(*file)).and_then(|found| found.modified()).ok()
        };
        let Some(file) = files.iter().copied().max_by_key(written) else { return };
        let path = self.final_path(file);
        tracing::debug!(fragment, path = %path.display(), "a whole file was touched");
        let is_gone = !path.exists();
        self.state().touched.get_or_insert(Touched { path, is_gone });
    }

    /// Bytes of a fragment that belong into a whole file: they are there, or nothing is written.
    pub(crate) fn leave_alone(
        &self,
        (fragment, span): (u32, &Span),
        expected: Vec<u8>,
    ) -> Result<(), StoreFault> {
        let path = self.final_path(span.file);
        let mut bytes = vec![0; span.length];
        let read = File::open(&path).and_then(|file| file.read_exact_at(&mut bytes, span.offset));
        if read.is_ok() && bytes == expected {
            return Ok(());
        }
        self.blame(fragment, &[span.file]);
        Err(StoreFault::Lost { fragment, path })
    }
}
