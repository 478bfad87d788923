//! Batches to PAMS: what waits, with the own report among it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use mp2p::care::Answer;
use mp2p::id::PeerId;
use mp2p::message::bound::{List, Text};
use mp2p::message::status::StatusReport;

use crate::node::Node;
use crate::provider::ProviderError;
use crate::superpeer::desk::{Desk, Waiting};

/// Reports of one batch: well below what PAMS takes, in number and in bytes.
const MAX_BATCH: usize = 400;
/// After PAMS did not answer.
const RETRY: Duration = Duration::from_secs(2);

/// Sends batches until shutdown, and once more then.
pub(crate) async fn run(node: Arc<Node>, desk: Arc<Desk>) {
    let pause = Duration::from_millis(node.settings().super_peer.batch_ms);
    loop {
        tokio::select! {
            () = desk.due.notified() => {}
            () = node.shutdown.wait() => break,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = desk.urgent.notified() => {}
            () = node.shutdown.wait() => break,
        }
        if !flush(&node, &desk).await {
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = node.shutdown.wait() => break,
            }
        }
    }
    flush(&node, &desk).await;
}

/// Sends all that waits; whether PAMS answered.
async fn flush(node: &Node, desk: &Desk) -> bool {
    loop {
        let batch = desk.take(MAX_BATCH);
        if batch.is_empty() {
            return true;
        }
        if let Err(left) = send(node, batch).await {
            desk.put_back(left);
            return false;
        }
    }
}

/// Sends a batch, without those reports that PAMS does not take; what is left where it is away.
async fn send(node: &Node, mut batch: Vec<Waiting>) -> Result<(), Vec<Waiting>> {
    while !batch.is_empty() {
        let reports = batch.iter().map(|one| one.report.clone()).collect();
        let body = StatusReport { reports: List::new(reports).unwrap_or_default() };
        let told = node.provider.tell(Method::POST, "/pams/status", Some(&body)).await;
        let Err(error) = told else {
            batch.iter().for_each(|one| one.answer(|seq| Answer::Taken { seq }));
            return Ok(());
        };
        if error.is_passing() {
            tracing::debug!(%error, reports = batch.len(), "a batch waits");
            return Err(batch);
        }
        tracing::info!(%error, "PAMS does not take a report");
        let reason = Text::new(error.to_string()).unwrap_or_default();
        let refused: Vec<Waiting> = match named(&error) {
            Some(peer) => batch.extract_if(.., |one| one.report.peer_id == peer).collect(),
            None => Vec::new(),
        };
        // Where nobody is named, or somebody who is not in it, none of it is taken.
        let refused = if refused.is_empty() { std::mem::take(&mut batch) } else { refused };
        let told = |_| Answer::Refused { reason: reason.clone() };
        refused.iter().for_each(|one| one.answer(told));
    }
    Ok(())
}

/// Whose report is refused.
fn named(error: &ProviderError) -> Option<PeerId> {
    match error {
        ProviderError::Refused { body, .. } => {
            body["peer-id"].as_str().and_then(|text| PeerId::parse(text).ok())
        }
        _ => None,
    }
}
