//! What a cache remembers over a restart, or a crash: `STATE/cache.json`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use mp2p::id::{ContentId, OverlayId};
use serde::{Deserialize, Serialize};

use crate::cache::book::Lease;
use crate::cache::plan::Item;
use crate::home::{read_json, replace};

/// Longest file read back.
const MAX_BYTES: u64 = 64 << 20;

/// What is remembered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Notes {
    /// The lowest epoch that counts.
    pub floor: u64,
    /// What is reserved.
    pub leases: Vec<Lease>,
    /// The contents of overlays for which something is reserved, the oldest first.
    pub rows: BTreeMap<OverlayId, Vec<Item>>,
    /// When each content was used last, Unix seconds.
    pub last_used: BTreeMap<ContentId, u64>,
    /// Bytes that came in, and went out, ever since.
    pub through: (u64, u64),
}

/// Where it is remembered.
#[derive(Clone, Debug)]
pub struct NotesFile(PathBuf);

impl NotesFile {
    /// At a path.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// What was noted; nothing where that is damaged: OMS tells what is reserved, and the rest is
    /// fetched again.
    #[must_use]
    pub fn read(&self) -> Notes {
        match read_json(&self.0, MAX_BYTES) {
            Ok(notes) => notes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Notes::default(),
            Err(error) => {
                tracing::warn!(path = %self.0.display(), %error, "what the cache noted is lost");
                Notes::default()
            }
        }
    }

    /// Notes it: a crash leaves the old or the new.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn write(&self, notes: &Notes) -> io::Result<()> {
        replace(&self.0, &serde_json::to_vec(notes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_and_what_is_damaged_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = NotesFile::at(folder.path().join("cache.json"));
        assert_eq!(file.read(), Notes::default());
        let content_id = ContentId::parse(&"c".repeat(64)).unwrap();
        let item = Item { content_id: content_id.clone(), size: 5, fragment_size: 16 << 10 };
        let notes = Notes {
            floor: 7,
            rows: BTreeMap::from([(OverlayId::parse("film").unwrap(), vec![item])]),
            last_used: BTreeMap::from([(content_id, 3)]),
            through: (1, 2),
            ..Notes::default()
        };
        file.write(&notes).unwrap();
        assert_eq!(file.read(), notes);
        std::fs::write(folder.path().join("cache.json"), b"{").unwrap();
        assert_eq!(file.read(), Notes::default());
    }
}
