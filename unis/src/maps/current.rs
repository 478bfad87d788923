//! The version in force, swapped whole: the one place where it changes.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::maps::version::Version;

/// Holder of the version in force. A request takes it once and keeps it to its end.
pub struct Current {
    version: ArcSwap<Version>,
}

impl Current {
    /// Starts with `version`.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self { version: ArcSwap::from_pointee(version) }
    }

    /// The version in force.
    #[must_use]
    pub fn get(&self) -> Arc<Version> {
        self.version.load_full()
    }

    /// Puts `next` in force, sharing with the old one what did not change, and returns both.
    pub fn replace(&self, next: Version) -> (Arc<Version>, Arc<Version>) {
        let old = self.get();
        let next = Arc::new(next.sharing_with(&old));
        self.version.store(Arc::clone(&next));
        (old, next)
    }
}
