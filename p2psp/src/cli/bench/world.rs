//! What is measured on: a map of 1,700 PIDs with random costs, and an overlay of so many peers
//! spread over them. The same seed makes the same.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context;
use mp2p::id::{OverlayId, PeerId, UserId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayRequest;
use mp2p::message::status::{PeerReport, PeerStatus};
use netmap::workload::Dice;
use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot};

use crate::activity::{MemoryStatus, Pams, StatusBounds};
use crate::calls::{Answer, StatusRequests};
use crate::isp::{Atlas, Outlook};
use crate::overlay::{Member, MemoryStore, Reach, SwarmStore};
use crate::settings::{ActivitySettings, OverlaySettings};

/// PIDs of the map.
pub(crate) const PIDS: usize = 1700;
/// Distinct costs of a pair of PIDs.
const COSTS: usize = 5000;
/// Unix seconds of all that is measured.
pub(crate) const NOW: u64 = 1_800_000_000;
/// Seconds that members stay without a refresh: longer than a run.
const STAYS_S: u64 = 86_400;

/// The overlay's name.
pub(crate) const OVERLAY: &str = "bench";

/// An overlay, its peers' statuses, and the map.
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) pams: Arc<Pams>,
    pub(crate) overlay: OverlayId,
    isp: Arc<str>,
    map: Arc<Atlas>,
}

/// The map: one /24 of this host a PID, so that askers are in one.
pub(crate) fn map(seed: u64) -> anyhow::Result<Arc<Atlas>> {
    let mut dice = Dice::new(seed);
    let mut costs = MatrixBuilder::new("routingcost", PIDS);
    for from in 0..PIDS {
        let row = (0..PIDS).map(|to| {
            let units = if from == to { 0 } else { 1 + dice.below(COSTS) };
            Some(Cost::from_thousandths(units as u64 * 1000))
        });
        costs.push_row(row)?;
    }
    let mut pids = Vec::with_capacity(PIDS);
    let mut prefixes = Vec::with_capacity(PIDS);
    for number in 0..PIDS {
        pids.push(PidName::parse(&format!("p{number:05}"))?);
        let prefix = format!("127.{}.{}.0/24", number / 256, number % 256);
        prefixes.push((prefix.parse()?, Pid::new(u32::try_from(number)?)));
    }
    let snapshot = Snapshot::build(Parts { pids, prefixes, matrices: vec![costs.finish()?] })?;
    Ok(Arc::new(Atlas::new(Arc::new(snapshot))))
}

impl World {
    /// An overlay of `count` peers on `map`, each with a status.
    pub(crate) fn new(map: &Arc<Atlas>, count: usize, seed: u64) -> anyhow::Result<Self> {
        let bounds = OverlaySettings { max_members: count, ..OverlaySettings::default() };
        let store = MemoryStore::new(bounds);
        let settings = ActivitySettings { max_peers: count, ..ActivitySettings::default() };
        let statuses = MemoryStatus::new(StatusBounds::of(&settings));
        let pams = Pams::new(Box::new(statuses), settings, Arc::new(Nobody));
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(settle(&store, &pams, seed, count, NOW))?;
        let overlay = OverlayId::parse(OVERLAY)?;
        let (pams, isp, map) = (Arc::new(pams), Arc::from("isp"), Arc::clone(map));
        Ok(Self { store, pams, overlay, isp, map })
    }

    /// The network as a peer's ISP sees it.
    pub(crate) fn outlook(&self, member: &Member) -> Outlook {
        let map = Some(Arc::clone(&self.map));
        Outlook::new(Arc::clone(&self.isp), map, member.address.ip_address, false)
    }
}

/// Listens to nobody: no peer of the bench can be asked.
struct Nobody;

impl StatusRequests for Nobody {
    fn ask_status<'a>(&'a self, _peers: &'a [PeerId]) -> Answer<'a, u64> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// Makes the overlay and takes `count` peers in, each of a user of its own and with a status.
pub(crate) async fn settle(
    store: &dyn SwarmStore,
    pams: &Pams,
    seed: u64,
    count: usize,
    now: u64,
) -> anyhow::Result<()> {
    let overlay = OverlayId::parse(OVERLAY)?;
    store.create(OverlayRequest::named(overlay.clone()), None, now)?;
    for number in 0..count {
        let member = peer(seed, number, now)?;
        let mut dice = Dice::new(seed ^ 2 ^ number as u64);
        let status = PeerStatus {
            cpu_load: dice.below(100) as f32 / 100.0,
            up_bps: dice.below(10_000_000) as u64,
            max_up_bps: 20_000_000,
            ..PeerStatus::default()
        };
        let report = PeerReport::of(member.peer.clone(), status);
        pams.report((&member.peer, member.user.as_ref()), vec![report], 0, now).await?;
        store.announce(&overlay, member, now)?;
    }
    Ok(())
}

/// A peer of the overlay: the same for the same seed and number.
pub(crate) fn peer(seed: u64, number: usize, now: u64) -> anyhow::Result<Member> {
    let mut dice = Dice::new(seed.rotate_left(32) ^ number as u64);
    let mut digest = [0; 32];
    for bytes in digest.chunks_exact_mut(8) {
        bytes.copy_from_slice(&dice.roll().to_be_bytes());
    }
    let pid = dice.below(PIDS);
    let octet = |number: usize| u8::try_from(number).context("an octet");
    let host = 1 + octet(dice.below(254))?;
    let address = Ipv4Addr::new(127, octet(pid / 256)?, octet(pid % 256)?, host);
    let address =
        PeerAddress { ip_address: IpAddr::V4(address), port: 7000, kind: AddressKind::Host };
    Ok(Member {
        peer: PeerId::of_digest(digest),
        user: Some(UserId::parse(&format!("user-{number}"))?),
        class: 0,
        kind: PeerType::Peer,
        address,
        reach: Reach::Reachable,
        nat: Nat::None,
        rendezvous: false,
        via: None,
        policy: SharingPolicy::default(),
        expires: now + STAYS_S,
        doubted_until: 0,
        profiled: now,
        consent: None,
    })
}
