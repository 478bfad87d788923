//! This peer as a relay server (TR 20002 §8.2.6): registered with OMS, serving, telling who used
//! how much.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use link::identity::Role;
use mp2p::message::bound::{List, Text};
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::server::{Capacity, ServerAnswer, ServerKind, ServerRegistration, Usage};
use mp2p::signed::VerifyingKey;
use tokio::net::TcpListener;

use crate::node::Node;
use crate::provider::ProviderError;
use crate::relay::{Guard, Hall, Lender, serve, unix_s};

/// Between two looks at what was used.
const USAGE: Duration = Duration::from_secs(5);
/// After a registration that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Relays until shutdown.
pub(crate) async fn run(node: Arc<Node>, listener: TcpListener) {
    let Ok(port) = listener.local_addr().map(|address| address.port()) else { return };
    let mut listener = Some(listener);
    let mut hall: Option<Arc<Hall>> = None;
    let mut told = HashMap::new();
    let mut epoch = None;
    let mut due = Instant::now();
    loop {
        if Instant::now() >= due {
            let wait = match register(&node, port, epoch).await {
                Ok(answer) => {
                    epoch = Some(answer.epoch);
                    match &hall {
                        Some(hall) => hall.epochs(answer.epoch, answer.passkey_epoch),
                        None => hall = open(&node, &answer, &mut listener),
                    }
                    Duration::from_secs(answer.heartbeat_interval.max(1))
                }
                Err(error) => {
                    tracing::warn!(%error, "OMS does not take this relay");
                    RETRY
                }
            };
            due = Instant::now() + wait;
        }
        if let Some(hall) = &hall {
            tell_usage(&node, hall, &mut told).await;
        }
        tokio::select! {
            () = tokio::time::sleep(USAGE) => {}
            () = node.usage_due.notified() => {}
            () = ended(hall.as_deref()) => {}
            () = node.shutdown.wait() => break,
        }
    }
    if let Some(hall) = &hall {
        tell_usage(&node, hall, &mut told).await;
    }
}

async fn register(
    node: &Node,
    port: u16,
    epoch: Option<u64>,
) -> Result<ServerAnswer, ProviderError> {
    let settings = node.settings();
    let address = PeerAddress {
        ip_address: std::net::Ipv4Addr::UNSPECIFIED.into(),
        port: settings.relay.announce_port.unwrap_or(port),
        kind: AddressKind::Host,
    };
    let registration = ServerRegistration {
        kind: ServerKind::Rs,
        peer_addr: List::new(vec![address]).unwrap_or_default(),
        capacity: Capacity {
            bandwidth_bps: settings.relay.bandwidth_kbps.saturating_mul(1000),
            storage_bytes: 0,
            circuits: settings.relay.circuits,
        },
        dedicated: node.identity.role == Role::RelayServer,
        epoch,
    };
    node.provider.ask(Method::PUT, "/oms/server", Some(&registration)).await
}

/// Starts to serve, once it is known what to check reservations with.
fn open(
    node: &Node,
    answer: &ServerAnswer,
    listener: &mut Option<TcpListener>,
) -> Option<Arc<Hall>> {
    let Ok(oms_key) = VerifyingKey::parse(&answer.oms_key) else {
        tracing::error!("OMS gives a key that is none");
        return None;
    };
    let guard = Guard {
        own: node.identity.peer.clone(),
        issuer: node.identity.trust_domain.clone(),
        oms_key,
        epoch: answer.epoch,
        passkey_epoch: answer.passkey_epoch,
    };
    let settings = node.settings().relay;
    let lent_kbps = if settings.lend_idle { settings.bandwidth_kbps } else { 0 };
    let hall = Arc::new(Hall::new(guard, Lender::new(lent_kbps.saturating_mul(1000))));
    let (tls, shutdown) = (Arc::clone(&node.identity.relays), node.shutdown.clone());
    let doors = (Arc::clone(&hall), node.revoked.clone());
    match serve(listener.take()?, tls, doors, shutdown) {
        Ok(address) => tracing::info!(%address, "relaying"),
        Err(error) => tracing::error!(%error, "the relay cannot serve"),
    }
    let _ = node.hall.set(Arc::clone(&hall));
    Some(hall)
}

/// Until a reservation is over.
async fn ended(hall: Option<&Hall>) {
    match hall {
        Some(hall) => hall.ended.notified().await,
        None => std::future::pending().await,
    }
}

/// What was used since it was told last (Req-Net-120).
async fn tell_usage(node: &Node, hall: &Hall, told: &mut HashMap<String, (u64, u64)>) {
    let usage = hall.usage();
    let known: Vec<String> = usage.iter().map(|one| one.reservation.clone()).collect();
    for one in usage {
        let bytes = (one.bytes_in, one.bytes_out);
        if bytes == (0, 0) || told.get(&one.reservation) == Some(&bytes) {
            continue;
        }
        let Ok(reservation_id) = Text::new(&*one.reservation) else { continue };
        let report = Usage {
            reservation_id,
            holder: one.holder.clone(),
            bytes_in: one.bytes_in,
            bytes_out: one.bytes_out,
            kept_bytes: 0,
            at: unix_s(),
        };
        match node.provider.tell(Method::POST, "/oms/server/usage", Some(&report)).await {
            Ok(()) => {
                told.insert(one.reservation, bytes);
            }
            Err(error) => {
                tracing::warn!(%error, "OMS does not take what was used");
                if error.is_passing() {
                    hall.untold(one);
                }
            }
        }
    }
    told.retain(|id, _| known.contains(id));
}
