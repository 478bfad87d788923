//! What is being hashed to be shared, for those who watch.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::control::message::Hashing;

/// All that is being hashed.
#[derive(Debug, Default)]
pub(crate) struct Works(Mutex<Vec<Arc<Work>>>);

/// One file or folder.
#[derive(Debug)]
pub(crate) struct Work {
    path: PathBuf,
    done: AtomicU64,
    size: AtomicU64,
}

impl Works {
    pub(crate) fn begin(&self, path: &Path) -> Arc<Work> {
        let (done, size) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = Arc::new(Work { path: path.to_owned(), done, size });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&work));
        work
    }

    pub(crate) fn end(&self, work: &Arc<Work>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| !Arc::ptr_eq(one, work));
    }

    pub(crate) fn show(&self) -> Vec<Hashing> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = all.iter().map(|work| Hashing {
            path: work.path.clone(),
            done: work.done.load(Ordering::Relaxed),
            size: work.size.load(Ordering::Relaxed),
        });
        shown.collect()
    }
}

impl Work {
    /// Bytes done, and in all; several threads tell it.
    pub(crate) fn tell(&self, done: u64, size: u64) {
        self.done.fetch_max(done, Ordering::Relaxed);
        self.size.store(size, Ordering::Relaxed);
    }
}
