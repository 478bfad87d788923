//! The certificate is renewed well before it runs out.

use std::sync::Arc;
use std::time::Duration;

use link::pki::enrolment;

use crate::node::Node;

/// From one try to the next. Certificates of peers live for a day at least, and renewal is cheap.
const INTERVAL: Duration = Duration::from_secs(6 * 3600);
/// After one that failed.
const RETRY: Duration = Duration::from_secs(300);

/// Renews until shutdown.
pub(crate) async fn run(node: Arc<Node>) {
    let mut wait = INTERVAL;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => return,
        }
        let renewed = enrolment::renew(&node.identity.url, &node.home.pki()).await;
        wait = match renewed.map_err(anyhow::Error::from).and_then(|_| node.identity.reload()) {
            Ok(()) => INTERVAL,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "the certificate is not renewed yet");
                RETRY
            }
        };
    }
}
