//! The connections of one transfer, and the dials that may become some.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use mp2p::frame::Frame;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::list::PeerEntry;
use tokio::sync::mpsc;

use crate::exchange::{Candidate, LinkId, LinkInfo};
use crate::identity::Identity;
use crate::relay::RelayError;
use crate::transfer::standing::{Shared, Standing};
use crate::wire::{DialError, Ears, Link, Met, Note, Sent, dial, over};

/// Frames that were read and wait for the engine: little, so that limits of rates reach the sender.
const MAX_NOTES: usize = 32;
/// Dials whose outcome waits.
const MAX_DIALLED: usize = 64;

/// What came of a dial.
pub(crate) struct Dialled {
    /// Who was looked for.
    pub(crate) peer: PeerId,
    /// Where it was found, and by which relay, or why it was not.
    pub(crate) outcome: Result<(Met, SocketAddr, Option<PeerId>), DialError>,
}

/// Connections by the engine's numbers.
pub(crate) struct Links {
    open: HashMap<LinkId, (Link, PeerId)>,
    ears: Ears,
    dialled: mpsc::Sender<Dialled>,
    identity: Identity,
    overlay: OverlayId,
    standing: Shared,
    source: Option<IpAddr>,
    /// The relays of those that cannot be dialled, as the last list has them.
    relays: HashMap<PeerId, PeerId>,
}

/// What is heard of links.
pub(crate) struct Heard {
    pub(crate) notes: mpsc::Receiver<Note>,
    pub(crate) sent: mpsc::UnboundedReceiver<Sent>,
    pub(crate) dialled: mpsc::Receiver<Dialled>,
}

impl Links {
    pub(crate) fn new(
        identity: Identity,
        overlay: OverlayId,
        standing: Shared,
        source: Option<IpAddr>,
    ) -> (Self, Heard) {
        let (notes, heard_notes) = mpsc::channel(MAX_NOTES);
        let (sent, heard_sent) = mpsc::unbounded_channel();
        let (dialled, heard_dialled) = mpsc::channel(MAX_DIALLED);
        let ears = Ears { notes, sent };
        let heard = Heard { notes: heard_notes, sent: heard_sent, dialled: heard_dialled };
        let (open, relays) = (HashMap::new(), HashMap::new());
        (Self { open, ears, dialled, identity, overlay, standing, source, relays }, heard)
    }

    /// Who of a list is reached by which relay.
    pub(crate) fn listed<'a>(&mut self, entries: impl Iterator<Item = &'a PeerEntry>) {
        let relayed = entries.filter_map(|entry| Some((entry.peer_id.clone(), entry.via.clone()?)));
        self.relays = relayed.collect();
    }

    /// What the engine is told of a connection before it gives it a number.
    pub(crate) fn info(
        met: &Met,
        dialled: bool,
        address: SocketAddr,
        via: Option<PeerId>,
    ) -> LinkInfo {
        let address = PeerAddress {
            ip_address: address.ip().to_canonical(),
            port: address.port(),
            kind: AddressKind::Reflexive,
        };
        LinkInfo {
            peer: met.peer.clone(),
            certificate: met.certificate.clone(),
            dialled,
            // Where a relay is says nothing of where the peer is.
            address: Some(address).filter(|_| via.is_none()),
            via,
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
        let (identity, out) = (self.identity.clone(), self.dialled.clone());
        let way = Way {
            overlay: self.overlay.clone(),
            passkey: Standing::now(&self.standing).passkey,
            via: self.relays.get(&candidate.peer).cloned(),
            source: self.source,
        };
        tokio::spawn(async move {
            let outcome = reach(&candidate, &identity, &way).await;
            let _ = out.send(Dialled { peer: candidate.peer, outcome }).await;
        });
    }
}

/// What is needed on the way to a peer.
struct Way {
    overlay: OverlayId,
    passkey: Option<String>,
    via: Option<PeerId>,
    source: Option<IpAddr>,
}

/// Tries one address after the other; one of a relay leads through that.
async fn reach(
    candidate: &Candidate,
    identity: &Identity,
    way: &Way,
) -> Result<(Met, SocketAddr, Option<PeerId>), DialError> {
    let mut refusal = DialError::Connect(std::io::Error::other("no address is known"));
    for address in &candidate.addresses {
        let is_relay = address.kind == AddressKind::Proxy;
        let address = SocketAddr::new(address.ip_address, address.port);
        let met = match is_relay {
            true => relayed(candidate, address, identity, way).await,
            false => dial(address, &candidate.peer, &identity.peers, way.source).await,
        };
        match met {
            Ok(met) => return Ok((met, address, way.via.clone().filter(|_| is_relay))),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// Is led to the peer by the relay at `address`; what is said there the relay cannot read.
async fn relayed(
    candidate: &Candidate,
    address: SocketAddr,
    identity: &Identity,
    way: &Way,
) -> Result<Met, DialError> {
    let failed = |error: RelayError| DialError::Connect(std::io::Error::other(error));
    let passkey = way.passkey.as_deref().unwrap_or_default();
    let to = (&candidate.peer, &way.overlay, passkey);
    let stream = crate::relay::reach(address, &identity.relays, to).await.map_err(failed)?;
    over(Box::new(stream), &candidate.peer, &identity.peers).await
}
