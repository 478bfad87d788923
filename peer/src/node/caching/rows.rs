//! The contents of each overlay for which something is reserved, as IXS has them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::IndexFile;

use crate::cache::Item;
use crate::node::caching::Caching;
use crate::node::{Node, kept};

/// Between two questions about an overlay: doubled from the first to the last while nothing
/// changes.
const ASK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// The contents of an overlay, the oldest first, and when to ask for them again.
pub(crate) struct Row {
    items: Vec<Item>,
    ask_at: Instant,
    wait: Duration,
}

impl Row {
    pub(crate) fn known(items: Vec<Item>, now: Instant) -> Self {
        Self { items, ask_at: now, wait: ASK.0 }
    }

    pub(crate) fn ask_soon(&mut self, now: Instant) {
        (self.ask_at, self.wait) = (now, ASK.0);
    }

    pub(crate) fn items(&self) -> Vec<Item> {
        self.items.clone()
    }

    fn answered(&mut self, items: Option<Vec<Item>>, now: Instant) {
        match items {
            Some(items) if items != self.items => (self.items, self.wait) = (items, ASK.0),
            _ => self.wait = (self.wait * 2).min(ASK.1),
        }
        self.ask_at = now + self.wait;
    }
}

impl Caching {
    /// Asks for the contents of overlays where that is due; forgets overlays for which nothing is
    /// reserved.
    pub(crate) async fn ask_rows(&self, node: &Arc<Node>) {
        let now = Instant::now();
        let due: Vec<(OverlayId, Vec<Item>)> = {
            let mut state = self.lock();
            let overlays: BTreeSet<OverlayId> =
                state.book.leases().map(|lease| lease.reservation.overlay_id.clone()).collect();
            state.rows.retain(|overlay, _| overlays.contains(overlay));
            for overlay in overlays {
                state.rows.entry(overlay).or_insert_with(|| Row::known(Vec::new(), now));
            }
            let due = state.rows.iter().filter(|(_, row)| row.ask_at <= now);
            due.map(|(overlay, row)| (overlay.clone(), row.items())).collect()
        };
        for (overlay, known) in due {
            let items = items(node, &overlay, &known).await;
            let items = items.inspect_err(|error| {
                let error = format!("{error:#}");
                tracing::info!(%overlay, error, "the contents of an overlay are not known");
            });
            if let Some(row) = self.lock().rows.get_mut(&overlay) {
                row.answered(items.ok(), Instant::now());
            }
        }
    }
}

async fn items(node: &Node, overlay: &OverlayId, known: &[Item]) -> anyhow::Result<Vec<Item>> {
    let found = node.provider.contents(overlay).await?;
    let mut items = Vec::new();
    for content in found.contents.iter().filter(|content| content.size > 0) {
        let id = &content.content_id;
        match known.iter().find(|item| item.content_id == *id) {
            Some(item) => items.push(item.clone()),
            None => {
                let (index, _signed) = index_of(node, id).await?;
                items.extend(item(&index).filter(|_| index.overlay_id == *overlay));
            }
        }
    }
    Ok(items)
}

fn item(index: &IndexFile) -> Option<Item> {
    let cut = index.cut()?;
    Some(Item {
        content_id: index.content_id.clone(),
        size: cut.size(),
        fragment_size: cut.fragment_size(),
    })
}

/// The index file of a content: from the disk, else from IXS.
pub(crate) async fn index_of(
    node: &Node,
    content: &ContentId,
) -> anyhow::Result<(IndexFile, String)> {
    let signed = match kept::index(&node.home, content) {
        Some(signed) => signed,
        None => node.provider.index(content).await?.index_file,
    };
    let index = IndexFile::open(&signed).with_context(|| content.to_string())?;
    anyhow::ensure!(index.content_id == *content, "{content}: the index file is another's");
    Ok((index, signed))
}
