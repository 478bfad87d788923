//! Another member wants a way to this peer (TR 20002 §8.3.3).

use std::net::SocketAddr;
use std::sync::Arc;

use mp2p::message::event::Event;
use mp2p::message::join::PeerAddress;
use mp2p::message::rendezvous::Way;

use crate::nat::Asked;
use crate::node::{Node, arrivals};
use crate::transfer::Command;
use crate::wire::{Path, receive};

/// Does what the event asks for; others are none of its business.
pub(crate) fn hear(node: &Arc<Node>, event: Event) {
    let Event::Rendezvous { overlay_id, peer_id, rendezvous_id, address, way, answer } = event
    else {
        return;
    };
    let at = SocketAddr::new(address.ip_address, address.port);
    if answer {
        return node.ways.answered(&peer_id, &rendezvous_id, at);
    }
    let asked = Asked { overlay: overlay_id, from: peer_id, id: rendezvous_id, address: at };
    if !node.is_in(&asked.overlay) {
        return;
    }
    match way {
        Way::Dial => dial(node, &asked, &address),
        Way::Punch => {
            let node = Arc::clone(node);
            node.clone().tasks.spawn(async move {
                if let Err(error) = punch(&node, &asked).await {
                    tracing::debug!(peer = %asked.from, error = format!("{error:#}"), "no way");
                }
            });
        }
    }
}

/// Whoever asks can be dialled, and is.
fn dial(node: &Arc<Node>, asked: &Asked, address: &PeerAddress) {
    match node.ways.may_answer(asked) {
        Ok(()) => {
            let told = || Command::Meet(asked.from.clone(), address.clone());
            node.each(|overlay| *overlay == asked.overlay, told);
        }
        Err(error) => tracing::debug!(peer = %asked.from, %error, "it is not dialled"),
    }
}

/// Opens the way and waits at its end for whoever asked.
async fn punch(node: &Arc<Node>, asked: &Asked) -> anyhow::Result<()> {
    let stream = node.ways.answer(asked).await?;
    let peers = &node.identity.peers;
    let arrival = receive(stream, peers, asked.address, Path::Punched).await?;
    anyhow::ensure!(arrival.met.peer == asked.from, "{} is there", arrival.met.peer);
    arrivals::deliver(node, arrival);
    Ok(())
}
