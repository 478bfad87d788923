//! Ways to other members that OMS helps to open, asked for and answered.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{JoinAnswer, Nat};
use mp2p::message::rendezvous::{RendezvousId, RendezvousRequest, Way};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

use crate::nat::address::may_dial;
use crate::nat::hole::Hole;
use crate::nat::look::kind;
use crate::provider::{Provider, ProviderError};
use crate::settings::{NatSettings, Settings};

/// The other one answers within this time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Ways being asked for at a time, and being opened because another one asked.
const MAX_ASKING: usize = 8;
const MAX_ANSWERING: usize = 16;
/// What stands before this peer is looked at again after this time; after a failure sooner.
const LOOK: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What is needed to open ways.
pub struct Ways {
    provider: Provider,
    source: Option<IpAddr>,
    settings: NatSettings,
    /// What OMS said last, and what was found out.
    known: Mutex<Known>,
    /// Questions that wait for their answer, by name.
    waiting: Mutex<HashMap<String, Waiting>>,
    asking: Semaphore,
    answering: Semaphore,
}

#[derive(Default)]
struct Known {
    nat: Nat,
    /// Whether OMS got through.
    reachable: Option<bool>,
    seen_at: Option<IpAddr>,
    ports: Vec<u16>,
    look_at: Option<Instant>,
}

struct Waiting {
    peer: PeerId,
    answered: oneshot::Sender<SocketAddr>,
}

/// What came of a rendezvous.
pub enum Meeting {
    /// Both met: this leads to the other one, which waits for our handshake.
    Stream(TcpStream, SocketAddr),
    /// We can be dialled: the other one was told where, and comes by itself.
    Coming,
}

/// What another one wants of us.
#[derive(Clone, Debug)]
pub struct Asked {
    /// In which overlay.
    pub overlay: OverlayId,
    /// Who.
    pub from: PeerId,
    /// Which.
    pub id: RendezvousId,
    /// Where it comes from.
    pub address: SocketAddr,
}

/// No way was found.
#[derive(Debug, thiserror::Error)]
pub enum MeetError {
    /// What stands between the two lets nothing through, or ways are not to be opened.
    #[error("{0:?} and {1:?} do not meet")]
    Apart(Nat, Nat),
    /// Nobody is led to there.
    #[error("{0} is no address of the public internet")]
    Address(IpAddr),
    /// Enough of that already.
    #[error("too many ways are being opened")]
    TooMany,
    /// OMS does not help.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The other one, or the network, does not.
    #[error("no way to there: {0}")]
    Io(#[from] std::io::Error),
}

impl Ways {
    /// As the settings say.
    #[must_use]
    pub fn new(provider: Provider, settings: &Settings) -> Self {
        Self {
            provider,
            source: settings.source_address,
            settings: settings.nat,
            known: Mutex::default(),
            waiting: Mutex::default(),
            asking: Semaphore::new(MAX_ASKING),
            answering: Semaphore::new(MAX_ANSWERING),
        }
    }

    /// Whether this peer opens ways at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.settings.punch
    }

    /// What stands before this peer, as far as it knows.
    #[must_use]
    pub fn nat(&self) -> Nat {
        let known = self.lock();
        match known.reachable {
            Some(true) => Nat::None,
            _ => known.nat,
        }
    }

    /// Takes over what OMS says of this peer.
    pub(crate) fn learn(&self, answer: &JoinAnswer) {
        let mut known = self.lock();
        known.reachable = answer.reachable.or(known.reachable);
        known.ports = answer.stun.to_vec();
        if known.seen_at.replace(answer.observed.ip_address) != Some(answer.observed.ip_address) {
            // Another network.
            known.look_at = None;
        }
    }

    /// Looks at what stands before this peer, where it is time to; whether that is news.
    pub(crate) async fn look(&self) -> bool {
        let now = Instant::now();
        let (seen_at, ports) = {
            let mut known = self.lock();
            let is_due = known.look_at.is_none_or(|at| now >= at);
            let is_needed = self.settings.punch && known.reachable != Some(true);
            let Some(seen_at) = known.seen_at else { return false };
            if !is_due || !is_needed || known.ports.is_empty() {
                return false;
            }
            known.look_at = Some(now + LOOK_AGAIN);
            (seen_at, known.ports.clone())
        };
        let found = match self.server(seen_at).await {
            Ok(server) => kind(self.source, server, &ports).await,
            Err(error) => Err(error),
        };
        let mut known = self.lock();
        match found {
            Ok(nat) => {
                tracing::info!(?nat, "what stands before this peer");
                known.look_at = Some(now + LOOK);
                std::mem::replace(&mut known.nat, nat) != nat
            }
            Err(error) => {
                tracing::info!(%error, "what stands before this peer is not known");
                false
            }
        }
    }

    /// OMS' address, of the family that it sees us at.
    async fn server(&self, seen_at: IpAddr) -> std::io::Result<IpAddr> {
        let authority = self.provider.authority("/oms/")?;
        let mut found = tokio::net::lookup_host(&*authority).await?.map(|at| at.ip());
        let of_family = found.find(|ip| ip.to_canonical().is_ipv4() == seen_at.is_ipv4());
        of_family.ok_or_else(|| std::io::Error::other(format!("{authority} has no such address")))
    }

    /// Opens a way to `peer`, which is behind `nat` and seen at `at`.
    ///
    /// # Errors
    /// [`MeetError`].
    pub(crate) async fn meet(
        &self,
        overlay: &OverlayId,
        (peer, nat, at): (&PeerId, Nat, IpAddr),
    ) -> Result<Meeting, MeetError> {
        let own = self.nat();
        if !self.settings.punch || !own.meets(nat) {
            return Err(MeetError::Apart(own, nat));
        }
        self.check(at)?;
        let _one_of_few = self.asking.try_acquire().map_err(|_| MeetError::TooMany)?;
        let mut name = [0; 16];
        aws_lc_rs::rand::fill(&mut name).map_err(std::io::Error::other)?;
        let name: String = name.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = RendezvousId::new(name).map_err(|_| MeetError::TooMany)?;
        if own == Nat::None {
            self.tell((overlay, peer, &id), Way::Dial, u16::MAX, false).await?;
            return Ok(Meeting::Coming);
        }
        let hole = self.hole().await?;
        let (answered, answer) = oneshot::channel();
        let waiting = Waiting { peer: peer.clone(), answered };
        self.waiting().insert(id.to_string(), waiting);
        let told = self.tell((overlay, peer, &id), Way::Punch, hole.seen.port(), false).await;
        let to = match told {
            Ok(()) => tokio::time::timeout(ANSWER_TIMEOUT, answer).await,
            Err(error) => {
                self.waiting().remove(&*id);
                return Err(error.into());
            }
        };
        self.waiting().remove(&*id);
        let Ok(Ok(to)) = to else {
            return Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        };
        self.check(to.ip())?;
        Ok(Meeting::Stream(hole.meet(to).await?, to))
    }

    /// The other one answers what we asked.
    pub(crate) fn answered(&self, from: &PeerId, id: &RendezvousId, address: SocketAddr) {
        let mut waiting = self.waiting();
        if waiting.get(&**id).is_some_and(|waiting| waiting.peer == *from)
            && let Some(waiting) = waiting.remove(&**id)
        {
            let _ = waiting.answered.send(address);
        }
    }

    /// Opens a way that another one asked for.
    ///
    /// # Errors
    /// [`MeetError`].
    pub(crate) async fn answer(&self, asked: &Asked) -> Result<TcpStream, MeetError> {
        self.may_answer(asked)?;
        let _one_of_few = self.answering.try_acquire().map_err(|_| MeetError::TooMany)?;
        let hole = self.hole().await?;
        let about = (&asked.overlay, &asked.from, &asked.id);
        let (port, to) = (hole.seen.port(), asked.address);
        let (told, met) = tokio::join!(self.tell(about, Way::Punch, port, true), hole.meet(to));
        told?;
        Ok(met?)
    }

    /// Whether a way to who asks may be opened.
    ///
    /// # Errors
    /// Not to there.
    pub(crate) fn may_answer(&self, asked: &Asked) -> Result<(), MeetError> {
        if !self.settings.punch {
            return Err(MeetError::Apart(self.nat(), Nat::Unknown));
        }
        self.check(asked.address.ip())
    }

    fn check(&self, at: IpAddr) -> Result<(), MeetError> {
        let may = may_dial(at, self.settings.private_addresses);
        may.then_some(()).ok_or(MeetError::Address(at))
    }

    async fn hole(&self) -> Result<Hole, MeetError> {
        let (seen_at, port) = {
            let known = self.lock();
            let none = || std::io::Error::other("OMS tells no port of STUN");
            let seen_at = known.seen_at.ok_or_else(none)?;
            (seen_at, *known.ports.first().ok_or_else(none)?)
        };
        let server = SocketAddr::new(self.server(seen_at).await?, port);
        Ok(Hole::open(self.source, server).await?)
    }

    async fn tell(
        &self,
        (overlay, peer, id): (&OverlayId, &PeerId, &RendezvousId),
        way: Way,
        port: u16,
        answer: bool,
    ) -> Result<(), ProviderError> {
        let request = RendezvousRequest {
            overlay_id: overlay.clone(),
            peer_id: peer.clone(),
            rendezvous_id: id.clone(),
            port,
            way,
            answer,
        };
        self.provider.tell(Method::POST, "/oms/peer/rendezvous", Some(&request)).await
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
