//! What is here when a content is opened.

use std::fs::OpenOptions;
use std::path::PathBuf;

use mp2p::frame::Buffermap;

use crate::content::store::{OpenError, Store, StoreFault};
use crate::home::replace;

impl Store {
    /// Files that were there first have to be what the index file says.
    pub(crate) fn check_source(&self) -> Result<(), OpenError> {
        for (file, entry) in self.index.files.iter().enumerate() {
            let path = self.final_path(file);
            let wrong = |reason: String| OpenError::Source { path: path.clone(), reason };
            let found = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?;
            if found.len() != entry.size {
                return Err(wrong("it was changed since it was shared first".to_owned()));
            }
        }
        // Each fragment is checked when it is read.
        let full = Buffermap::full(self.layout.cut().count()).map_err(|_| OpenError::Service)?;
        self.state().have = full;
        Ok(())
    }

    /// Bytes that were kept aside, of files that nobody wanted then and somebody wants now.
    fn bring_back(&self) -> Result<(), OpenError> {
        for file in (0..self.index.files.len()).filter(|file| self.is_wanted(*file)) {
            let (aside, part) = (self.rest_path(file), self.path(file));
            if !aside.exists() || part.exists() || self.final_path(file).exists() {
                continue;
            }
            let failed = |source| OpenError::Io { path: part.clone(), source };
            if let Some(folder) = part.parent() {
                std::fs::create_dir_all(folder).map_err(failed)?;
            }
            // They may be on another file system.
            if std::fs::rename(&aside, &part).is_err() {
                std::fs::copy(&aside, &part).map_err(failed)?;
                std::fs::remove_file(&aside).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// What was left under the name of a part by a longer file, as of another version.
    fn cut_parts(&self) -> Result<(), OpenError> {
        for file in 0..self.index.files.len() {
            let (path, size) = (self.path(file), self.layout.size(file));
            if std::fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() > size) {
                let cut = OpenOptions::new().write(true).open(&path);
                let cut = cut.and_then(|part| part.set_len(size));
                cut.map_err(|source| OpenError::Io { path, source })?;
            }
        }
        Ok(())
    }

    /// What an earlier run left.
    pub(crate) fn find_parts(&self) -> Result<(), OpenError> {
        self.bring_back()?;
        self.cut_parts()?;
        let count = self.layout.cut().count();
        let noted = std::fs::read(self.have_file()).ok();
        let noted = noted.and_then(|bytes| Buffermap::from_bytes(&bytes).ok());
        let noted = noted.filter(|map| map.fragments() == count);
        let done = self.done();
        let written = self.find_whole(&done)?;
        self.look_for_gone(&done)?;
        for fragment in 0..count {
            // Of a file that was written to since, nothing is believed.
            let spans = self.layout.spans(fragment);
            let is_noted = noted.as_ref().is_some_and(|map| map.has(fragment))
                && !spans.iter().any(|span| written[span.file]);
            let is_here = match is_noted {
                true => self.is_present(fragment),
                false => self.lies_there(fragment),
            };
            if is_here {
                self.state().have.insert(fragment);
            }
        }
        self.refuse_strangers(&done)?;
        self.note_lost(noted)?;
        self.name_found()?;
        // What is wrong with a file that is fetched again is found out when it is written to.
        self.state().touched = None;
        self.note_done().map_err(not_noted)
    }

    /// Finds files that have their own name; whether each was written to since it was whole.
    fn find_whole(&self, done: &[bool]) -> Result<Vec<bool>, OpenError> {
        let mut written = vec![false; done.len()];
        for (file, entry) in self.index.files.iter().enumerate() {
            let path = self.final_path(file);
            if !self.is_wanted(file) || !path.exists() {
                continue;
            }
            let found = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file);
            match found.filter(|found| found.len() == entry.size) {
                Some(found) => written[file] = done[file] && self.is_newer_than_noted(&found),
                None => return Err(self.not_ours(path, done[file])),
            }
            self.state().named[file] = true;
        }
        Ok(written)
    }

    /// A file that has the name of one of ours, and is something else.
    fn not_ours(&self, path: PathBuf, was_ours: bool) -> OpenError {
        match was_ours && !self.paths.mends {
            true => OpenError::Changed(path),
            false => OpenError::Taken(path),
        }
    }

    /// Files that had their own name, by their place in the index file.
    fn done(&self) -> Vec<bool> {
        let noted = std::fs::read(self.done_file()).unwrap_or_default();
        (0..self.index.files.len()).map(|file| noted.get(file) == Some(&b'1')).collect()
    }

    /// Notes which files have their own name, where that changes.
    pub(crate) fn note_done(&self) -> Result<(), StoreFault> {
        let named = self.state().named.clone();
        let done: Vec<u8> = named.iter().map(|named| if *named { b'1' } else { b'0' }).collect();
        let path = self.done_file();
        if std::fs::read(&path).is_ok_and(|noted| noted == done) {
            return Ok(());
        }
        replace(&path, &done).map_err(|source| StoreFault::Io { path, source })
    }

    pub(crate) fn done_file(&self) -> PathBuf {
        self.paths.notes.join("done")
    }

    /// Whoever moved or deleted a file that was whole does not want it back unasked.
    fn look_for_gone(&self, done: &[bool]) -> Result<(), OpenError> {
        let is_gone =
            |file: &usize| done[*file] && self.is_wanted(*file) && !self.path(*file).exists();
        match (0..done.len()).find(is_gone).filter(|_| !self.paths.again) {
            Some(file) => Err(OpenError::Gone(self.final_path(file))),
            None => Ok(()),
        }
    }

    /// What was noted once and is gone is not noted any more.
    fn note_lost(&self, noted: Option<Buffermap>) -> Result<(), OpenError> {
        let Some(mut noted) = noted else { return Ok(()) };
        let lost: Vec<u32> = noted.iter().filter(|fragment| !self.has(*fragment)).collect();
        if lost.is_empty() {
            return Ok(());
        }
        for fragment in lost {
            noted.remove(fragment);
        }
        let path = self.have_file();
        replace(&path, &noted.to_bytes()).map_err(|source| OpenError::Io { path, source })
    }

    /// Files of which all is here get their own name: whoever stopped before may have brought the
    /// last bytes to the disk and not come to it.
    fn name_found(&self) -> Result<(), OpenError> {
        let have = self.have();
        let is_due = (0..self.index.files.len()).any(|file| {
            self.is_wanted(file) && self.is_whole(file, &have) && !self.state().named[file]
        });
        if !is_due {
            return Ok(());
        }
        self.flush_files(&have).map_err(not_noted)
    }

    /// A file that has the name of one of ours and is not all that it should be is somebody's; but
    /// one that was whole lacks fragments together with the file beside it, where that is gone.
    fn refuse_strangers(&self, done: &[bool]) -> Result<(), OpenError> {
        let state = self.state();
        let is_shared = |fragment| self.layout.spans(fragment).len() > 1;
        for (file, done) in done.iter().enumerate() {
            let (from, to) = self.layout.fragments(file);
            let mut lacking = (from..to).filter(|fragment| !state.have.has(*fragment));
            if state.named[file] && lacking.any(|fragment| !(*done && is_shared(fragment))) {
                return Err(self.not_ours(self.final_path(file), *done));
            }
        }
        Ok(())
    }

    /// Whether the files that a fragment lies in are as long as it needs.
    fn is_present(&self, fragment: u32) -> bool {
        self.layout.spans(fragment).iter().all(|span| {
            let found = std::fs::metadata(self.path(span.file));
            found.is_ok_and(|found| found.len() >= span.offset + span.length as u64)
        })
    }

    /// Whether the bytes that lie where a fragment belongs are its own.
    fn lies_there(&self, fragment: u32) -> bool {
        self.is_present(fragment) && self.read(fragment).is_ok()
    }
}

fn not_noted(fault: StoreFault) -> OpenError {
    match fault {
        StoreFault::Io { path, source } => OpenError::Io { path, source },
        StoreFault::Lost { path, .. } => OpenError::Taken(path),
    }
}
