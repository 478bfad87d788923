//! The ledger on the disk: as it was at one time, and what was done since, a line each.
//!
//! ```text
//!  act ─► lock ─► the ledger in memory, or both files ─► ledger.log + a line, synced ─► answer
//!                                   log as long as the ledger: ledger.json anew, ledger.log empty
//! ```
//!
//! Several processes act over one folder, under its lock: each reads what others have appended. A
//! line without an end is of an act that nobody was told of, and is cut off.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::pki::PkiError;
use crate::pki::folder::{Folder, SECRET, leave_to_owner, read, write};
use crate::pki::ledger::{Ledger, Record};

/// Lines of the log from which on it is taken into the ledger, if that is not longer.
const MIN_LINES: usize = 1000;

/// The ledger between two acts of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<Option<Journal>>>);

/// A ledger and how far its files are read.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) ledger: Ledger,
    base: Option<Stamp>,
    /// Bytes of the log.
    read: u64,
    lines: usize,
    /// Of the ledger that the log goes on from.
    records: usize,
}

/// What tells a file from another of its name.
type Stamp = (u64, u64, i64, i64);

impl Kept {
    /// The ledger as it is now; the folder's lock has to be held.
    pub(crate) fn take(&self, folder: &Folder) -> Result<Journal, PkiError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (base, written) = (stamp(folder)?, log_bytes(folder)?);
        let is_current = |kept: &Journal| kept.base == base && kept.read <= written;
        let mut journal = match kept.filter(is_current) {
            Some(kept) => kept,
            None => Journal::load(folder, base)?,
        };
        journal.catch_up(folder)?;
        Ok(journal)
    }

    /// Keeps it for the next act, unless something that was done is not written.
    pub(crate) fn put(&self, journal: Journal) {
        if journal.ledger.done().is_empty() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
        }
    }
}

impl Journal {
    fn load(folder: &Folder, base: Option<Stamp>) -> Result<Self, PkiError> {
        let path = folder.ledger();
        let ledger = match read(&path)? {
            Some(text) => Ledger::parse(&text).map_err(|error| bad(&path, &error))?,
            None => Ledger::default(),
        };
        let records = ledger.len();
        Ok(Self { ledger, base, read: 0, lines: 0, records })
    }

    /// Reads what was appended.
    fn catch_up(&mut self, folder: &Folder) -> Result<(), PkiError> {
        if log_bytes(folder)? == self.read {
            return Ok(());
        }
        let path = folder.log();
        let failed = |source| PkiError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        let mut text = String::new();
        file.seek(SeekFrom::Start(self.read)).map_err(failed)?;
        file.read_to_string(&mut text).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines() {
            let act: Vec<Record> =
                serde_json::from_str(line).map_err(|error| bad(&path, &error))?;
            act.into_iter().for_each(|record| self.ledger.apply(record));
            self.lines += 1;
        }
        self.read += whole as u64;
        if whole < text.len() {
            file.set_len(self.read).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    /// Writes what was done, durably.
    pub(crate) fn store(&mut self, folder: &Folder, now: i64) -> Result<(), PkiError> {
        if self.ledger.done().is_empty() {
            return Ok(());
        }
        if !self.ledger.has_log() || self.lines >= self.records.max(MIN_LINES) {
            return self.store_whole(folder, now);
        }
        let path = folder.log();
        // One line, so that all of an act is there or nothing.
        let done = serde_json::to_string(self.ledger.done()).map_err(|error| bad(&path, &error))?;
        let text = done + "\n";
        append(folder, &text).map_err(|source| PkiError::Io { path, source })?;
        self.read += text.len() as u64;
        self.lines += 1;
        self.ledger.written();
        Ok(())
    }

    /// All anew: what is long over is forgotten. A crash before the log is gone does no harm, for
    /// what is done twice changes nothing.
    fn store_whole(&mut self, folder: &Folder, now: i64) -> Result<(), PkiError> {
        self.ledger.forget(now);
        let path = folder.ledger();
        let text = serde_json::to_string(&self.ledger).map_err(|error| bad(&path, &error))?;
        write(&path, &text, SECRET)?;
        match fs::remove_file(folder.log()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(PkiError::Io { path: folder.log(), source });
            }
            _ => {}
        }
        (self.base, self.read, self.lines) = (stamp(folder)?, 0, 0);
        self.records = self.ledger.len();
        self.ledger.written();
        Ok(())
    }
}

fn append(folder: &Folder, text: &str) -> io::Result<()> {
    #[cfg(test)]
    crate::pki::folder::crash::before_write()?;
    let path = folder.log();
    let is_new = !path.exists();
    let mut options = OpenOptions::new();
    let mut file = options.append(true).create(true).mode(SECRET).open(&path)?;
    let directory = path.parent().unwrap_or(&path);
    if is_new {
        leave_to_owner(&file, directory)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if is_new { File::open(directory)?.sync_all() } else { Ok(()) }
}

/// How long the log is; 0 where there is none.
fn log_bytes(folder: &Folder) -> Result<u64, PkiError> {
    let path = folder.log();
    match fs::metadata(&path) {
        Ok(data) => Ok(data.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(PkiError::Io { path, source }),
    }
}

fn stamp(folder: &Folder) -> Result<Option<Stamp>, PkiError> {
    let path = folder.ledger();
    match fs::metadata(&path) {
        Ok(data) => Ok(Some((data.ino(), data.len(), data.mtime(), data.mtime_nsec()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PkiError::Io { path, source }),
    }
}

fn bad(path: &Path, error: &serde_json::Error) -> PkiError {
    PkiError::File { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::ledger::{Entry, Pending};

    fn folder() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        (place, folder)
    }

    fn entry(serial: &str, not_after: i64) -> Entry {
        let text = format!(
            r#"{{"serial":"{serial}","name":"a","server_names":[],"not_after":{not_after},
                "revoked_at":null,"user":"anna"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// Does something at a time and writes it.
    fn act_at(now: i64, kept: &Kept, folder: &Folder, act: impl FnOnce(&mut Ledger)) {
        let mut journal = kept.take(folder).unwrap();
        act(&mut journal.ledger);
        journal.store(folder, now).unwrap();
        kept.put(journal);
    }

    fn act(kept: &Kept, folder: &Folder, act: impl FnOnce(&mut Ledger)) {
        act_at(0, kept, folder, act);
    }

    #[test]
    fn what_one_process_does_the_other_sees_and_so_does_the_next() {
        let (_place, folder) = folder();
        let (server, command) = (Kept::default(), Kept::default());
        act(&server, &folder, |ledger| ledger.issue(entry("01", 9)).unwrap());
        act(&command, &folder, |ledger| {
            assert_eq!(ledger.revoke("01", 3).len(), 1);
            ledger.promise(Pending::new(b"one", "a".into(), vec![], 50)).unwrap();
        });
        act(&server, &folder, |ledger| {
            assert_eq!(ledger.find("01").unwrap().revoked_at, Some(3));
            ledger.redeem(b"one", 4).unwrap();
            assert_eq!(ledger.next_crl_number(), 1);
        });
        for kept in [command, Kept::default()] {
            let mut journal = kept.take(&folder).unwrap();
            assert!(journal.ledger.redeem(b"one", 4).is_err(), "used");
            assert_eq!((journal.ledger.entries().len(), journal.ledger.crl_number()), (1, 1));
        }
    }

    /// As a version without a log wrote it, which must not go on with it once there is one.
    #[test]
    fn an_older_ledger_is_written_anew_with_the_first_act() {
        let (_place, folder) = folder();
        let entry = serde_json::to_string(&entry("01", 9)).unwrap();
        let older = format!(r#"{{"crl_number":3,"issued":[{entry}],"tokens":[]}}"#);
        fs::write(folder.ledger(), older).unwrap();
        act(&Kept::default(), &folder, |ledger| assert_eq!(ledger.next_crl_number(), 4));
        let written: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.ledger()).unwrap()).unwrap();
        assert_eq!((&written["format"], &written["crl_number"]), (&2.into(), &4.into()));
        assert_eq!(written["issued"][0]["serial"], "01");
        assert!(!folder.log().exists());
    }

    #[test]
    fn an_act_without_an_end_was_none() {
        let (_place, folder) = folder();
        let issue = |serial: &str| {
            let serial = entry(serial, 9);
            act(&Kept::default(), &folder, |ledger| ledger.issue(serial).unwrap());
        };
        let serials = || Kept::default().take(&folder).unwrap().ledger.entries().len();
        issue("01");
        issue("02");
        let whole = fs::read(folder.log()).unwrap();
        issue("03");
        let both = fs::read(folder.log()).unwrap();
        assert_eq!(serials(), 3);
        for end in whole.len()..both.len() {
            fs::write(folder.log(), &both[..end]).unwrap();
            assert_eq!((serials(), fs::read(folder.log()).unwrap()), (2, whole.clone()), "{end}");
        }
        issue("04");
        assert_eq!(serials(), 3);
    }

    #[test]
    fn what_is_not_written_is_not_kept() {
        let (_place, folder) = folder();
        let kept = Kept::default();
        let mut journal = kept.take(&folder).unwrap();
        journal.ledger.issue(entry("01", 9)).unwrap();
        kept.put(journal);
        assert_eq!(kept.take(&folder).unwrap().ledger.len(), 0);
    }

    #[test]
    fn a_long_log_is_taken_in_and_a_crash_in_between_does_no_harm() {
        const LATER: i64 = 10_000;
        let (_place, folder) = folder();
        let (kept, other) = (Kept::default(), Kept::default());
        act(&kept, &folder, |ledger| ledger.issue(entry("old", 9)).unwrap());
        assert_eq!(other.take(&folder).unwrap().ledger.len(), 1);
        for serial in 0..MIN_LINES {
            let serial = entry(&serial.to_string(), LATER);
            act(&kept, &folder, |ledger| ledger.issue(serial).unwrap());
        }
        let log = fs::read(folder.log()).unwrap();
        let last = entry("last", LATER);
        act_at(LATER, &kept, &folder, |ledger| ledger.issue(last).unwrap());
        assert!(!folder.log().exists());
        let all = |kept: &Kept| {
            let journal = kept.take(&folder).unwrap();
            let has = |serial| journal.ledger.find(serial).is_some();
            (journal.ledger.len(), has("old"), has("0"), has("last"))
        };
        for kept in [&kept, &other, &Kept::default()] {
            assert_eq!(all(kept), (MIN_LINES + 1, false, true, true));
        }
        // The log of before is still there.
        fs::write(folder.log(), log).unwrap();
        assert_eq!(all(&Kept::default()), (MIN_LINES + 1, false, true, true));
    }
}
