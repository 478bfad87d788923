//! Reports on the disk until the provider has them: a file each.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::home::{make_private, replace};

/// Reports at a time; of more the new ones are not kept.
const MAX_REPORTS: usize = 20_000;
/// Longest report read back.
const MAX_REPORT_BYTES: u64 = 256 << 10;

/// What is reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A signed receipt, for UMS.
    Receipt,
    /// What was received, for UMS.
    Success,
    /// What went wrong with others, for OMS.
    Failure,
    /// That a distribution was stopped here, for OMS.
    StopAck,
}

impl Kind {
    /// How its files are called.
    const fn ending(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::StopAck => "stop-ack",
        }
    }
}

/// A report is not kept.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Too many wait.
    #[error("{MAX_REPORTS} reports wait for the provider already")]
    Full,
}

/// The folder of reports.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

/// A report that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Waiting {
    path: PathBuf,
    pub(crate) text: String,
}

impl Spool {
    /// In a folder, which is made if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(folder: &Path) -> Result<Self, SpoolError> {
        let failed = |source| SpoolError::Io { path: folder.to_owned(), source };
        make_private(folder).map_err(failed)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Keeps a report until it was sent; one of the same kind and name is overwritten. The name may
    /// be anything.
    ///
    /// # Errors
    /// [`SpoolError`].
    pub fn put(&self, kind: Kind, name: &str, text: &str) -> Result<(), SpoolError> {
        let name = blake3::hash(name.as_bytes()).to_hex();
        let path = self.folder.join(format!("{}.{}", &name[..32], kind.ending()));
        if !path.exists() && self.files().len() >= MAX_REPORTS {
            return Err(SpoolError::Full);
        }
        replace(&path, text.as_bytes()).map_err(|source| SpoolError::Io { path, source })
    }

    /// Reports that wait, as many as `most`.
    pub(crate) fn waiting(&self, kind: Kind, most: usize) -> Vec<Waiting> {
        let ours = |path: &PathBuf| path.extension().is_some_and(|ending| ending == kind.ending());
        let files = self.files().into_iter().filter(ours).take(most);
        files
            .filter_map(|path| match fs::metadata(&path) {
                Ok(found) if found.len() <= MAX_REPORT_BYTES => {
                    fs::read_to_string(&path).ok().map(|text| Waiting { path, text })
                }
                _ => None,
            })
            .collect()
    }

    /// The provider has it: forgotten, unless a newer one has taken its place.
    pub(crate) fn done(&self, report: &Waiting) {
        if fs::read_to_string(&report.path).is_ok_and(|text| text == report.text) {
            let _ = fs::remove_file(&report.path);
        }
    }

    /// The next number of this peer's reports, kept on the disk: none is given twice.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn number(&self) -> Result<u64, SpoolError> {
        let path = self.folder.join("number");
        let last: u64 =
            fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let next = last + 1;
        let written = replace(&path, next.to_string().as_bytes());
        written.map_err(|source| SpoolError::Io { path, source })?;
        Ok(next)
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_waits_until_it_was_sent_and_a_newer_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        spool.put(Kind::Receipt, "anna/1", "first").unwrap();
        spool.put(Kind::Failure, "anna/1", "other").unwrap();
        let sent = spool.waiting(Kind::Receipt, 10);
        assert_eq!(sent.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), ["first"]);
        spool.put(Kind::Receipt, "anna/1", "second").unwrap();
        spool.done(&sent[0]);
        // As after a restart.
        let spool = Spool::open(folder.path()).unwrap();
        let left = spool.waiting(Kind::Receipt, 10);
        assert_eq!(left[0].text, "second");
        spool.done(&left[0]);
        assert!(spool.waiting(Kind::Receipt, 10).is_empty());
        assert_eq!(spool.waiting(Kind::Failure, 10).len(), 1);
    }

    #[test]
    fn no_number_is_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let numbers: Vec<u64> =
            (0..3).map(|_| Spool::open(folder.path()).unwrap().number().unwrap()).collect();
        assert_eq!(numbers, [1, 2, 3]);
    }
}
