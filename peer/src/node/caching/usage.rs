//! Who used how much of the cache (Req-Net-120): counted, and told to OMS.

use std::collections::BTreeMap;

use http::Method;
use mp2p::message::bound::Text;
use mp2p::message::server::Usage;

use crate::cache::Used;
use crate::node::Node;
use crate::node::caching::Caching;
use crate::relay::unix_s;

impl Caching {
    /// Counts what came in and went out since the last time, for whom it is kept.
    pub(crate) fn count(&self, node: &Node) {
        let statuses: Vec<_> = {
            let transfers = node.lock();
            transfers.values().map(|transfer| transfer.status()).collect()
        };
        let mut state = self.lock();
        let mut kept: BTreeMap<String, u64> = BTreeMap::new();
        for status in statuses {
            let content = &status.content_id;
            let Some(share) = state.shares.get(content).cloned() else { continue };
            for (lease, bytes) in &share.under {
                *kept.entry(lease.clone()).or_default() += status.have.min(*bytes);
            }
            if !status.cached {
                continue;
            }
            let now = (status.downloaded, status.uploaded);
            let before = state.counted.insert(content.clone(), now).unwrap_or_default();
            let new = (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1));
            state.book.add(&share.payer, new.0, new.1);
            state.through.0 += new.0;
            state.through.1 += new.1;
            if new.1 > 0 {
                state.last_used.insert(content.clone(), unix_s());
            }
        }
        state.book.keeps(&kept);
    }

    /// Tells OMS what has changed since it was told last. The first report says that the
    /// reservation is in use.
    pub(crate) async fn tell_usage(&self, node: &Node) {
        let due: Vec<(Usage, Used)> = {
            let mut state = self.lock();
            let ids = state.book.ids();
            state.told.retain(|id, _| ids.contains(id));
            let is_begun = |id: &str| state.shares.values().any(|one| one.under.contains_key(id));
            let changed = state.book.leases().filter(|lease| {
                let told = state.told.get(lease.id());
                told.map_or_else(|| is_begun(lease.id()), |told| *told != lease.used)
            });
            changed.filter_map(|lease| Some((report(lease)?, lease.used))).collect()
        };
        for (usage, used) in due {
            let id = usage.reservation_id.to_string();
            match node.provider.tell(Method::POST, "/oms/server/usage", Some(&usage)).await {
                Ok(()) => {
                    self.lock().told.insert(id, used);
                }
                Err(error) if error.code() == Some("not-found") => {
                    tracing::info!(id, "OMS has no such reservation any more");
                    self.released(&id);
                }
                Err(error) => {
                    tracing::warn!(%error, "OMS does not take what was used");
                    return;
                }
            }
        }
    }
}

fn report(lease: &crate::cache::Lease) -> Option<Usage> {
    Some(Usage {
        reservation_id: Text::new(lease.id()).ok()?,
        holder: lease.reservation.holder.clone(),
        bytes_in: lease.used.bytes_in,
        bytes_out: lease.used.bytes_out,
        kept_bytes: lease.used.kept_bytes,
        at: unix_s(),
    })
}
