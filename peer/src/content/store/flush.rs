//! What was written comes to the disk, is noted, and gets its own name.

use std::fs::File;
use std::io;
use std::time::Instant;

use mp2p::frame::Buffermap;

use crate::content::store::{Store, StoreFault};
use crate::home::replace;

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
        for file in 0..self.index.files.len() {
            let path = self.path(file);
            match File::open(&path).and_then(|file| file.sync_data()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreFault::Io { path, source: error });
                }
                _ => {}
            }
        }
        let notes = self.have_file();
        replace(&notes, &have.to_bytes())
            .map_err(|source| StoreFault::Io { path: notes, source })?;
        self.name_whole_files(have)
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
