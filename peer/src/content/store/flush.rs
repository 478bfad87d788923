//! What was written comes to the disk, is noted, and gets its own name.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

use mp2p::frame::Buffermap;
use rustix::fs::syncfs;

use crate::content::store::{Store, StoreFault};
use crate::home::replace;

/// Up to so many files each is synchronised by itself.
const MANY_FILES: usize = 32;

impl Store {
    /// Brings to the disk what was written, and notes that it is there. Files that are whole get
    /// their own name. Blocks.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn flush(&self) -> Result<(), StoreFault> {
        if self.paths.is_source {
            return Ok(());
        }
        // What is noted is what was here before the files were synchronised.
        let have = {
            let mut state = self.state();
            if state.unflushed == 0 {
                return Ok(());
            }
            (state.unflushed, state.flushed_at) = (0, Instant::now());
            state.have.clone()
        };
        let flushed = self.flush_files(&have);
        if flushed.is_err() {
            // What was not brought to the disk is tried again.
            self.state().unflushed += 1;
        }
        flushed
    }

    pub(crate) fn flush_files(&self, have: &Buffermap) -> Result<(), StoreFault> {
        self.synchronise()?;
        let notes = self.have_file();
        replace(&notes, &have.to_bytes())
            .map_err(|source| StoreFault::Io { path: notes, source })?;
        self.name_whole_files(have)
    }

    /// Waits until what was written is on the disk. Each file is a wait of its own, which of
    /// thousands takes ten seconds; of many the whole file system is synchronised instead.
    fn synchronise(&self) -> Result<(), StoreFault> {
        let many = self.index.files.len() > MANY_FILES;
        let mut done = BTreeSet::new();
        for file in 0..self.index.files.len() {
            let path = self.path(file);
            let synchronised = match many {
                false => File::open(&path).and_then(|file| file.sync_data()),
                true => std::fs::metadata(&path).and_then(|found| match done.insert(found.dev()) {
                    true => Ok(syncfs(File::open(&path)?)?),
                    false => Ok(()),
                }),
            };
            match synchronised {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreFault::Io { path, source: error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn name_whole_files(&self, have: &Buffermap) -> Result<(), StoreFault> {
        for file in (0..self.index.files.len()).filter(|file| self.is_wanted(*file)) {
            if !self.is_whole(file, have) || self.state().named[file] {
                continue;
            }
            let (part, name) = (self.path(file), self.final_path(file));
            let failed = |source| StoreFault::Io { path: name.clone(), source };
            if name.exists() {
                // Somebody else's, made since this began.
                return Err(failed(io::ErrorKind::AlreadyExists.into()));
            }
            if self.layout.size(file) == 0 {
                self.create(file).map_err(failed)?;
            }
            std::fs::rename(&part, &name).map_err(failed)?;
            self.state().named[file] = true;
        }
        self.note_done()
    }

    pub(crate) fn is_whole(&self, file: usize, have: &Buffermap) -> bool {
        let (from, to) = self.layout.fragments(file);
        (from..to).all(|fragment| have.has(fragment))
    }
}
