//! Whose certificates the provider has revoked: refused by this peer, and let go where they are
//! linked, within the time that the settings say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use link::pki::enrolment;

use crate::node::Node;
use crate::transfer::Command;

/// After a try that failed, where the setting is not shorter.
const RETRY: Duration = Duration::from_secs(15);

/// Fetches the list again and again until shutdown.
pub(crate) async fn follow(node: Arc<Node>) {
    let every = Duration::from_secs(node.settings().refresh.revocations_seconds);
    let mut known = revoked(&node);
    loop {
        let fetched = enrolment::fetch_revocations(&node.identity.url, &node.home.pki()).await;
        let wait = match fetched.map_err(anyhow::Error::from).and_then(|()| node.identity.reload())
        {
            Ok(()) => every,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::info!(error, "the revocation list is as it was");
                every.min(RETRY)
            }
        };
        let now = revoked(&node);
        if !now.is_subset(&known) {
            let now = Arc::new(now.clone());
            node.revoked.tell(Arc::clone(&now));
            node.each(|_| true, || Command::Revoked(Arc::clone(&now)));
        }
        known = now;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => return,
        }
    }
}

fn revoked(node: &Node) -> BTreeSet<String> {
    let read = enrolment::revoked(&node.home.pki());
    read.unwrap_or_else(|error| {
        tracing::warn!(%error, "the revocation list cannot be read");
        BTreeSet::new()
    })
}
