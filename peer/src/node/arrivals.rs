//! Those who come: each is handed to the transfer of the content that it names.

use std::sync::Arc;

use mp2p::frame::Frame;

use crate::node::Node;
use crate::wire::{Arrival, Arrivals};

/// Takes whoever comes until shutdown.
pub(crate) async fn take(node: Arc<Node>, mut arrivals: Arrivals) {
    while let Some(arrival) = arrivals.recv().await {
        let Arrival { met, address, first } = arrival;
        let Frame::Hello(hello) = &first else {
            tracing::debug!(peer = %met.peer, "somebody does not say hello");
            continue;
        };
        match node.transfer(&hello.content_id) {
            Some(transfer) => transfer.arrived(Arrival { met, address, first }),
            None => tracing::debug!(content = %hello.content_id, "somebody wants what is not here"),
        }
    }
}
