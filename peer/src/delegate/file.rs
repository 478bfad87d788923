//! What was handed over, between two runs: `STATE/delegates/ID.json`.

use std::path::PathBuf;
use std::{fs, io};

use mp2p::id::{ContentId, OverlayId};
use serde::{Deserialize, Serialize};

use crate::home::{Home, make_private, read_json, replace};

/// Longest file read back.
const MAX_BYTES: u64 = 64 << 10;
/// Contents that can be handed over at a time.
const MAX_DELEGATIONS: usize = 1000;

/// A content that caches stand in for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Delegation {
    /// Which.
    pub content_id: ContentId,
    /// Its overlay.
    pub overlay_id: OverlayId,
    /// For people.
    pub title: String,
    /// Bytes.
    pub size: u64,
    /// Whether it is fetched for us; else it is ours, and given to others.
    pub is_wanted: bool,
    /// The reservations, one for each cache.
    pub reservations: Vec<String>,
    /// Since when, Unix seconds.
    pub since: u64,
    /// Until when, Unix seconds.
    pub expires: u64,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Delegates(PathBuf);

impl Delegates {
    /// Of a state folder.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self(home.folder().join("delegates"))
    }

    /// All, by their titles; what cannot be read is told of and left out.
    #[must_use]
    pub fn all(&self) -> Vec<Delegation> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let paths = entries.flatten().map(|entry| entry.path());
        let found = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
        let mut all: Vec<Delegation> = found
            .take(MAX_DELEGATIONS)
            .filter_map(|path| match read_json(&path, MAX_BYTES) {
                Ok(delegation) => Some(delegation),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "what was handed over is lost");
                    None
                }
            })
            .collect();
        all.sort_by(|a, b| a.title.cmp(&b.title));
        all
    }

    /// The one of a content.
    #[must_use]
    pub fn of_content(&self, content: &ContentId) -> Option<Delegation> {
        read_json(&self.path(content), MAX_BYTES).ok()
    }

    /// Remembers one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put(&self, delegation: &Delegation) -> io::Result<()> {
        make_private(&self.0)?;
        replace(&self.path(&delegation.content_id), &serde_json::to_vec_pretty(delegation)?)
    }

    /// Forgets one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn remove(&self, content: &ContentId) -> io::Result<()> {
        match fs::remove_file(self.path(content)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, content: &ContentId) -> PathBuf {
        self.0.join(format!("{content}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_is_remembered_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let delegates = Delegates::of(&Home::open(folder.path()).unwrap());
        assert!(delegates.all().is_empty());
        let one = Delegation {
            content_id: ContentId::parse(&"c".repeat(64)).unwrap(),
            overlay_id: OverlayId::parse("film").unwrap(),
            title: "Film".into(),
            size: 7,
            is_wanted: true,
            reservations: vec!["r-1".into(), "r-2".into()],
            since: 1,
            expires: 9,
        };
        delegates.put(&one).unwrap();
        assert_eq!(delegates.all(), std::slice::from_ref(&one));
        assert_eq!(delegates.of_content(&one.content_id), Some(one.clone()));
        delegates.remove(&one.content_id).unwrap();
        delegates.remove(&one.content_id).unwrap();
        assert!(delegates.all().is_empty());
    }
}
