//! What an engine knows of its content: the part of the index file that it needs.

use std::sync::Arc;

use mp2p::fragment::{Cut, FragmentHash};
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::IndexFile;

/// A content and its fragments.
#[derive(Clone, Debug)]
pub struct Content {
    /// In which overlay.
    pub overlay: OverlayId,
    /// Which.
    pub id: ContentId,
    /// How it is cut.
    pub cut: Cut,
    /// What each fragment has to hash to.
    pub hashes: Arc<[FragmentHash]>,
}

impl Content {
    /// Of an index file that passed its check; `None` where it has no content, but a service.
    #[must_use]
    pub fn of(index: &IndexFile) -> Option<Self> {
        let cut = index.cut()?;
        let hashes: Arc<[FragmentHash]> = index.fragments.0.clone().into();
        (hashes.len() == cut.count() as usize).then(|| Self {
            overlay: index.overlay_id.clone(),
            id: index.content_id.clone(),
            cut,
            hashes,
        })
    }

    /// How many fragments it has.
    #[must_use]
    pub fn fragments(&self) -> u32 {
        self.cut.count()
    }

    /// Bytes of a fragment; 0 beyond the end.
    #[must_use]
    pub fn len(&self, fragment: u32) -> u32 {
        self.cut.length(fragment).unwrap_or_default()
    }

    /// What a fragment has to hash to.
    #[must_use]
    pub fn hash(&self, fragment: u32) -> Option<&FragmentHash> {
        self.hashes.get(fragment as usize)
    }
}
