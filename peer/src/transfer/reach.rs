//! From a candidate to a connection: dialled first, then by a way that OMS helps to open, else
//! through a relay (TR 20002 §8.3.3).

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress};

use crate::exchange::Candidate;
use crate::identity::Identity;
use crate::nat::{MeetError, Meeting, Ways};
use crate::relay::RelayError;
use crate::wire::{DialError, Met, Path, dial, over};

/// Who was told that we can be dialled comes within this time.
const COMING: Duration = Duration::from_secs(4);
/// From one look for it to the next.
const LOOK: Duration = Duration::from_millis(50);

/// What came of a try to reach a peer.
pub(crate) enum Reached {
    /// It was met.
    Met(Box<Met>, SocketAddr, Path),
    /// It came by itself.
    Came,
}

/// Peers that a transfer is linked with, for those who wait for one.
pub(crate) type Linked = Arc<Mutex<Vec<PeerId>>>;

/// What is needed on the way to a peer.
pub(crate) struct Route {
    pub(crate) identity: Identity,
    pub(crate) ways: Arc<Ways>,
    pub(crate) overlay: OverlayId,
    pub(crate) passkey: Option<String>,
    /// The relay that leads there.
    pub(crate) via: Option<PeerId>,
    /// What it is behind, where it is met by rendezvous.
    pub(crate) nat: Option<Nat>,
    /// Whether a rendezvous may be tried now.
    pub(crate) may_meet: bool,
    /// Whether a relay will do.
    pub(crate) may_relay: bool,
    pub(crate) source: Option<IpAddr>,
    pub(crate) linked: Linked,
}

impl Route {
    /// Tries one way after the other.
    ///
    /// # Errors
    /// The last that was tried.
    pub(crate) async fn reach(&self, candidate: &Candidate) -> Result<Reached, DialError> {
        let mut refusal = DialError::Connect(std::io::Error::other("no address is known"));
        for address in &candidate.addresses {
            let at = SocketAddr::new(address.ip_address, address.port);
            let tried = match (address.kind, self.nat) {
                (AddressKind::Proxy, _) if !self.may_relay => continue,
                (AddressKind::Proxy, _) => self.relayed(candidate, at).await,
                (_, Some(_)) if !self.may_meet => continue,
                (_, Some(nat)) => self.met(candidate, nat, address).await,
                (_, None) => {
                    let peers = &self.identity.peers;
                    let met = dial(at, &candidate.peer, peers, self.source).await;
                    met.map(|met| Reached::Met(Box::new(met), at, Path::Direct))
                }
            };
            match tried {
                Ok(reached) => return Ok(reached),
                Err(error) => {
                    tracing::debug!(peer = %candidate.peer, %at, %error, "one way less");
                    refusal = error;
                }
            }
        }
        Err(refusal)
    }

    /// By rendezvous: OMS got through to it as little as others do.
    async fn met(
        &self,
        candidate: &Candidate,
        nat: Nat,
        address: &PeerAddress,
    ) -> Result<Reached, DialError> {
        let failed = |error: MeetError| DialError::Connect(std::io::Error::other(error));
        let other = (&candidate.peer, nat, address.ip_address);
        match self.ways.meet(&self.overlay, other).await.map_err(failed)? {
            Meeting::Stream(stream, at) => {
                let met = over(stream, &candidate.peer, &self.identity.peers).await?;
                Ok(Reached::Met(Box::new(met), at, Path::Punched))
            }
            Meeting::Coming => {
                let here = async {
                    while !self.is_linked(&candidate.peer) {
                        tokio::time::sleep(LOOK).await;
                    }
                };
                let came = tokio::time::timeout(COMING, here).await;
                came.map(|()| Reached::Came).map_err(|_elapsed| DialError::TooSlow(COMING))
            }
        }
    }

    fn is_linked(&self, peer: &PeerId) -> bool {
        self.linked.lock().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }

    /// Is led to the peer by the relay at `at`; what is said there the relay cannot read.
    async fn relayed(&self, candidate: &Candidate, at: SocketAddr) -> Result<Reached, DialError> {
        let failed = |error: RelayError| DialError::Connect(std::io::Error::other(error));
        let none = || DialError::Connect(std::io::Error::other("a relay without a name"));
        let relay = self.via.clone().ok_or_else(none)?;
        let passkey = self.passkey.as_deref().unwrap_or_default();
        let to = (&candidate.peer, &self.overlay, passkey);
        let stream = crate::relay::reach(at, &self.identity.relays, to).await.map_err(failed)?;
        let met = over(stream, &candidate.peer, &self.identity.peers).await?;
        Ok(Reached::Met(Box::new(met), at, Path::Relay(relay)))
    }
}
