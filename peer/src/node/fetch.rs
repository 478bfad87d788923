//! Fetching: from a name to a content.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use rustix::fs::{Access, access};

use crate::content::{Space, missing_bytes};
use crate::control::message::{Fetch, Started, State, is_index_file};
use crate::denylist;
use crate::node::kept::{self, Place, keep};
use crate::node::lookup::{by_id, chosen, instead, read_index, refuse_missing};
use crate::node::naming;
use crate::node::{Lack, Node};
use crate::plain::plain;
use crate::provider::ProviderError;

impl Node {
    /// Fetches a content by its id, a name of the index, or an index file.
    ///
    /// # Errors
    /// Nothing of the kind is known, or the folder is no good.
    pub async fn fetch(self: &Arc<Self>, fetch: Fetch) -> anyhow::Result<Started> {
        self.check_is_peer()?;
        let folder = &fetch.folder;
        if !folder.is_absolute() {
            bail!("{} is no absolute path", folder.display());
        }
        let signed = self.index_of(&fetch.what).await?;
        let index = IndexFile::open(&signed)?;
        if let Some(why) = denylist::refusal(self, &index).await {
            bail!("{}: {why}", plain(&index.title));
        }
        let files = naming::files(&index, &fetch.files).map_err(anyhow::Error::msg)?;
        let asked = match files.is_empty() {
            true => index.files.iter().map(|entry| entry.path.to_string()).collect(),
            false => files.clone(),
        };
        // All of them by name are all.
        let files = if files.len() == index.files.len() { Vec::new() } else { files };
        // Who has an index file may have an old one.
        let instead = match is_index_file(Path::new(&fetch.what)) {
            true => instead(&self.provider, &index.content_id, &index.overlay_id).await,
            false => None,
        };
        let place = Place {
            seen: Vec::new(),
            root: fetch.folder.clone(),
            files,
            is_source: false,
            stream: fetch.stream,
            anyway: fetch.anyway,
            view: fetch.view.clone(),
            ..Place::default()
        };
        let _turn = self.turns.take(&index.content_id).await;
        self.claim(&index.content_id, Some(&place.root)).await?;
        let place = self.beside(&index, place).await?;
        let no_room = self.lacks_room(&index, &place).map(|lack| lack.to_string());
        let no_copy = self.lacks_copy(&index, &place, (&fetch, &asked));
        let started = Started {
            content_id: index.content_id.clone(),
            overlay_id: index.overlay_id.clone(),
            title: plain(&index.title),
            folder: place.root.clone(),
            size: size_of(&index, &asked),
            files: asked,
            note: instead,
            no_room,
            no_copy: no_copy.map(|lack| lack.to_string()),
        };
        let at_work = self.transfer(&started.content_id).filter(|there| !there.is_over());
        let begun = match at_work {
            Some(transfer) => {
                if fetch.stream {
                    transfer.expects_player();
                }
                Ok(())
            }
            None => ready(&place.root, &index)
                .with_context(|| place.root.display().to_string())
                .and_then(|()| keep(&self.home, (index, signed), place))
                .and_then(|kept| self.begin(kept).map(|_transfer| ())),
        };
        self.claimed(&started.content_id);
        begun.map(|()| started)
    }

    /// What the disk lacks for what is to come, where it is not to be begun anyway.
    fn lacks_room(&self, index: &IndexFile, place: &Place) -> Option<Lack> {
        if place.anyway || place.is_source {
            return None;
        }
        let is_wanted =
            |path: &str| place.files.is_empty() || place.files.iter().any(|it| it == path);
        let files = index.files.iter().filter(|entry| is_wanted(&entry.path));
        let missing = missing_bytes(&place.root, files.map(|entry| (&*entry.path, entry.size)));
        self.spaces.lacks(&index.content_id, &place.root, missing)
    }

    /// What the disk lacks for a copy of what lies elsewhere, where it is not to be made anyway.
    /// What is still to come there may come to the same disk.
    fn lacks_copy(
        &self,
        index: &IndexFile,
        place: &Place,
        (fetch, asked): (&Fetch, &[String]),
    ) -> Option<Lack> {
        if fetch.anyway || place.root == fetch.folder {
            return None;
        }
        let files = index.files.iter().filter(|entry| asked.iter().any(|it| *it == *entry.path));
        let files = || files.clone().map(|entry| (&*entry.path, entry.size));
        let copied = missing_bytes(&fetch.folder, files());
        let device = |folder: &Path| Space::of(folder).ok().map(|space| space.device);
        let comes = match device(&place.root) == device(&fetch.folder) && !place.is_source {
            true => missing_bytes(&place.root, files()),
            false => 0,
        };
        let bytes = copied.saturating_add(if copied > 0 { comes } else { 0 });
        self.spaces.lacks(&index.content_id, &fetch.folder, bytes)
    }

    /// What is wanted of a content that is fetched already, beside what was wanted before. One that
    /// has failed, is in another overlay now, or of which other files are wanted, is ended: it
    /// begins anew.
    async fn beside(&self, index: &IndexFile, wanted: Place) -> anyhow::Result<Place> {
        let content = &index.content_id;
        let Some(transfer) = self.transfer(content) else { return Ok(wanted) };
        let before = kept::find(&self.home, content)?.place;
        let has_failed = match transfer.status().state {
            State::Failed => true,
            // An order to stop may have been lifted: the index has the content again, and OMS says.
            State::Stopped => self.provider.index(content).await.is_ok(),
            _ => false,
        };
        // Files that were moved or deleted since are fetched again.
        let is_gone =
            !before.is_source && transfer.store().await.is_some_and(|store| !store.is_intact());
        let place = match has_failed || before.is_source {
            true if has_failed => wanted,
            true => before.clone(),
            false => Place {
                files: both(&before.files, wanted.files),
                anyway: before.anyway || wanted.anyway,
                ..before.clone()
            },
        };
        let is_let = place.anyway && transfer.status().no_room;
        let has_moved = transfer.status().overlay_id != index.overlay_id;
        if has_failed || has_moved || is_gone || is_let || place.files != before.files {
            transfer.end();
            transfer.ended().await;
            self.forget(content);
            kept::raise(&self.home, content);
        }
        Ok(place)
    }

    async fn index_of(&self, what: &str) -> anyhow::Result<String> {
        if let Ok(content) = ContentId::parse(what) {
            return self.index_by_id(&content).await;
        }
        let path = Path::new(what);
        if is_index_file(path) {
            return read_index(path);
        }
        refuse_missing(path)?;
        let found = match self.provider.search(what).await {
            Err(error) if error.is_passing() => {
                return self.known(error.into(), |it| *it.title == *what);
            }
            found => found?,
        };
        self.index_by_id(chosen(what, &found)?).await
    }

    async fn index_by_id(&self, content: &ContentId) -> anyhow::Result<String> {
        match by_id(&self.provider, content).await {
            Err(error) if error.downcast_ref().is_some_and(ProviderError::is_passing) => {
                self.known(error, |it| it.content_id == *content)
            }
            found => found,
        }
    }

    /// The index file of a content that was shared or fetched before: the provider is away.
    fn known(
        &self,
        away: anyhow::Error,
        is_meant: impl Fn(&IndexFile) -> bool,
    ) -> anyhow::Result<String> {
        let mut known = kept::all(&self.home).into_iter().filter(|kept| is_meant(&kept.index));
        match (known.next(), known.next()) {
            (Some(kept), None) => Ok(kept.signed),
            (Some(_), Some(_)) => bail!("several contents are called so; name one by its id"),
            (None, _) => {
                Err(away).context("the provider is away, and it is not shared or fetched here")
            }
        }
    }
}

/// Bytes of these files.
fn size_of(index: &IndexFile, files: &[String]) -> u64 {
    let asked = index.files.iter().filter(|entry| files.iter().any(|it| *it == *entry.path));
    asked.map(|entry| entry.size).sum()
}

/// A folder that can be written to, where something is to be written to it.
fn ready(folder: &Path, index: &IndexFile) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let files = index.files.iter().map(|entry| (&*entry.path, entry.size));
    match missing_bytes(folder, files) {
        0 => Ok(()),
        _ => Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?),
    }
}

/// Files that either wants; none means all.
fn both(before: &[String], mut wanted: Vec<String>) -> Vec<String> {
    if before.is_empty() || wanted.is_empty() {
        return Vec::new();
    }
    wanted.splice(0..0, before.iter().cloned());
    wanted.sort();
    wanted.dedup();
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wanted_before_stays_wanted() {
        let files = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let joined = |a: &[&str], b: &[&str]| both(&files(a), files(b));
        assert_eq!(joined(&["b"], &["a", "b"]), ["a", "b"]);
        assert!(joined(&["b"], &[]).is_empty() && joined(&[], &["a"]).is_empty());
    }
}
