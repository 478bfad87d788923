//! Sharing: from files to a registered content.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::{About, IndexFile};
use mp2p::message::bound::Text;
use mp2p::message::overlay::{Health, OverlayRequest, Requirements};

use crate::content::{Built, build};
use crate::control::message::{Share, Started, State, TransferStatus};
use crate::denylist;
use crate::node::Node;
use crate::node::kept::{self, Place, find, forget, keep};
use crate::plain::plain;
use crate::provider::ProviderError;

impl Node {
    /// Shares a file or a folder: an overlay, an entry at the index, and ourselves as its source.
    ///
    /// # Errors
    /// The files cannot be read, or the provider refuses.
    pub async fn share(self: &Arc<Self>, share: Share) -> anyhow::Result<Started> {
        self.check_is_peer()?;
        let path = share.path.clone();
        if !path.is_absolute() {
            bail!("{} is no absolute path", path.display());
        }
        let work = self.hashing.begin(&path);
        let told = Arc::clone(&work);
        let hashed = move || build(&path, &|done, size| told.tell(done, size));
        let built = tokio::task::spawn_blocking(hashed).await;
        self.hashing.end(&work);
        let built = built??;
        let (root, seen) = (built.root.clone(), built.seen.clone());
        let left_out = (built.left_out > 0).then(|| left_out(built.left_out));
        let old = self.replaced(&share).await?;
        let overlay = old.as_ref().map(|old| old.overlay.clone()).or(share.overlay.clone());
        let mut index = self.index_file(&share, overlay, built)?;
        let old = old.filter(|old| old.content != index.content_id);
        index.version = index.version.max(old.as_ref().map_or(0, |old| old.version + 1));
        if let Some(why) = denylist::refusal(self, &index).await {
            bail!("{}: {why}", plain(&index.title));
        }
        let wishes = wishes(&share, &index);
        let (((index, signed), note), wishes) = match self.registered(&mut index).await? {
            Some(_) if old.is_some() => {
                bail!("another has registered it already, and it takes nobody's place")
            }
            Some(theirs) => ((theirs, None), Requirements::default()),
            None => (self.publish(index, wishes, old.as_ref()).await?, wishes),
        };
        let started = Started {
            content_id: index.content_id.clone(),
            overlay_id: index.overlay_id.clone(),
            title: plain(&index.title),
            folder: root.clone(),
            files: index.files.iter().map(|file| file.path.to_string()).collect(),
            size: index.size(),
            note: notes(note, left_out),
            no_room: None,
            no_copy: None,
        };
        let place = Place { root, is_source: true, seen, wishes, ..Place::default() };
        let _turn = self.turns.take(&started.content_id).await;
        self.claim(&started.content_id, None).await?;
        let at_work = self.transfer(&started.content_id).map(|there| there.status());
        let is_as_it_was = |there: &TransferStatus| {
            (&there.overlay_id, &there.title) == (&started.overlay_id, &started.title)
                && !matches!(there.state, State::Failed | State::Stopped)
        };
        if at_work.is_some_and(|there| !is_as_it_was(&there)) {
            // It goes on under the new title, and where others look for it now.
            self.put_away(&started.content_id).await;
        }
        // The index has it: an order to stop it that is still in force comes from OMS again.
        kept::raise(&self.home, &started.content_id);
        let kept = keep(&self.home, (index, signed), place);
        let begun = kept.and_then(|kept| self.begin(kept));
        self.claimed(&started.content_id);
        if let (Ok(_), Some(old)) = (&begun, &old) {
            self.put_away(&old.content).await;
            forget(&self.home, &old.content)?;
        }
        begun.map(|_transfer| started)
    }

    /// What is to be replaced, as the index has it, else as it was shared here.
    async fn replaced(&self, share: &Share) -> anyhow::Result<Option<Old>> {
        let Some(content) = &share.replaces else { return Ok(None) };
        let (index, is_registered) = match self.provider.index(content).await {
            Ok(found) => (IndexFile::open(&found.index_file)?, true),
            Err(error) if error.is_passing() => return Err(error.into()),
            Err(unknown) => match find(&self.home, content) {
                Ok(kept) => (kept.index, false),
                Err(_nothing) => return Err(unknown).context("nothing can be replaced"),
            },
        };
        let (content, overlay) = (content.clone(), index.overlay_id);
        Ok(Some(Old { content, overlay, version: index.version, is_registered }))
    }

    /// The index file of somebody who has registered the same content before: we are one more of
    /// its sources. What we have registered ourselves is registered anew, as a later version.
    async fn registered(&self, own: &mut IndexFile) -> anyhow::Result<Option<(IndexFile, String)>> {
        let found = match self.provider.index(&own.content_id).await {
            Ok(found) => found,
            Err(error) if error.is_passing() => return Err(error.into()),
            // Not registered, as far as we are told.
            Err(_refused) => return Ok(None),
        };
        let theirs = IndexFile::open(&found.index_file)?;
        if theirs.publisher == own.publisher && theirs.content_id == own.content_id {
            own.version = own.version.max(theirs.version.saturating_add(1));
            return Ok(None);
        }
        if theirs.content_id != own.content_id {
            return Ok(None);
        }
        if theirs.files != own.files {
            let name = theirs.files.first().map(|file| file.path.to_string()).unwrap_or_default();
            bail!("it is registered already, as {name}; share it by that name");
        }
        Ok(Some((theirs, found.index_file)))
    }

    async fn publish(
        &self,
        index: IndexFile,
        requirements: Requirements,
        old: Option<&Old>,
    ) -> anyhow::Result<((IndexFile, String), Option<String>)> {
        let signed = index.seal(&self.identity.key)?;
        let overlay = OverlayRequest {
            overlay_id: index.overlay_id.clone(),
            title: index.title.clone(),
            description: index.description.clone(),
            requirements,
            ..OverlayRequest::named(index.overlay_id.clone())
        };
        self.provider.create(&overlay).await.map_err(no_overlay)?;
        let mut note = None;
        if requirements != Requirements::default() {
            let told = self.provider.describe(&index.overlay_id).await?;
            note = (!told.health.meets_requirements).then(|| lacking(&requirements, &told.health));
        }
        let registered = match old.filter(|old| old.is_registered) {
            Some(old) => self.provider.replace(&old.content, &signed).await,
            None => self.provider.register(&signed).await,
        };
        registered.context("it cannot be registered")?;
        Ok(((index, signed), note))
    }

    fn index_file(
        &self,
        share: &Share,
        overlay: Option<OverlayId>,
        built: Built,
    ) -> anyhow::Result<IndexFile> {
        let name = share.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let title = share.title.clone().or(name).unwrap_or_default();
        if title.trim().is_empty() {
            bail!("a title has a character at least");
        }
        let content = built.cut.content_id(&built.hashes).context("no hash for each fragment")?;
        let own = || OverlayId::parse(content.as_str());
        let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let about = About {
            version: issued,
            overlay_id: overlay.map_or_else(own, Ok)?,
            title: Text::new(title).context("the title")?,
            description: Text::new(share.description.clone()).context("the description")?,
            rights: None,
            issued,
        };
        let (files, cut, hashes) = (built.files, built.cut, built.hashes);
        Ok(IndexFile::build(about, files, cut, hashes, &self.identity.key)?)
    }
}

/// A content that another takes the place of.
struct Old {
    content: ContentId,
    overlay: OverlayId,
    version: u64,
    /// It has left the index already where its files have changed and nobody else took part.
    is_registered: bool,
}

/// What is asked of an overlay that is made for a content.
fn wishes(share: &Share, index: &IndexFile) -> Requirements {
    let cache_bytes = if share.keep_cached { index.size() } else { 0 };
    Requirements { cache_bytes, ..share.requirements }
}

/// Why there is no overlay, and what helps.
fn no_overlay(error: ProviderError) -> anyhow::Error {
    let more = match error.code() {
        Some("too-many") => "; `--overlay ID` shares it in one that is there",
        _ => "",
    };
    anyhow::Error::from(error).context(format!("no overlay for it{more}"))
}

/// What of a publisher's wishes there is not yet, in a sentence.
fn lacking(asked: &Requirements, health: &Health) -> String {
    let mut parts = Vec::new();
    let (bps, has) = (asked.relay_bps, health.reserved_relay_bps);
    if has < bps {
        parts.push(format!("{} of {} kbit/s of relays", has / 1000, bps / 1000));
    }
    let (bytes, has) = (asked.cache_bytes, health.reserved_cache_bytes);
    if has < bytes {
        parts.push(format!("{has} of {bytes} bytes of caches"));
    }
    format!("reserved so far: {}", parts.join(", "))
}

fn left_out(count: usize) -> String {
    match count {
        1 => "a symbolic link, or what is no file, is left out".to_owned(),
        _ => format!("{count} symbolic links, or what is no file, are left out"),
    }
}

/// What is to be said beside, in lines.
fn notes(one: Option<String>, other: Option<String>) -> Option<String> {
    let all: Vec<String> = one.into_iter().chain(other).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reserved_is_told_beside_what_was_asked_for() {
        let asked =
            Requirements { relay_bps: 20_000_000, cache_bytes: 500, ..Requirements::default() };
        let has = Health { reserved_relay_bps: 10_000_000, ..Health::default() };
        let told = lacking(&asked, &Health { reserved_cache_bytes: 500, ..has.clone() });
        assert_eq!(told, "reserved so far: 10000 of 20000 kbit/s of relays");
        let both = "reserved so far: 10000 of 20000 kbit/s of relays, 0 of 500 bytes of caches";
        assert_eq!(lacking(&asked, &has), both);
    }
}
