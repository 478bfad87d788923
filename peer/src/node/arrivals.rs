//! Those who come: each is handed to the transfer of the content that it names.

use std::sync::Arc;

use mp2p::frame::Frame;

use crate::node::Node;
use crate::wire::{Arrival, Arrivals};

/// Takes whoever comes until shutdown.
pub(crate) async fn take(node: Arc<Node>, mut arrivals: Arrivals) {
    while let Some(arrival) = arrivals.recv().await {
        deliver(&node, arrival);
    }
}

/// Hands somebody to the transfer that it came for.
pub(crate) fn deliver(node: &Node, arrival: Arrival) {
    let Frame::Hello(hello) = &arrival.first else {
        tracing::debug!(peer = %arrival.met.peer, "somebody does not say hello");
        return;
    };
    match node.transfer(&hello.content_id) {
        Some(transfer) => transfer.arrived(arrival),
        None => tracing::debug!(content = %hello.content_id, "somebody wants what is not here"),
    }
}
