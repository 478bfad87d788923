//! Offers this peer to PAMS as a super peer, again and again; withdrawn at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use mp2p::message::activity::{CareOffer, CareOffered};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::node::Node;
use crate::superpeer::desk::Desk;
use crate::superpeer::{batch, hall};

/// After an offer that failed.
const RETRY: Duration = Duration::from_secs(5);
/// For the last word.
const LAST_TIMEOUT: Duration = Duration::from_secs(2);

/// Is a super peer until shutdown.
pub(crate) async fn run(node: Arc<Node>, listener: TcpListener, desk: Arc<Desk>) {
    let Ok(local) = listener.local_addr() else { return };
    let settings = node.settings().super_peer;
    let port = settings.announce_port.unwrap_or(local.port());
    let offer = CareOffer { port, capacity: settings.capacity };
    node.tasks.spawn(batch::run(Arc::clone(&node), Arc::clone(&desk)));
    node.tasks.spawn(hall::take(Arc::clone(&node), listener, Arc::clone(&desk)));
    let path = "/pams/super/offer";
    loop {
        let offered: Result<CareOffered, _> =
            node.provider.ask(Method::PUT, path, Some(&offer)).await;
        desk.offered.store(offered.is_ok(), Ordering::Relaxed);
        let wait = match offered {
            Ok(offered) => Duration::from_secs(offered.heartbeat_interval.clamp(1, 3600)),
            Err(error) => {
                tracing::info!(%error, "PAMS does not take this super peer");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => break,
        }
    }
    let withdrawn = node.provider.tell(Method::DELETE, path, None::<&Value>);
    let _ = tokio::time::timeout(LAST_TIMEOUT, withdrawn).await;
}
