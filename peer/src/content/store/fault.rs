//! What can be wrong with a content on the disk.

use std::io;
use std::path::PathBuf;

/// Why a content cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A content without bytes.
    #[error("this is a service, not files")]
    Service,
    /// A file of that name is there, and is not this one.
    #[error("{} is there already, and is something else", .0.display())]
    Taken(PathBuf),
    /// A file that is shared is gone, or was changed.
    #[error("{}: {reason}", .path.display())]
    Source {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that was whole was moved or deleted since.
    #[error("{} is gone; `peer get` fetches it again, `peer stop` forgets it", .0.display())]
    Gone(PathBuf),
    /// A file that was whole was changed since: it is its user's.
    #[error("{} was changed since it was fetched; `peer stop` forgets it", .0.display())]
    Changed(PathBuf),
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why a fragment was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// It is not there, or not what it was.
    #[error("{}: gone, or changed since (fragment {fragment})", .path.display())]
    Lost {
        /// Which.
        fragment: u32,
        /// The file that it begins in.
        path: PathBuf,
    },
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
