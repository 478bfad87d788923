//! The connections of one transfer, and the dials that may become some.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use mp2p::frame::Frame;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress};
use mp2p::message::list::PeerEntry;
use tokio::sync::mpsc;

use crate::exchange::{Candidate, LinkId, LinkInfo};
use crate::identity::Identity;
use crate::nat::{Tries, Ways};
use crate::node::Place;
use crate::revoked::{Marks, is_refused};
use crate::transfer::notary::unix_s;
use crate::transfer::reach::{Linked, Reached, Route};
use crate::transfer::standing::{Shared, Standing};
use crate::wire::{DialError, Ears, Intake, Link, Met, Note, Path, Sent};

/// Frames that were read and wait for the engine: little, so that limits of rates reach the sender.
const MAX_NOTES: usize = 32;
/// Dials whose outcome waits.
const MAX_DIALLED: usize = 64;

/// What came of a dial.
pub(crate) struct Dialled {
    /// Who was looked for.
    pub(crate) peer: PeerId,
    /// Where it was found, and how, or why it was not.
    pub(crate) outcome: Result<Reached, DialError>,
    /// Whether it was linked already, through a relay.
    pub(crate) is_shortcut: bool,
}

/// Connections by the engine's numbers.
pub(crate) struct Links {
    open: HashMap<LinkId, Open>,
    ears: Ears,
    dialled: mpsc::Sender<Dialled>,
    identity: Identity,
    overlay: OverlayId,
    standing: Shared,
    source: Option<IpAddr>,
    ways: Arc<Ways>,
    intake: Arc<Intake>,
    /// How the last list says that others are reached.
    listed: HashMap<PeerId, Listed>,
    /// Tries to meet others without a relay.
    tries: Tries,
    linked: Linked,
}

/// A connection.
struct Open {
    link: Link,
    peer: PeerId,
    /// Of its certificate.
    marks: Marks,
    path: Path,
    dialled: bool,
    /// Its place among all connections of this peer; without one it is for a goodbye.
    _place: Option<Place>,
}

/// How a list says that a peer is reached.
struct Listed {
    addresses: Vec<PeerAddress>,
    /// By this relay.
    via: Option<PeerId>,
    /// Behind this, by rendezvous.
    nat: Option<Nat>,
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
        (ways, source): (Arc<Ways>, Option<IpAddr>),
        intake: Arc<Intake>,
    ) -> (Self, Heard) {
        let (notes, heard_notes) = mpsc::channel(MAX_NOTES);
        let (sent, heard_sent) = mpsc::unbounded_channel();
        let (dialled, heard_dialled) = mpsc::channel(MAX_DIALLED);
        let ears = Ears { notes, sent };
        let heard = Heard { notes: heard_notes, sent: heard_sent, dialled: heard_dialled };
        let links = Self {
            open: HashMap::new(),
            ears,
            dialled,
            identity,
            overlay,
            standing,
            source,
            ways,
            intake,
            listed: HashMap::new(),
            tries: Tries::default(),
            linked: Linked::default(),
        };
        (links, heard)
    }

    /// How others are reached, by a list.
    pub(crate) fn listed<'a>(&mut self, entries: impl Iterator<Item = &'a PeerEntry>) {
        let listed = entries.map(|entry| {
            let (addresses, via) = (entry.peer_addr.to_vec(), entry.via.clone());
            (entry.peer_id.clone(), Listed { addresses, via, nat: entry.nat })
        });
        self.listed = listed.collect();
    }

    /// What the engine is told of a connection before it gives it a number.
    pub(crate) fn info(met: &Met, dialled: bool, address: SocketAddr, path: &Path) -> LinkInfo {
        let address = PeerAddress {
            ip_address: address.ip().to_canonical(),
            port: address.port(),
            kind: AddressKind::Reflexive,
        };
        LinkInfo {
            peer: met.peer.clone(),
            certificate: met.certificate.clone(),
            dialled,
            // Where a relay is says nothing of where the peer is, and a punched way is for two.
            address: Some(address).filter(|_| *path == Path::Direct),
            via: path.relay().cloned(),
        }
    }

    pub(crate) fn start(
        &mut self,
        id: LinkId,
        met: Met,
        (path, dialled): (Path, bool),
        place: Option<Place>,
    ) {
        let (peer, marks) = (met.peer.clone(), met.identity.marks());
        if path.relay().is_none() {
            self.tries.succeeded(&peer);
        }
        let link = Link::start(met, id.0, &self.ears, self.intake.pace(Instant::now()));
        self.open.insert(id, Open { link, peer, marks, path, dialled, _place: place });
        self.count();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Those who wait for somebody to come see who is there.
    fn count(&self) {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        linked.clear();
        linked.extend(self.open.values().map(|open| open.peer.clone()));
    }

    pub(crate) fn send(&self, id: LinkId, frame: Frame) {
        if let Some(open) = self.open.get(&id) {
            open.link.send(frame);
        }
    }

    /// Lets go of a connection; what is queued goes out still.
    pub(crate) fn close(&mut self, id: LinkId) {
        self.open.remove(&id);
        self.count();
    }

    pub(crate) fn peer(&self, id: LinkId) -> Option<&PeerId> {
        self.open.get(&id).map(|open| &open.peer)
    }

    /// Links with a certificate that has one of these marks, and the peer of each that is revoked.
    pub(crate) fn with_marks(&self, refused: &BTreeSet<String>) -> Vec<(LinkId, Option<PeerId>)> {
        let meant = self.open.iter().filter(|(_, open)| is_refused(&open.marks, refused));
        let is_revoked = |open: &Open| refused.contains(&open.marks[0]);
        let told = |open: &Open| is_revoked(open).then(|| open.peer.clone());
        meant.map(|(id, open)| (*id, told(open))).collect()
    }

    pub(crate) fn path(&self, id: LinkId) -> Option<&Path> {
        self.open.get(&id).map(|open| &open.path)
    }

    /// How a peer is reached: where there are two connections, by the later.
    pub(crate) fn path_to(&self, peer: &PeerId) -> Option<&Path> {
        let to_it = self.open.iter().filter(|(_, open)| open.peer == *peer);
        to_it.max_by_key(|(id, _)| **id).map(|(_, open)| &open.path)
    }

    pub(crate) fn is_linked(&self, peer: &PeerId) -> bool {
        self.open.values().any(|open| open.peer == *peer)
    }

    /// Reaches for a peer, whichever way leads there.
    pub(crate) fn dial(&mut self, candidate: Candidate, now: Instant) {
        let may_meet = self.tries.may(&candidate.peer, now);
        self.spawn(candidate, (may_meet, true), now);
    }

    /// Dials a member that asked for it, where it says.
    pub(crate) fn called(&mut self, candidate: Candidate, now: Instant) {
        self.listed.remove(&candidate.peer);
        self.spawn(candidate, (false, false), now);
    }

    /// Tries to do without the relay between us and those whom we reached by one, where there may
    /// be a way (TR 20002 §8.3.3). What is going on through the relay goes on meanwhile.
    pub(crate) fn leave_relays(&mut self, now: Instant) {
        let relayed = self.open.values().filter(|open| open.dialled && open.path.relay().is_some());
        let relayed: Vec<PeerId> = relayed.map(|open| open.peer.clone()).collect();
        for peer in relayed {
            let Some(listed) = self.listed.get(&peer) else { continue };
            let mut theirs = self.open.values().filter(|open| open.peer == peer);
            if theirs.any(|open| open.path.relay().is_none()) {
                // The relayed connection is on its way out.
                continue;
            }
            let others = listed.addresses.iter().filter(|at| at.kind != AddressKind::Proxy);
            let addresses: Vec<PeerAddress> = others.cloned().collect();
            if addresses.is_empty() || !self.tries.may(&peer, now) {
                continue;
            }
            if listed.nat.is_none() {
                // To be dialled; those that are met are counted where that is begun.
                self.tries.begin(&peer, now);
            }
            self.spawn(Candidate::unlisted(peer, addresses), (true, false), now);
        }
    }

    fn spawn(&mut self, candidate: Candidate, (may_meet, may_relay): (bool, bool), now: Instant) {
        let listed = self.listed.get(&candidate.peer);
        let nat = listed.and_then(|listed| listed.nat);
        let route = Route {
            identity: self.identity.clone(),
            ways: Arc::clone(&self.ways),
            overlay: self.overlay.clone(),
            passkey: Standing::now(&self.standing).passkey(&self.identity.certificate(), unix_s()),
            via: listed.and_then(|listed| listed.via.clone()),
            nat,
            may_meet,
            may_relay,
            source: self.source,
            linked: Arc::clone(&self.linked),
        };
        if nat.is_some() && may_meet {
            self.tries.begin(&candidate.peer, now);
        }
        let out = self.dialled.clone();
        tokio::spawn(async move {
            let outcome = route.reach(&candidate).await;
            let dialled = Dialled { peer: candidate.peer, outcome, is_shortcut: !may_relay };
            let _ = out.send(dialled).await;
        });
    }
}
