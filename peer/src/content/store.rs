//! The fragments of one content on the disk: what is here, read and written one by one.
//!
//! A file that is fetched is called `NAME.mp2p-part` until all of it is here. What counts as being
//! here after a crash is what `have` lists: it is written after the bytes have reached the disk.
//! Everything else that lies in the files is hashed again at the start.

mod fault;
mod find;
mod flush;
mod gather;
mod paths;
mod sound;
mod touched;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::Buffermap;
use mp2p::index_file::{FileEntry, IndexFile};
use tokio::sync::watch;

use crate::content::space::part_of;
pub use crate::content::store::fault::{OpenError, StoreFault};
use crate::content::store::gather::Gather;
pub use crate::content::store::paths::Paths;
use crate::content::store::sound::Sound;
pub use crate::content::store::sound::Stamp;
use crate::content::store::touched::Seen;
pub use crate::content::store::touched::Touched;
use crate::content::{Layout, Span};

/// Fragments written between two flushes to the disk, and time: so that the last flush, which a
/// user waits for, has little to do.
const FLUSH_AFTER: u32 = 32;
const FLUSH_EVERY: Duration = Duration::from_secs(3);

/// The fragments of one content.
#[derive(Debug)]
pub struct Store {
    index: IndexFile,
    layout: Layout,
    paths: Paths,
    state: Mutex<State>,
    /// One fragment is written at a time: the system lets only one into a file anyhow, and the
    /// others would wait at work.
    writing: Mutex<()>,
    /// What need not be hashed again to be given.
    sound: Mutex<Sound>,
    /// Told whenever a fragment has come.
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    have: Buffermap,
    /// Stored since the last flush.
    unflushed: u32,
    flushed_at: Instant,
    /// Files that are whole and have their own name, by their place in the index file.
    named: Vec<bool>,
    /// As each of those was when it was looked at last.
    seen: Vec<Option<Seen>>,
    /// The first of those that somebody has taken away or changed since.
    touched: Option<Touched>,
}

impl Store {
    /// Opens a content: finds out what is here. Blocks, for as long as hashing takes.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed.
    pub fn open(index: IndexFile, paths: Paths) -> Result<Self, OpenError> {
        let layout = Layout::of(&index).ok_or(OpenError::Service)?;
        let count = layout.cut().count();
        let have = Buffermap::empty(count).map_err(|_| OpenError::Service)?;
        let named = vec![paths.is_source; index.files.len()];
        let sound = Mutex::new(match paths.seen.len() == index.files.len() {
            true => Sound::new(paths.seen.clone(), full(count)?),
            false => Sound::new(vec![None; index.files.len()], have.clone()),
        });
        let seen = vec![None; index.files.len()];
        let (unflushed, flushed_at) = (0, Instant::now());
        let state = Mutex::new(State { have, unflushed, flushed_at, named, seen, touched: None });
        let changes = watch::Sender::new(());
        let writing = Mutex::default();
        let store = Self { index, layout, paths, state, writing, sound, changes };
        match store.paths.is_source {
            true => store.check_source()?,
            false => store.find_parts()?,
        }
        Ok(store)
    }

    /// What is here.
    #[must_use]
    pub fn have(&self) -> Buffermap {
        self.state().have.clone()
    }

    /// Whether a fragment is here.
    #[must_use]
    pub fn has(&self, fragment: u32) -> bool {
        self.state().have.has(fragment)
    }

    /// Changes whenever a fragment has come.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Its files, in the order in which they stand in the content.
    #[must_use]
    pub fn files(&self) -> &[FileEntry] {
        &self.index.files
    }

    /// Where its bytes are.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What is wanted: the fragments of the wanted files; none where the files were there first.
    #[must_use]
    pub fn want(&self) -> Buffermap {
        let mut want = self.state().have.clone();
        for fragment in 0..want.fragments() {
            want.remove(fragment);
        }
        let files = (0..self.index.files.len()).filter(|file| self.is_wanted(*file));
        for file in files.filter(|_| !self.paths.is_source) {
            let (from, to) = self.layout.fragments(file);
            for fragment in (from..to).filter(|fragment| self.paths.has_chosen(*fragment)) {
                want.insert(fragment);
            }
        }
        want
    }

    /// Whether all files that are whole are still where they were put, as long as they were.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        let named = self.state().named.clone();
        let mut whole = (0..named.len()).filter(|file| named[*file] && self.is_wanted(*file));
        whole.all(|file| {
            let found = std::fs::metadata(self.final_path(file));
            found.is_ok_and(|found| found.len() == self.layout.size(file))
        })
    }

    /// Bytes of the wanted files that are here, and of all wanted files.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let have = self.have();
        let want = match self.paths.is_source {
            true => Buffermap::full(have.fragments()).unwrap_or_else(|_| have.clone()),
            false => self.want(),
        };
        let length = |fragment| u64::from(self.layout.cut().length(fragment).unwrap_or_default());
        want.iter().fold((0, 0), |(here, all), fragment| {
            let bytes = length(fragment);
            (here + if have.has(fragment) { bytes } else { 0 }, all + bytes)
        })
    }

    /// Reads a fragment and checks it, unless nobody has touched it since it was checked. Blocks.
    ///
    /// # Errors
    /// [`StoreFault`]; one that is lost is no longer among those that are here.
    pub fn read(&self, fragment: u32) -> Result<Bytes, StoreFault> {
        let lost = || StoreFault::Lost { fragment, path: self.paths.root.clone() };
        let length = self.layout.cut().length(fragment).ok_or_else(lost)?;
        let mut bytes = Vec::with_capacity(length as usize);
        let mut stamps = Vec::new();
        for span in self.layout.spans(fragment) {
            let path = self.path(span.file);
            let read = File::open(&path).and_then(|file| {
                let before = Stamp::of(&file);
                append(&mut bytes, &file, span)?;
                Ok(Stamp::of(&file).filter(|after| before == Some(*after)))
            });
            match read {
                Ok(stamp) => stamps.push((span.file, stamp)),
                Err(error) if is_gone(&error) => {
                    self.blame(fragment, &[span.file]);
                    return Err(self.lose(fragment, path));
                }
                Err(source) => return Err(StoreFault::Io { path, source }),
            }
        }
        if lock(&self.sound).is(fragment, &stamps) {
            return Ok(bytes.into());
        }
        if !self.is_good(fragment, &bytes) {
            let files: Vec<usize> = stamps.iter().map(|(file, _)| *file).collect();
            self.blame(fragment, &files);
            return Err(self.lose(fragment, self.path_of(fragment)));
        }
        lock(&self.sound).note(&self.layout, fragment, &stamps);
        Ok(bytes.into())
    }

    /// Writes a fragment that has been checked. Blocks.
    ///
    /// # Errors
    /// The disk refuses, or is full.
    pub fn write(&self, fragment: u32, parts: &[Bytes]) -> Result<(), StoreFault> {
        let one_at_a_time = lock(&self.writing);
        let mut gather = Gather::of(parts);
        let is_blank = parts.iter().all(|part| part.iter().all(|byte| *byte == 0));
        for span in self.layout.spans(fragment) {
            let path = self.path(span.file);
            let failed = |source| StoreFault::Io { path: path.clone(), source };
            if self.is_theirs(span.file) {
                self.leave_alone((fragment, &span), gather.next_bytes(span.length))?;
                gather.advance(span.length);
                continue;
            }
            let file = self.create(span.file).map_err(failed)?;
            // Holes stay holes: zeros are not written where zeros are read.
            if is_blank && is_blank_there(&path, span) {
                continue;
            }
            gather.write(&file, span.offset, span.length).map_err(failed)?;
        }
        drop(one_at_a_time);
        let mut state = self.state();
        state.have.insert(fragment);
        state.unflushed += 1;
        let is_due = state.unflushed >= FLUSH_AFTER || state.flushed_at.elapsed() >= FLUSH_EVERY;
        drop(state);
        self.changes.send_replace(());
        if is_due { self.flush() } else { Ok(()) }
    }

    fn is_good(&self, fragment: u32, bytes: &[u8]) -> bool {
        let expected = self.index.fragments.0.get(fragment as usize);
        let found = self.layout.cut().hash(fragment, bytes);
        expected.is_some() && found.as_ref() == expected
    }

    fn lose(&self, fragment: u32, path: PathBuf) -> StoreFault {
        let mut state = self.state();
        state.have.remove(fragment);
        // That it is not here any more is noted with the next flush.
        state.unflushed += 1;
        drop(state);
        StoreFault::Lost { fragment, path }
    }

    /// The file that a fragment begins in.
    fn path_of(&self, fragment: u32) -> PathBuf {
        let first = self.layout.spans(fragment).first().map(|span| span.file);
        first.map_or_else(|| self.paths.root.clone(), |file| self.path(file))
    }

    /// A file to write to, as long as it is to be; holes where nothing was written.
    fn create(&self, file: usize) -> io::Result<File> {
        let path = self.path(file);
        match OpenOptions::new().write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(made) => {
                made.set_len(self.layout.size(file))?;
                Ok(made)
            }
            // Made by another thread meanwhile; what that one does to its length does no harm.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                OpenOptions::new().write(true).open(&path)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a file is wanted, by its place in the index file.
    #[must_use]
    pub fn is_wanted(&self, file: usize) -> bool {
        let wanted = &self.paths.wanted;
        let path = self.index.files.get(file).map(|entry| &*entry.path);
        wanted.is_empty() || path.is_some_and(|path| wanted.iter().any(|one| one == path))
    }

    /// Where a file is now. Bytes of files that nobody wants are kept aside: fragments do not end
    /// where files do.
    fn path(&self, file: usize) -> PathBuf {
        if !self.is_wanted(file) {
            return self.rest_path(file);
        }
        let name = self.final_path(file);
        if self.state().named.get(file).copied().unwrap_or_default() {
            return name;
        }
        part_of(&name)
    }

    fn rest_path(&self, file: usize) -> PathBuf {
        self.paths.notes.join(format!("rest-{file}"))
    }

    fn final_path(&self, file: usize) -> PathBuf {
        let path = self.index.files.get(file).map(|entry| &*entry.path);
        self.paths.root.join(Path::new(path.unwrap_or_default()))
    }

    fn have_file(&self) -> PathBuf {
        self.paths.notes.join("have")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn full(fragments: u32) -> Result<Buffermap, OpenError> {
    Buffermap::full(fragments).map_err(|_| OpenError::Service)
}

/// Reads a part of a file into room that is there already, and need not be filled before.
fn append(bytes: &mut Vec<u8>, mut file: &File, span: Span) -> io::Result<()> {
    file.seek(io::SeekFrom::Start(span.offset))?;
    match file.take(span.length as u64).read_to_end(bytes)? {
        read if read == span.length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Whether nothing but zeros lies there now.
fn is_blank_there(path: &Path, span: Span) -> bool {
    let mut bytes = vec![0xff; span.length];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut bytes, span.offset));
    read.is_ok() && bytes.iter().all(|byte| *byte == 0)
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests;
