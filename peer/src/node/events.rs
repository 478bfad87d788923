//! What the provider says by itself reaches those whom it concerns.

use std::sync::Arc;
use std::time::Duration;

use mp2p::id::OverlayId;
use mp2p::message::event::Event;

use crate::node::{Node, meeting};
use crate::provider::events::{EventError, Events};
use crate::transfer::Command;

/// Between two tries while the provider is away: doubled from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

/// Follows the events until shutdown.
pub(crate) async fn follow(node: Arc<Node>) {
    let mut after = None;
    let mut retry = RETRY.0;
    loop {
        let ended = tokio::select! {
            ended = listen(&node, &mut after) => ended,
            () = node.shutdown.wait() => return,
        };
        match ended {
            Ok(()) => retry = RETRY.0,
            Err(error) => {
                tracing::debug!(%error, "no events of the provider");
                node.provider_heard.unmet(&error.to_string());
                retry = (retry * 2).min(RETRY.1);
            }
        }
        tokio::select! {
            // Not all peers of a provider at once.
            () = tokio::time::sleep(retry.mul_f64(0.5 + fastrand::f64() / 2.0)) => {}
            () = node.shutdown.wait() => return,
        }
    }
}

/// Until the stream ends.
async fn listen(node: &Arc<Node>, after: &mut Option<u64>) -> Result<(), EventError> {
    let mut events = Events::open(&node.provider, *after).await?;
    node.provider_heard.met();
    // What was said while nobody listened may not be replayed, as after a crash of the provider:
    // orders to stop, and who is expelled, come with a fresh list as well.
    node.each(|_| true, || Command::Reorganised);
    while let Some(received) = events.next().await? {
        if let Some(event) = received.event {
            hear(node, event);
        }
        *after = Some(received.seq);
        node.provider.acknowledge(received.seq).await?;
    }
    Ok(())
}

fn hear(node: &Arc<Node>, event: Event) {
    match event {
        Event::Stop { stop } => {
            node.each(|_| true, || Command::Stop(stop.to_string()));
            if let Some(cache) = node.cache.get() {
                cache.look_at_all();
            }
        }
        Event::Reorganised { overlay_id, .. } => {
            node.each(|overlay| *overlay == overlay_id, || Command::Reorganised);
        }
        Event::Expelled { overlay_id, peer_id, epoch } => {
            let told = || Command::Expelled(peer_id.clone(), epoch);
            node.each(|overlay| *overlay == overlay_id, told);
        }
        Event::StatusRequest {} => node.reports.status_wanted.notify_one(),
        event @ Event::Rendezvous { .. } => meeting::hear(node, event),
        Event::Released { reservation_id } => {
            // Ours, with somebody, or somebody's with us.
            node.each(|_| true, || Command::Released(reservation_id.clone()));
            if let Some(hall) = node.hall.get() {
                hall.release(&reservation_id, "released by OMS");
                node.usage_due.notify_one();
            }
            if let Some(cache) = node.cache.get() {
                cache.released(&reservation_id);
            }
        }
        Event::Reservation { reservation, .. } => {
            if let Some(cache) = node.cache.get() {
                cache.reserved(node, &reservation);
            }
        }
        Event::CacheAttach { overlay_id, .. } | Event::CacheRelease { overlay_id, .. } => {
            if let Some(cache) = node.cache.get() {
                cache.look_at(&overlay_id);
            }
        }
    }
}

impl Node {
    /// Whether this peer takes part in an overlay.
    pub(crate) fn is_in(&self, overlay: &OverlayId) -> bool {
        self.lock().values().any(|transfer| transfer.status().overlay_id == *overlay)
    }

    /// Tells all transfers whose overlay is meant.
    pub(crate) fn each(
        &self,
        is_meant: impl Fn(&OverlayId) -> bool,
        command: impl Fn() -> Command,
    ) {
        for transfer in self.lock().values() {
            if is_meant(&transfer.status().overlay_id) {
                transfer.tell(command());
            }
        }
    }
}
