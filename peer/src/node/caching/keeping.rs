//! What is planned is done: contents are begun, put away, evicted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use mp2p::id::ContentId;

use crate::cache::{Act, Here, Ranges, acts, plan};
use crate::home::make_private;
use crate::node::caching::Caching;
use crate::node::caching::rows::index_of;
use crate::node::kept::{Place, keep};
use crate::node::{Node, kept};
use crate::relay::unix_s;

/// What could not be begun is tried again after this time.
const RETRY: Duration = Duration::from_secs(10);

impl Caching {
    /// Makes what is kept be what is reserved.
    pub(crate) async fn keep(&self, node: &Arc<Node>) {
        for act in self.decide(node) {
            match act {
                Act::PutAway(content) => self.put_away(node, &content).await,
                Act::Evict(content) => self.evict(node, &content).await,
                Act::Keep(content, ranges) => self.begin(node, &content, ranges).await,
            }
        }
    }

    fn decide(&self, node: &Node) -> Vec<Act> {
        let mut state = self.lock();
        let rows = state.rows.iter().map(|(overlay, row)| (overlay.clone(), row.items()));
        let rows = rows.collect();
        let mut shares = plan(state.book.leases(), &rows);
        let transfers: BTreeMap<ContentId, (bool, u64)> = {
            let transfers = node.lock();
            let shown = transfers.iter().map(|(content, one)| (content, one.status()));
            shown.map(|(content, one)| (content.clone(), (one.cached, one.have))).collect()
        };
        state.shares.clone_from(&shares);
        let mut here = BTreeMap::new();
        for (content, bytes) in &state.spare {
            let last_used = state.last_used.get(content).copied().unwrap_or_default();
            here.insert(content.clone(), Here { kept: None, bytes: *bytes, last_used });
        }
        for (content, ranges) in &state.running {
            let bytes = transfers.get(content).map_or(0, |(_, have)| *have);
            let last_used = state.last_used.get(content).copied().unwrap_or_default();
            let kept = transfers.contains_key(content).then(|| ranges.clone());
            here.insert(content.clone(), Here { kept, bytes, last_used });
        }
        // What its user has here is given from there.
        let is_users = |content: &ContentId| {
            state.claimed.contains(content)
                || transfers.get(content).is_some_and(|(cached, _)| !cached)
        };
        shares.retain(|content, _| !is_users(content));
        here.retain(|content, _| !is_users(content));
        let now = Instant::now();
        state.not_before.retain(|_, at| *at > now);
        let room_bytes = state.book.storage_bytes();
        let acts = acts(&shares, &here, room_bytes).into_iter();
        let may = |act: &Act| match act {
            Act::Keep(content, _) => !state.not_before.contains_key(content),
            Act::PutAway(_) | Act::Evict(_) => true,
        };
        acts.filter(may).collect()
    }

    async fn put_away(&self, node: &Arc<Node>, content: &ContentId) {
        self.count(node);
        node.put_away(content).await;
        if kept::is_stopped(&node.home, content) {
            return self.evict(node, content).await;
        }
        let bytes = self.disk.all().into_iter().find(|(one, _)| one == content);
        let mut state = self.lock();
        state.running.remove(content);
        state.counted.remove(content);
        if let Some((content, bytes)) = bytes {
            tracing::info!(%content, bytes, "a content is put away");
            state.last_used.insert(content.clone(), unix_s());
            state.spare.insert(content, bytes);
        }
    }

    async fn evict(&self, node: &Arc<Node>, content: &ContentId) {
        node.put_away(content).await;
        let removed = self.disk.remove(content);
        // The order that stopped it stays, so that it does not come again.
        let forgotten = match kept::is_stopped(&node.home, content) {
            true => Ok(()),
            false => kept::forget(&node.home, content),
        };
        match removed.map_err(anyhow::Error::from).and(forgotten) {
            Ok(()) => tracing::info!(%content, "a content is evicted"),
            Err(error) => {
                tracing::warn!(%content, error = format!("{error:#}"), "a content stays on the disk");
            }
        }
        let mut state = self.lock();
        state.running.remove(content);
        state.counted.remove(content);
        state.spare.remove(content);
        state.last_used.remove(content);
    }

    async fn begin(&self, node: &Arc<Node>, content: &ContentId, ranges: Ranges) {
        let begun = self.try_begin(node, content, &ranges).await;
        let mut state = self.lock();
        match begun {
            Ok(()) => {
                tracing::info!(%content, ?ranges, "a content is kept");
                state.spare.remove(content);
                state.last_used.insert(content.clone(), unix_s());
                state.running.insert(content.clone(), ranges);
            }
            Err(error) => {
                tracing::warn!(%content, error = format!("{error:#}"), "a content is not kept");
                state.not_before.insert(content.clone(), Instant::now() + RETRY);
            }
        }
    }

    async fn try_begin(
        &self,
        node: &Arc<Node>,
        content: &ContentId,
        ranges: &Ranges,
    ) -> anyhow::Result<()> {
        anyhow::ensure!(!kept::is_stopped(&node.home, content), "its distribution was stopped");
        if self.lock().running.contains_key(content) {
            self.count(node);
            node.put_away(content).await;
        }
        let (index, signed) = index_of(node, content).await?;
        let root = self.disk.place(content);
        let made = make_private(&root).with_context(|| root.display().to_string());
        let place = Place { root, cached: Some(ranges.clone()), ..Place::default() };
        let kept = made.and_then(|()| keep(&node.home, (index, signed), place));
        let kept = kept.inspect_err(|error| self.trouble(&format!("{error:#}")))?;
        anyhow::ensure!(!self.lock().claimed.contains(content), "its user wants it");
        node.begin(kept)?;
        self.lock().counted.remove(content);
        Ok(())
    }
}
