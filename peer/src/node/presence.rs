//! In which overlays this peer takes part: several of its contents may be in one, and to OMS it is
//! one member of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mp2p::id::OverlayId;

/// How many contents are at work in each overlay.
#[derive(Debug, Default)]
pub struct Overlays(Mutex<HashMap<OverlayId, usize>>);

/// That a content is at work in an overlay; over when it is dropped.
#[derive(Debug)]
pub struct Presence {
    overlay: OverlayId,
    /// `None` once it is over.
    overlays: Option<Arc<Overlays>>,
}

impl Overlays {
    /// One more content is at work there.
    #[must_use]
    pub fn enter(self: &Arc<Self>, overlay: &OverlayId) -> Presence {
        *self.lock().entry(overlay.clone()).or_default() += 1;
        Presence { overlay: overlay.clone(), overlays: Some(Arc::clone(self)) }
    }

    /// Whether any content is at work there.
    #[must_use]
    pub fn is_in(&self, overlay: &OverlayId) -> bool {
        self.lock().contains_key(overlay)
    }

    /// One less; whether it was the last.
    fn exit(&self, overlay: &OverlayId) -> bool {
        let mut counts = self.lock();
        let left = counts.get(overlay).map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => drop(counts.remove(overlay)),
            _ => drop(counts.insert(overlay.clone(), left)),
        }
        left == 0
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OverlayId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Presence {
    /// Ends it; whether no other content is at work there, so that this peer leaves the overlay.
    #[must_use]
    pub fn end(mut self) -> bool {
        self.overlays.take().is_some_and(|overlays| overlays.exit(&self.overlay))
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(overlays) = self.overlays.take() {
            overlays.exit(&self.overlay);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_content_of_an_overlay_alone_takes_the_leave() {
        let overlays = Arc::new(Overlays::default());
        let id = |of: &str| OverlayId::parse(of).unwrap();
        let (one, other) = (overlays.enter(&id("film")), overlays.enter(&id("film")));
        let elsewhere = overlays.enter(&id("song"));
        assert!(!one.end() && overlays.is_in(&id("film")));
        assert!(other.end() && !overlays.is_in(&id("film")));
        drop(elsewhere);
        assert!(!overlays.is_in(&id("song")));
    }
}
