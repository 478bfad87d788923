//! The connection that a peer which cannot be dialled keeps at a relay (TR 20002 §8.3.3 step 5):
//! others are led to it through that one.

use std::net::SocketAddr;
use std::time::Duration;

use mp2p::id::PeerId;
use mp2p::message::server::Reserved;
use mp2p::relay::CircuitKey;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::identity::Identity;
use crate::node::Lost;
use crate::relay::{Kept, RelayError, circuit, keep};
use crate::transfer::Command;
use crate::wire::{Path, receive};

/// Between two tries to reach a relay.
const RETRY: Duration = Duration::from_secs(5);

/// Keeps a connection under the reservation that the list brought last, until `ended`.
pub(crate) async fn run(
    identity: Identity,
    mut reserved: watch::Receiver<Option<Reserved>>,
    (commands, lost): (mpsc::Sender<Command>, Lost),
    ended: CancellationToken,
) {
    loop {
        let now = reserved.borrow_and_update().clone();
        let next = async {
            match now {
                Some(now) => serve(&identity, &now, &mut reserved, (&commands, &lost)).await,
                None => {
                    let _ = reserved.changed().await;
                }
            }
        };
        tokio::select! {
            () = next => {}
            () = ended.cancelled() => return,
        }
    }
}

/// Until the connection ends or another relay is assigned.
async fn serve(
    identity: &Identity,
    now: &Reserved,
    reserved: &mut watch::Receiver<Option<Reserved>>,
    (commands, lost): (&mpsc::Sender<Command>, &Lost),
) {
    let Some(address) = now.peer_addr.first() else { return wait(reserved).await };
    let address = SocketAddr::new(address.ip_address, address.port);
    let kept = keep(address, &identity.relays, &now.reservation).await;
    let mut kept = match kept {
        Ok(kept) => kept,
        Err(error) => {
            tracing::info!(%error, "no connection to the relay");
            lost.tell(&now.server, &error);
            return wait(reserved).await;
        }
    };
    loop {
        let came = tokio::select! {
            came = kept.next() => came,
            changed = reserved.changed() => match changed {
                Ok(()) => match renewed(&mut kept, now, reserved).await {
                    true => continue,
                    false => return,
                },
                Err(_gone) => return,
            },
        };
        match came {
            Ok((from, key)) => {
                let (identity, commands) = (identity.clone(), commands.clone());
                let (relay, address) = (now.server.clone(), kept.address());
                tokio::spawn(async move {
                    if let Err(error) = led(&identity, (address, key), relay, &commands).await {
                        tracing::debug!(%from, %error, "somebody did not come through the relay");
                    }
                });
            }
            Err(error) => {
                tracing::info!(%error, "the relay ends the connection");
                lost.tell(&now.server, &error);
                return wait(reserved).await;
            }
        }
    }
}

/// A newer reservation of the same relay is shown to it; of another, the connection ends.
async fn renewed(
    kept: &mut Kept,
    now: &Reserved,
    reserved: &mut watch::Receiver<Option<Reserved>>,
) -> bool {
    let newer = reserved.borrow_and_update().clone();
    match newer.filter(|newer| newer.server == now.server) {
        Some(newer) => kept.ask(&newer.reservation).await.is_ok(),
        None => false,
    }
}

/// Opens our end of the circuit and meets whoever is at the other.
async fn led(
    identity: &Identity,
    (address, key): (SocketAddr, CircuitKey),
    relay: PeerId,
    commands: &mpsc::Sender<Command>,
) -> Result<(), RelayError> {
    let stream = circuit(address, key).await?;
    let arrival = receive(stream, &identity.peers, address, Path::Relay(relay)).await?;
    let _ = commands.send(Command::Arrived(Box::new(arrival))).await;
    Ok(())
}

async fn wait(reserved: &mut watch::Receiver<Option<Reserved>>) {
    let _ = tokio::time::timeout(RETRY, reserved.changed()).await;
    // Looked at again by whoever called.
    reserved.mark_changed();
}
