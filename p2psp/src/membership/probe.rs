//! Whether others get through to a peer: OMS dials where the peer says that it listens, before a
//! list sends anybody there.
//!
//! Only ever the address from which the peer itself came, so that nobody can have others dialled;
//! an address of this host only for peers of this host, which is the same rule. The number of dials
//! in work, their time and how often one address is dialled have a bound.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use link::rate::{Rate, Source, SourceRate};
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{Nat, PeerAddress};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::overlay::{Reach, SwarmStore};
use crate::settings::OverlaySettings;

/// Dials in work at a time; more peers wait for their next refresh.
const MAX_DIALS: usize = 256;
/// Dials of one address a second, and at once.
const RATE: Rate = Rate { per_second: 2, burst: 20 };
/// A join waits so long for its dial, so that its answer can say what came of it.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Dials peers.
pub struct Prober {
    /// None: nobody is dialled.
    dials: Option<Dials>,
}

struct Dials {
    places: Arc<Semaphore>,
    rate: Option<SourceRate>,
    min_port: u16,
    timeout: Duration,
}

/// Who is to be dialled, and for whom the outcome counts.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) overlay: OverlayId,
    pub(crate) peer: PeerId,
    pub(crate) at: PeerAddress,
    pub(crate) observed: IpAddr,
}

impl Prober {
    /// As the settings say.
    #[must_use]
    pub fn new(settings: &OverlaySettings) -> Self {
        let dials = settings.probe.then(|| Dials {
            places: Arc::new(Semaphore::new(MAX_DIALS)),
            rate: SourceRate::new(Source::Host, RATE, false),
            min_port: settings.min_port,
            timeout: Duration::from_millis(settings.probe_timeout_ms),
        });
        Self { dials }
    }

    /// What is known without dialling: where nobody is dialled, a peer is believed.
    pub(crate) fn believed(&self, nat: Nat) -> Reach {
        match (&self.dials, nat) {
            (Some(_), _) => Reach::Unknown,
            (None, Nat::None | Nat::Unknown) => Reach::Reachable,
            (None, Nat::Cone | Nat::Symmetric | Nat::Blocked) => Reach::Unreachable,
        }
    }

    /// Begins to dial, where that may be, and tells the store what comes of it. Must be called
    /// inside a runtime.
    pub(crate) fn dial(&self, store: &Arc<dyn SwarmStore>, target: Target) -> Option<Dialling> {
        let dials = self.dials.as_ref()?;
        let place = dials.place(&target)?;
        let (store, timeout) = (Arc::clone(store), dials.timeout);
        Some(Dialling(tokio::spawn(async move {
            let at = SocketAddr::new(target.at.ip_address, target.at.port);
            let reach = match tokio::time::timeout(timeout, TcpStream::connect(at)).await {
                Ok(Ok(_connected)) => Reach::Reachable,
                Ok(Err(_)) | Err(_) => Reach::Unreachable,
            };
            drop(place);
            store.reached(&target.overlay, &target.peer, &target.at, reach);
            reach
        })))
    }
}

impl Prober {
    /// Whether a server answers where it registered from; `None`: nobody is dialled, or not now.
    pub(crate) async fn answers(&self, address: &PeerAddress) -> Option<bool> {
        let dials = self.dials.as_ref()?;
        let _place = dials.place_at(address, address.ip_address)?;
        let at = SocketAddr::new(address.ip_address, address.port);
        let dialled = tokio::time::timeout(ANSWER_WITHIN, TcpStream::connect(at)).await;
        Some(matches!(dialled, Ok(Ok(_))))
    }
}

/// A dial that goes on whether anybody waits for it or not.
pub(crate) struct Dialling(JoinHandle<Reach>);

impl Dialling {
    /// What came of it, where that is known soon enough for an answer.
    pub(crate) async fn outcome(self) -> Reach {
        match tokio::time::timeout(ANSWER_WITHIN, self.0).await {
            Ok(Ok(reach)) => reach,
            Ok(Err(_)) | Err(_) => Reach::Unknown,
        }
    }
}

impl Dials {
    /// A place for a dial that may be made.
    fn place(&self, target: &Target) -> Option<tokio::sync::OwnedSemaphorePermit> {
        self.place_at(&target.at, target.observed)
    }

    fn place_at(
        &self,
        at: &PeerAddress,
        observed: IpAddr,
    ) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let observed = observed.to_canonical();
        if at.ip_address != observed || at.port < self.min_port {
            return None;
        }
        if self.rate.as_ref().is_some_and(|rate| rate.check(observed).is_err()) {
            return None;
        }
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use mp2p::message::join::AddressKind;

    use super::*;

    fn target(at: &str, port: u16, observed: &str) -> Target {
        let ip_address = at.parse().unwrap();
        Target {
            overlay: OverlayId::parse("film").unwrap(),
            peer: PeerId::parse(&"a".repeat(64)).unwrap(),
            at: PeerAddress { ip_address, port, kind: AddressKind::Host },
            observed: observed.parse().unwrap(),
        }
    }

    #[test]
    fn nobody_can_have_another_dialled() {
        let prober = Prober::new(&OverlaySettings { probe: true, ..OverlaySettings::default() });
        let dials = prober.dials.unwrap();
        let may = |at: &str, port: u16, observed: &str| {
            dials.place(&target(at, port, observed)).is_some()
        };
        assert!(may("192.0.2.1", 7000, "192.0.2.1"));
        assert!(may("192.0.2.1", 7000, "::ffff:192.0.2.1"));
        assert!(!may("192.0.2.2", 7000, "192.0.2.1"));
        assert!(!may("192.0.2.1", 25, "192.0.2.1"));
        assert!(!may("127.0.0.1", 7000, "192.0.2.1"), "this host, for somebody from outside");
        assert!(may("127.0.0.1", 7000, "127.0.0.1"));
    }

    #[test]
    fn one_address_is_dialled_so_often_and_no_more() {
        let prober = Prober::new(&OverlaySettings { probe: true, ..OverlaySettings::default() });
        let dials = prober.dials.unwrap();
        let made =
            (0..100).filter(|_| dials.place(&target("192.0.2.1", 7000, "192.0.2.1")).is_some());
        assert!((20..30).contains(&made.count()));
        let many: Vec<_> = (0..300_u16)
            .filter_map(|host| {
                let address = format!("10.0.{}.{}", host / 256, host % 256);
                dials.place(&target(&address, 7000, &address))
            })
            .collect();
        assert_eq!(many.len(), MAX_DIALS);
    }

    #[test]
    fn where_nobody_is_dialled_a_peer_is_believed() {
        let prober = Prober::new(&OverlaySettings { probe: false, ..OverlaySettings::default() });
        assert_eq!(prober.believed(Nat::Unknown), Reach::Reachable);
        assert_eq!(prober.believed(Nat::Symmetric), Reach::Unreachable);
    }
}
