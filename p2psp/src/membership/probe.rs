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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::overlay::{Reach, SwarmStore};
use crate::settings::OverlaySettings;

/// Dials in work at a time.
const MAX_DIALS: usize = 256;
/// Dials that wait for their turn; more peers wait for their next refresh.
const MAX_WAITING: usize = 1024;
/// … so long: whoever is still there refreshes by then.
const PATIENCE: Duration = Duration::from_secs(60);
/// Dials of one address a second, and at once.
const RATE: Rate = Rate { per_second: 2, burst: 20 };
/// A join waits so long for its dial, so that its answer can say what came of it.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);

/// Dials peers.
pub struct Prober {
    /// None: nobody is dialled.
    dials: Option<Arc<Dials>>,
}

struct Dials {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
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
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            rate: SourceRate::new(Source::Host, RATE, false),
            min_port: settings.min_port,
            timeout: Duration::from_millis(settings.probe_timeout_ms),
        });
        Self { dials: dials.map(Arc::new) }
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
    /// inside a runtime. What is too much now is dialled in its turn, and not waited for.
    pub(crate) fn dial(&self, store: &Arc<dyn SwarmStore>, target: Target) -> Option<Dialling> {
        let dials = self.dials.as_ref().filter(|dials| dials.may(&target.at, target.observed))?;
        let store = Arc::clone(store);
        match dials.place(target.observed) {
            Some(place) => {
                let dial = Arc::clone(dials).dial(store, target, place);
                Some(Dialling(tokio::spawn(dial)))
            }
            None => {
                dials.dial_later(store, target);
                None
            }
        }
    }
}

impl Prober {
    /// Whether a server answers where it registered from; `None`: nobody is dialled, or not now.
    pub(crate) async fn answers(&self, address: &PeerAddress) -> Option<bool> {
        let dials = self.dials.as_ref()?;
        let observed = address.ip_address;
        let _place = dials.may(address, observed).then(|| dials.place(observed))??;
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
    /// Whether a peer that came from `observed` may have us dial there.
    fn may(&self, at: &PeerAddress, observed: IpAddr) -> bool {
        at.ip_address == observed.to_canonical() && at.port >= self.min_port
    }

    /// A place for a dial now.
    fn place(&self, observed: IpAddr) -> Option<OwnedSemaphorePermit> {
        self.token(observed).ok()?;
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Counts a dial of an address; how long until there may be one.
    fn token(&self, observed: IpAddr) -> Result<(), Duration> {
        self.rate.as_ref().map_or(Ok(()), |rate| rate.check(observed.to_canonical()))
    }

    /// The same as [`Self::place`], when it is there.
    async fn turn(&self, observed: IpAddr) -> Option<OwnedSemaphorePermit> {
        while let Err(wait) = self.token(observed) {
            tokio::time::sleep(wait).await;
        }
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Dials in turn, where no more wait than may; what comes of it, `None` where it never did.
    fn dial_later(
        self: &Arc<Self>,
        store: Arc<dyn SwarmStore>,
        target: Target,
    ) -> Option<JoinHandle<Option<Reach>>> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().ok()?;
        let dials = Arc::clone(self);
        Some(tokio::spawn(async move {
            let turn = tokio::time::timeout(PATIENCE, dials.turn(target.observed)).await;
            drop(waiting);
            let place = turn.ok()??;
            Some(dials.dial(store, target, place).await)
        }))
    }

    async fn dial(
        self: Arc<Self>,
        store: Arc<dyn SwarmStore>,
        target: Target,
        place: OwnedSemaphorePermit,
    ) -> Reach {
        let at = SocketAddr::new(target.at.ip_address, target.at.port);
        let reach = match tokio::time::timeout(self.timeout, TcpStream::connect(at)).await {
            Ok(Ok(_connected)) => Reach::Reachable,
            Ok(Err(_)) | Err(_) => Reach::Unreachable,
        };
        drop(place);
        store.reached(&target.overlay, &target.peer, &target.at, reach);
        reach
    }
}

#[cfg(test)]
mod tests {
    use mp2p::message::join::AddressKind;

    use super::*;
    use crate::overlay::{Member, MemoryStore, suite};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn target(at: &str, port: u16, observed: &str) -> Target {
        let ip_address = address(at);
        Target {
            overlay: OverlayId::parse("film").unwrap(),
            peer: PeerId::parse(&"a".repeat(64)).unwrap(),
            at: PeerAddress { ip_address, port, kind: AddressKind::Host },
            observed: address(observed),
        }
    }

    #[test]
    fn nobody_can_have_another_dialled() {
        let prober = Prober::new(&OverlaySettings { probe: true, ..OverlaySettings::default() });
        let dials = prober.dials.unwrap();
        let may = |at: &str, port: u16, observed: &str| {
            let target = target(at, port, observed);
            dials.may(&target.at, target.observed)
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
        let made = (0..100).filter(|_| dials.place(address("192.0.2.1")).is_some());
        assert!((20..30).contains(&made.count()));
        let many: Vec<_> = (0..300_u16)
            .filter_map(|host| dials.place(address(&format!("10.0.{}.{}", host / 256, host % 256))))
            .collect();
        assert_eq!(many.len(), MAX_DIALS);
    }

    /// An overlay of one peer, of which nobody has said yet whether it answers.
    fn newcomer(target: &Target) -> Arc<dyn SwarmStore> {
        let store = MemoryStore::new(OverlaySettings::default());
        let request = serde_json::from_value(serde_json::json!({"overlay-id": "film"})).unwrap();
        store.create(request, None, 1).unwrap();
        let (peer, address) = (target.peer.clone(), target.at.clone());
        let known = suite::member('A', "127.0.0.1", 100);
        let member = Member { peer, address, reach: Reach::Unknown, ..known };
        store.announce(&target.overlay, member, 1).unwrap();
        Arc::new(store)
    }

    #[tokio::test]
    async fn whoever_is_too_much_now_is_dialled_in_its_turn() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = target("127.0.0.1", port, "127.0.0.1");
        let dials = Arc::new(Dials {
            places: Arc::new(Semaphore::new(1)),
            waiting: Arc::new(Semaphore::new(3)),
            rate: SourceRate::new(Source::Host, Rate { per_second: 100, burst: 1 }, true),
            min_port: 1024,
            timeout: Duration::from_secs(60),
        });
        let store = newcomer(&target);
        let place = dials.place(target.observed).unwrap();
        let prober = Prober { dials: Some(Arc::clone(&dials)) };
        assert!(prober.dial(&store, target.clone()).is_none(), "not waited for");
        let later = || dials.dial_later(Arc::clone(&store), target.clone());
        let waiting = [later().unwrap(), later().unwrap()];
        assert!(later().is_none(), "no more wait than may");
        drop(place);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Some(Reach::Reachable));
        }
        let member = store.member(&target.overlay, &target.peer, 2).unwrap();
        assert_eq!(member.reach, Reach::Reachable);
    }

    #[test]
    fn where_nobody_is_dialled_a_peer_is_believed() {
        let prober = Prober::new(&OverlaySettings { probe: false, ..OverlaySettings::default() });
        assert_eq!(prober.believed(Nat::Unknown), Reach::Reachable);
        assert_eq!(prober.believed(Nat::Symmetric), Reach::Unreachable);
    }
}
