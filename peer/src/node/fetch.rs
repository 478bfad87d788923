//! Fetching: from a name to a content.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;

use crate::control::message::{Fetch, Started, is_index_file};
use crate::node::Node;
use crate::node::kept::{Place, keep};

/// An index file may be this long.
const MAX_INDEX_BYTES: u64 = 4 << 20;
/// Contents that are named where a name fits several.
const MAX_TOLD: usize = 10;

impl Node {
    /// Fetches a content by its id, a name of the index, or an index file.
    ///
    /// # Errors
    /// Nothing of the kind is known, or the folder is no good.
    pub async fn fetch(self: &Arc<Self>, fetch: Fetch) -> anyhow::Result<Started> {
        let folder = &fetch.folder;
        if !folder.is_absolute() {
            bail!("{} is no absolute path", folder.display());
        }
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let signed = self.index_of(&fetch.what).await?;
        let index = IndexFile::open(&signed).with_context(|| fetch.what.clone())?;
        for file in &fetch.files {
            if !index.files.iter().any(|entry| *entry.path == **file) {
                bail!("{} has no file {file}", fetch.what);
            }
        }
        let place = Place {
            root: fetch.folder.clone(),
            files: fetch.files,
            is_source: false,
            stream: fetch.stream,
        };
        let started = Started {
            content_id: index.content_id.clone(),
            overlay_id: index.overlay_id.clone(),
            title: index.title.to_string(),
        };
        if self.transfer(&index.content_id).is_none() {
            self.begin(keep(&self.home, (index, signed), place)?)?;
        }
        Ok(started)
    }

    async fn index_of(&self, what: &str) -> anyhow::Result<String> {
        if let Ok(content) = ContentId::parse(what) {
            return Ok(self.provider.index(&content).await?.index_file);
        }
        let path = Path::new(what);
        if is_index_file(path) {
            if std::fs::metadata(path)?.len() > MAX_INDEX_BYTES {
                bail!("{what} is too long for an index file");
            }
            return std::fs::read_to_string(path).with_context(|| what.to_owned());
        }
        let found = self.provider.search(what).await?;
        let exact: Vec<_> = found.contents.iter().filter(|one| *one.title == *what).collect();
        let content = match (&exact[..], &found.contents[..]) {
            ([one], _) => &one.content_id,
            ([], [one]) => &one.content_id,
            ([], []) => bail!("nothing is found for \"{what}\""),
            _ => {
                let told: Vec<String> = found
                    .contents
                    .iter()
                    .take(MAX_TOLD)
                    .map(|one| format!("{}  {}", one.content_id, &*one.title))
                    .collect();
                bail!("\"{what}\" fits several contents; name one by its id:\n{}", told.join("\n"));
            }
        };
        Ok(self.provider.index(content).await?.index_file)
    }
}
