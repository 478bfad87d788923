//! The connections of one transfer, and the dials that may become some.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use link::tls::PeerTls;
use mp2p::frame::Frame;
use mp2p::id::PeerId;
use mp2p::message::join::{AddressKind, PeerAddress};
use tokio::sync::mpsc;

use crate::exchange::{Candidate, LinkId, LinkInfo};
use crate::wire::{DialError, Ears, Link, Met, Note, Sent, dial};

/// Frames that were read and wait for the engine: little, so that limits of rates reach the sender.
const MAX_NOTES: usize = 32;
/// Dials whose outcome waits.
const MAX_DIALLED: usize = 64;

/// What came of a dial.
pub(crate) struct Dialled {
    /// Who was looked for.
    pub(crate) peer: PeerId,
    /// Where it was found, or why it was not.
    pub(crate) outcome: Result<(Met, SocketAddr), DialError>,
}

/// Connections by the engine's numbers.
pub(crate) struct Links {
    open: HashMap<LinkId, (Link, PeerId)>,
    ears: Ears,
    dialled: mpsc::Sender<Dialled>,
    tls: Arc<PeerTls>,
    source: Option<IpAddr>,
}

/// What is heard of links.
pub(crate) struct Heard {
    pub(crate) notes: mpsc::Receiver<Note>,
    pub(crate) sent: mpsc::UnboundedReceiver<Sent>,
    pub(crate) dialled: mpsc::Receiver<Dialled>,
}

impl Links {
    pub(crate) fn new(tls: Arc<PeerTls>, source: Option<IpAddr>) -> (Self, Heard) {
        let (notes, heard_notes) = mpsc::channel(MAX_NOTES);
        let (sent, heard_sent) = mpsc::unbounded_channel();
        let (dialled, heard_dialled) = mpsc::channel(MAX_DIALLED);
        let ears = Ears { notes, sent };
        let heard = Heard { notes: heard_notes, sent: heard_sent, dialled: heard_dialled };
        (Self { open: HashMap::new(), ears, dialled, tls, source }, heard)
    }

    /// What the engine is told of a connection before it gives it a number.
    pub(crate) fn info(met: &Met, dialled: bool, address: SocketAddr) -> LinkInfo {
        let address = PeerAddress {
            ip_address: address.ip().to_canonical(),
            port: address.port(),
            kind: AddressKind::Reflexive,
        };
        LinkInfo {
            peer: met.peer.clone(),
            certificate: met.certificate.clone(),
            dialled,
            address: Some(address),
            via: None,
        }
    }

    pub(crate) fn start(&mut self, id: LinkId, met: Met) {
        let peer = met.peer.clone();
        self.open.insert(id, (Link::start(met, id.0, &self.ears), peer));
    }

    pub(crate) fn send(&self, id: LinkId, frame: Frame) {
        if let Some((link, _)) = self.open.get(&id) {
            link.send(frame);
        }
    }

    /// Lets go of a connection; what is queued goes out still.
    pub(crate) fn close(&mut self, id: LinkId) {
        self.open.remove(&id);
    }

    pub(crate) fn peer(&self, id: LinkId) -> Option<&PeerId> {
        self.open.get(&id).map(|(_, peer)| peer)
    }

    pub(crate) fn dial(&self, candidate: Candidate) {
        let (tls, source, out) = (Arc::clone(&self.tls), self.source, self.dialled.clone());
        tokio::spawn(async move {
            let outcome = reach(&candidate, &tls, source).await;
            let _ = out.send(Dialled { peer: candidate.peer, outcome }).await;
        });
    }
}

/// Tries one address after the other.
async fn reach(
    candidate: &Candidate,
    tls: &PeerTls,
    source: Option<IpAddr>,
) -> Result<(Met, SocketAddr), DialError> {
    let mut refusal = DialError::Connect(std::io::Error::other("no address is known"));
    for address in &candidate.addresses {
        let address = SocketAddr::new(address.ip_address, address.port);
        match dial(address, &candidate.peer, tls, source).await {
            Ok(met) => return Ok((met, address)),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
