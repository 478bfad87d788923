//! Forced stop (TR 20002 §8.3.4): members and the servers of the overlay are told, and what was
//! reserved for it is free again (step 3).

use std::collections::BTreeSet;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::takedown::StopResult;

use crate::calls::{Answer, CallError, LiftOrder, StopOrder, Stops};
use crate::membership::Oms;

impl Stops for Oms {
    fn stop(&self, order: StopOrder) -> Answer<'_, u64> {
        Box::pin(async move {
            let ended = order.content.is_none().then(|| order.overlay.clone());
            let now = order.now;
            let servers = self.serving(&order.overlay);
            let seq = self.stopper.stop(order, servers).await.map_err(|error| failed(&error))?;
            if let Some(overlay) = ended {
                self.withdraw_all(&overlay);
                let kept = self.charters.end(vec![overlay], now).await;
                if let Err(error) = kept {
                    tracing::warn!(%error, "that an overlay is over is not on the disk");
                }
            }
            Ok(seq)
        })
    }

    fn stop_result(&self, seq: u64) -> Answer<'_, Option<StopResult>> {
        Box::pin(async move { self.stopper.result(seq).await.map_err(|error| failed(&error)) })
    }

    fn lift(&self, order: LiftOrder) -> Answer<'_, bool> {
        Box::pin(async move { self.stopper.lift(order).await.map_err(|error| failed(&error)) })
    }
}

impl Oms {
    /// Cache and relay servers of whose capacity something is reserved for an overlay.
    fn serving(&self, overlay: &OverlayId) -> Vec<PeerId> {
        let book = self.book();
        let servers: BTreeSet<PeerId> =
            book.in_overlay(overlay).map(|grant| grant.reservation.server.clone()).collect();
        servers.into_iter().collect()
    }
}

fn failed(error: &impl ToString) -> CallError {
    CallError::Failed { role: "oms", reason: error.to_string() }
}
