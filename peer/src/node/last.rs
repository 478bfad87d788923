//! The last list of an overlay, on the disk: with it a peer begins while the provider is away.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use mp2p::id::OverlayId;
use mp2p::message::join::JoinAnswer;

use crate::home::replace;

/// A kept list may be this long.
const MAX_LIST_BYTES: u64 = 4 << 20;

/// Where the last list of an overlay is kept.
#[derive(Clone, Debug)]
pub struct LastList {
    path: PathBuf,
}

impl LastList {
    /// In a file, which need not be there.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Keeps an answer of OMS; the one before is forgotten.
    pub(crate) fn keep(&self, answer: &JoinAnswer) {
        let kept = serde_json::to_vec(answer).map(|text| replace(&self.path, &text));
        if !matches!(kept, Ok(Ok(()))) {
            tracing::warn!("the list of peers cannot be kept on the disk");
        }
    }

    /// The last answer in `overlay`, and when it came, Unix seconds. A content that is new here
    /// begins with the newest list of another one of the same overlay.
    pub(crate) fn read(&self, overlay: &OverlayId) -> Option<(Box<JoinAnswer>, u64)> {
        read(&self.path).filter(|(answer, _)| answer.overlay_id == *overlay).or_else(|| {
            let (name, folder) = (self.path.file_name()?, self.path.parent()?.parent()?);
            let others = std::fs::read_dir(folder).ok()?.flatten();
            let lists = others.filter_map(|other| read(&other.path().join(name)));
            let fitting = lists.filter(|(answer, _)| answer.overlay_id == *overlay);
            fitting.max_by_key(|(_, since)| *since)
        })
    }
}

fn read(path: &Path) -> Option<(Box<JoinAnswer>, u64)> {
    let found = std::fs::metadata(path).ok()?;
    if found.len() > MAX_LIST_BYTES {
        return None;
    }
    let since = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let answer = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some((answer, since.as_secs()))
}
