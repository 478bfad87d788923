//! What is stopped, in memory: every join asks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mp2p::id::{ContentId, OverlayId, PeerId};

/// Stops of one overlay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stone {
    /// All of it: the number and the signed stop.
    pub(crate) whole: Option<(u64, Arc<str>)>,
    /// Single contents of it.
    pub(crate) contents: Vec<(u64, ContentId, Arc<str>)>,
}

/// All stops, by overlay, and who has not been told of them.
#[derive(Debug, Default)]
pub(crate) struct Stones {
    overlays: HashMap<OverlayId, Stone>,
    untold: HashMap<u64, HashSet<PeerId>>,
}

impl Stones {
    pub(crate) fn put(
        &mut self,
        overlay: OverlayId,
        content: Option<ContentId>,
        (seq, signed): (u64, Arc<str>),
    ) {
        let stone = self.overlays.entry(overlay).or_default();
        match content {
            None => stone.whole = Some((seq, signed)),
            Some(content) => stone.contents.push((seq, content, signed)),
        }
    }

    /// Takes a stop back that could not be kept.
    pub(crate) fn take(&mut self, overlay: &OverlayId, seq: u64) {
        let Some(stone) = self.overlays.get_mut(overlay) else { return };
        stone.whole.take_if(|(known, _)| *known == seq);
        stone.contents.retain(|(known, ..)| *known != seq);
        if stone.whole.is_none() && stone.contents.is_empty() {
            self.overlays.remove(overlay);
        }
    }

    pub(crate) fn of(&self, overlay: &OverlayId) -> Option<&Stone> {
        self.overlays.get(overlay)
    }

    pub(crate) fn wait_for(&mut self, seq: u64, peers: impl IntoIterator<Item = PeerId>) {
        self.untold.entry(seq).or_default().extend(peers);
    }

    /// A peer is told; whether it was not before.
    pub(crate) fn told(&mut self, seq: u64, peer: &PeerId) -> bool {
        let Some(untold) = self.untold.get_mut(&seq) else { return false };
        let is_new = untold.remove(peer);
        if untold.is_empty() {
            self.untold.remove(&seq);
        }
        is_new
    }
}
