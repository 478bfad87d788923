//! Warm restart: overlays, members, reservations and events that wait are written down when the
//! server stops, and read when it starts. After a crash there is nothing to read: peers come back
//! with their refreshes, and reservations of before are void.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::calls::Founding;
use crate::events::KeptQueue;
use crate::membership::Oms;
use crate::overlay::KeptOverlay;
use crate::reservation;

/// The file below the state folder.
pub(crate) const FILE: &str = "overlays.json";
/// Of its form; another is passed over.
const VERSION: u32 = 1;
/// Longest file read.
const MAX_BYTES: u64 = 4 << 30;

#[derive(Deserialize, Serialize)]
struct Kept {
    version: u32,
    overlays: Vec<KeptOverlay>,
    book: reservation::Kept,
    events: Vec<KeptQueue>,
    #[serde(default)]
    foundings: Vec<Founding>,
    #[serde(default)]
    heard: Option<u64>,
}

/// What was kept cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file holds something else.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The file is of another version of this server.
    #[error("it is of version {0}")]
    Version(u32),
}

impl Oms {
    /// Writes down what a restart is not to lose, beside and renamed: whole or not at all.
    ///
    /// # Errors
    /// The disk.
    pub fn keep(&self, folder: &Path, now: u64) -> Result<usize, KeptError> {
        let kept = Kept {
            version: VERSION,
            overlays: self.store.keep(now),
            book: self.book().keep(),
            events: self.events.keep(),
            foundings: self.foundings.keep(),
            heard: self.heard.keep(),
        };
        let (path, passing) = (folder.join(FILE), folder.join("overlays.new"));
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(&passing)?;
        let mut out = BufWriter::new(file);
        serde_json::to_writer(&mut out, &kept)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&passing, path)?;
        Ok(kept.overlays.len())
    }

    /// Takes over what was kept, and forgets the file: a crash from here on must not bring back
    /// what is given away by then. How many overlays there were; none where there is no file.
    ///
    /// # Errors
    /// The file is none; it is forgotten all the same.
    pub fn restore(&self, folder: &Path, now: u64) -> Result<Option<usize>, KeptError> {
        let path = folder.join(FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let read = read(file);
        fs::remove_file(&path)?;
        let kept = read?;
        let overlays = kept.overlays.len();
        self.store.restore(kept.overlays, now);
        self.book().restore(kept.book, now);
        self.events.restore(kept.events);
        self.heard.restore(kept.heard);
        kept.foundings.into_iter().for_each(|founding| self.foundings.wait(founding));
        Ok(Some(overlays))
    }
}

fn read(file: File) -> Result<Kept, KeptError> {
    let limited = io::Read::take(BufReader::new(file), MAX_BYTES);
    let kept: Kept = serde_json::from_reader(limited)?;
    match kept.version {
        VERSION => Ok(kept),
        other => Err(KeptError::Version(other)),
    }
}
