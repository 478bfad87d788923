//! What is kept here for others, and its user wants for itself: the user has it from then on, and
//! gives it to others from there.

use std::path::Path;
use std::{fs, io};

use anyhow::Context;
use mp2p::id::ContentId;

use crate::node::{Node, kept};

impl Node {
    /// Makes way for the user's own use of a content; its bytes go to `folder`, where there is one.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) async fn claim(
        &self,
        content: &ContentId,
        folder: Option<&Path>,
    ) -> anyhow::Result<()> {
        let Some(cache) = self.cache.get() else { return Ok(()) };
        let place = cache.disk.place(content);
        if !place.exists() || kept::is_stopped(&self.home, content) {
            return Ok(());
        }
        // From here on the cache does not begin it again: it is the user's.
        cache.lock().claimed.insert(content.clone());
        cache.count(self);
        self.put_away(content).await;
        if let Some(folder) = folder {
            let (from, to) = (place.clone(), folder.to_owned());
            let moved = tokio::task::spawn_blocking(move || move_into(&from, &to)).await?;
            moved.with_context(|| format!("from {} to its new place", place.display()))?;
        }
        cache.disk.remove(content).with_context(|| place.display().to_string())?;
        kept::forget(&self.home, content)?;
        let mut state = cache.lock();
        state.running.remove(content);
        state.spare.remove(content);
        state.counted.remove(content);
        Ok(())
    }

    /// The user's use has begun, or has not: the cache looks by itself again.
    pub(crate) fn claimed(&self, content: &ContentId) {
        if let Some(cache) = self.cache.get() {
            cache.lock().claimed.remove(content);
        }
    }
}

/// Moves all files below a folder to another; what is there already stays as it is.
fn move_into(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            move_into(&here, &there)?;
        } else if !there.exists() && fs::rename(&here, &there).is_err() {
            // Another file system.
            fs::copy(&here, &there)?;
        }
    }
    Ok(())
}
