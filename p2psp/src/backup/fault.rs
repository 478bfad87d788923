//! Why a backup is not made, or not put back.

use std::io;
use std::path::{Path, PathBuf};

/// A backup is not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// SQLite.
    #[error("{}: {source}", .path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// Something else.
    #[error("{} is no backup of P2PSP that this version can read", .0.display())]
    NoBackup(PathBuf),
    /// A file in it that no backup has.
    #[error("{} holds a file {name:?}, which no backup has", .path.display())]
    Name {
        /// The backup.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// A file of the state that is too large to be what it should be.
    #[error("{} has {bytes} bytes: what is it?", .path.display())]
    Large {
        /// The file.
        path: PathBuf,
        /// How long.
        bytes: u64,
    },
    /// It is not as it was made.
    #[error("{} is damaged: its {name} is not what was put away", .path.display())]
    Damaged {
        /// The backup.
        path: PathBuf,
        /// What of it.
        name: String,
    },
    /// Some of a folder is of a backup, some of before.
    #[error("a restore into {} broke off: `p2psp restore` the backup again", .0.display())]
    Halfway(PathBuf),
    /// A server runs.
    #[error("a server is running over {}: stop it first", .0.display())]
    Running(PathBuf),
    /// Keys and roles of two servers in one folder are those of none.
    #[error(
        "{} is of another server than {}, whose {lacks} it does not have: an empty folder takes it",
        .path.display(), .state.display()
    )]
    Other {
        /// The backup.
        path: PathBuf,
        /// The folder.
        state: PathBuf,
        /// What is there and not in the backup.
        lacks: &'static str,
    },
}

pub(crate) fn io_error(path: &Path, source: io::Error) -> BackupError {
    BackupError::Io { path: path.to_owned(), source }
}
