//! Caches that stand in for this peer are kept for as long as it runs: renewed at half of their
//! time. Those of a peer that has left end by themselves.

use std::sync::Arc;
use std::time::Duration;

use crate::delegate::{Delegates, renew, take_back};
use crate::node::Node;
use crate::relay::unix_s;

/// From one look to the next.
const LOOK: Duration = Duration::from_secs(60);

/// Renews until shutdown.
pub(crate) async fn run(node: Arc<Node>) {
    let delegates = Delegates::of(&node.home);
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = node.shutdown.wait() => return,
        }
        let now = unix_s();
        for delegation in delegates.all() {
            let half = delegation.since.midpoint(delegation.expires);
            if now < half {
                continue;
            }
            let title = delegation.title.clone();
            let told = match now < delegation.expires {
                true => renew(&node.provider, &delegates, delegation).await.map(|_renewed| ()),
                // Over: whatever is left of it is released.
                false => take_back(&node.provider, &delegates, &delegation).await,
            };
            if let Err(error) = told {
                tracing::warn!(title, error = format!("{error:#}"), "caches are not renewed");
            }
        }
    }
}
