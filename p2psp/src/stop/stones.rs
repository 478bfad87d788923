//! What is stopped, in memory: every join asks.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mp2p::id::{ContentId, OverlayId, PeerId};

/// Stops of one overlay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stone {
    /// All of it: numbers and signed stops, for several may order it.
    pub(crate) whole: Vec<(u64, Arc<str>)>,
    /// Single contents of it.
    pub(crate) contents: Vec<(u64, ContentId, Arc<str>)>,
}

/// All stops, by overlay, and who has not been told of them.
#[derive(Debug, Default)]
pub(crate) struct Stones {
    overlays: HashMap<OverlayId, Stone>,
    /// By number: the signed stop, and who has not been told.
    untold: HashMap<u64, (Arc<str>, HashSet<PeerId>)>,
    /// Numbers that are void, by overlay, ascending.
    lifted: HashMap<OverlayId, Vec<u64>>,
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
            None => stone.whole.push((seq, signed)),
            Some(content) => stone.contents.push((seq, content, signed)),
        }
    }

    /// Takes a stop back: it could not be kept, or is lifted.
    pub(crate) fn take(&mut self, overlay: &OverlayId, seq: u64) {
        let Some(stone) = self.overlays.get_mut(overlay) else { return };
        stone.whole.retain(|(known, _)| *known != seq);
        stone.contents.retain(|(known, ..)| *known != seq);
        if stone.whole.is_empty() && stone.contents.is_empty() {
            self.overlays.remove(overlay);
        }
    }

    pub(crate) fn of(&self, overlay: &OverlayId) -> Option<&Stone> {
        self.overlays.get(overlay)
    }

    pub(crate) fn wait_for(
        &mut self,
        (seq, signed): (u64, &Arc<str>),
        peers: impl IntoIterator<Item = PeerId>,
    ) {
        let untold = self.untold.entry(seq);
        untold.or_insert_with(|| (Arc::clone(signed), HashSet::new())).1.extend(peers);
    }

    /// Stops that a peer has not been told of, the oldest first.
    pub(crate) fn untold_by(&self, peer: &PeerId) -> Vec<(u64, Arc<str>)> {
        let of_peer = self.untold.iter().filter(|(_, (_, peers))| peers.contains(peer));
        let mut all: Vec<_> = of_peer.map(|(seq, (stop, _))| (*seq, Arc::clone(stop))).collect();
        all.sort_unstable_by_key(|(seq, _)| *seq);
        all
    }

    /// The stop of a number is void.
    pub(crate) fn lift(&mut self, overlay: &OverlayId, seq: u64) {
        self.take(overlay, seq);
        self.untold.remove(&seq);
        self.lifted.entry(overlay.clone()).or_default().push(seq);
    }

    /// Numbers that are void, the latest first.
    pub(crate) fn lifted(&self, overlay: &OverlayId) -> Vec<u64> {
        self.lifted.get(overlay).map_or_else(Vec::new, |all| all.iter().rev().copied().collect())
    }

    /// A peer is told; whether it was not before.
    pub(crate) fn told(&mut self, seq: u64, peer: &PeerId) -> bool {
        let Some((_, untold)) = self.untold.get_mut(&seq) else { return false };
        let is_new = untold.remove(peer);
        if untold.is_empty() {
            self.untold.remove(&seq);
        }
        is_new
    }
}
