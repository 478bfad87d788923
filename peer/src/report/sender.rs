//! Takes reports to the provider; what it does not take now stays.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use mp2p::id::OverlayId;
use mp2p::message::bound::{List, Text};
use mp2p::message::failure::{Failure, FailureReport, MAX_FAILURES};
use mp2p::message::report::{MAX_RECEIPTS, Receipts, SuccessReport};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::node::Node;
use crate::provider::{Provider, ProviderError};
use crate::report::{Kind, Spool};

/// Between two looks at the spool, and at most while the provider is away.
const INTERVAL: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(60));
/// The last look, when this peer ends.
const LAST_TIMEOUT: Duration = Duration::from_secs(3);
/// Reports of one kind at a time, where the provider takes them one by one.
const MAX_SINGLE: usize = 64;

/// What this peer reports, and how often.
#[derive(Debug)]
pub struct Reports {
    /// What waits for the provider.
    pub spool: Spool,
    /// Seconds between reports of status, as the provider asks.
    pub status_seconds: AtomicU64,
    /// The provider wants the status now.
    pub status_wanted: Notify,
}

impl Reports {
    /// Over a spool.
    #[must_use]
    pub fn new(spool: Spool) -> Self {
        let status_seconds = AtomicU64::new(30);
        Self { spool, status_seconds, status_wanted: Notify::new() }
    }

    /// Takes over how often status is to be reported.
    pub fn policy(&self, status_seconds: u64) {
        self.status_seconds.store(status_seconds.clamp(1, 3600), Ordering::Relaxed);
    }

    /// Keeps a report for the provider; one that cannot be kept is told of in the log.
    pub fn put(&self, kind: Kind, name: &str, text: &str) {
        if let Err(error) = self.spool.put(kind, name, text) {
            tracing::warn!(%error, ?kind, "a report is lost");
        }
    }
}

/// Sends until shutdown, and once more then.
pub(crate) async fn send_until_shutdown(node: Arc<Node>) {
    let mut wait = INTERVAL.0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = node.shutdown.wait() => break,
        }
        wait = match send(&node.reports.spool, &node.provider).await {
            Ok(()) => INTERVAL.0,
            Err(error) => {
                tracing::debug!(%error, "reports wait");
                (wait * 2).min(INTERVAL.1)
            }
        };
    }
    let _ = tokio::time::timeout(LAST_TIMEOUT, send(&node.reports.spool, &node.provider)).await;
}

/// Everything that waits. An error means that the provider is away: all else is its answer.
async fn send(spool: &Spool, provider: &Provider) -> Result<(), ProviderError> {
    receipts(spool, provider).await?;
    for success in spool.waiting(Kind::Success, MAX_SINGLE) {
        // One that cannot be read was damaged by the disk: nobody takes it.
        if let Ok(report) = serde_json::from_str::<SuccessReport>(&success.text) {
            taken(provider.tell(Method::POST, "/ums/success", Some(&report)).await)?;
        }
        spool.done(&success);
    }
    failures(spool, provider).await?;
    for ack in spool.waiting(Kind::StopAck, MAX_SINGLE) {
        let body = json!({"stop-ack": ack.text});
        taken(provider.tell(Method::POST, "/oms/stop-ack", Some(&body)).await)?;
        spool.done(&ack);
    }
    Ok(())
}

async fn receipts(spool: &Spool, provider: &Provider) -> Result<(), ProviderError> {
    let waiting = spool.waiting(Kind::Receipt, MAX_RECEIPTS);
    let texts: Vec<_> = waiting.iter().filter_map(|one| Text::new(&*one.text).ok()).collect();
    if !texts.is_empty() {
        let body = Receipts { receipts: List::new(texts).unwrap_or_default() };
        let answer: Result<Value, _> =
            provider.ask(Method::POST, "/ums/receipt", Some(&body)).await;
        taken(answer.map(|outcomes| tracing::debug!(%outcomes, "receipts were taken")))?;
    }
    waiting.iter().for_each(|one| spool.done(one));
    Ok(())
}

async fn failures(spool: &Spool, provider: &Provider) -> Result<(), ProviderError> {
    let waiting = spool.waiting(Kind::Failure, MAX_FAILURES);
    let mut by_overlay: BTreeMap<OverlayId, Vec<Failure>> = BTreeMap::new();
    for one in &waiting {
        if let Ok((overlay, failure)) = serde_json::from_str(&one.text) {
            by_overlay.entry(overlay).or_default().push(failure);
        }
    }
    for (overlay_id, reports) in by_overlay {
        let reports = List::new(reports).unwrap_or_default();
        taken(provider.report(&FailureReport { overlay_id, reports }).await)?;
    }
    waiting.iter().for_each(|one| spool.done(one));
    Ok(())
}

/// What the provider refuses it refuses for good.
fn taken(answer: Result<(), ProviderError>) -> Result<(), ProviderError> {
    match answer {
        Err(error) if error.is_passing() => Err(error),
        Err(error) => {
            tracing::info!(%error, "the provider does not take a report");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
