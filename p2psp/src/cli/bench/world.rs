//! What is measured on: a map of 1,700 PIDs with random costs, and an overlay of so many peers
//! spread over them. The same seed makes the same.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayRequest;
use mp2p::message::status::{PeerReport, PeerStatus};
use netmap::workload::Dice;
use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot};

use crate::activity::{HistoryBounds, MemoryStatus, StatusStore, Told};
use crate::isp::Outlook;
use crate::overlay::{Member, MemoryStore, Reach, SwarmStore};
use crate::settings::OverlaySettings;

/// PIDs of the map.
pub(crate) const PIDS: usize = 1700;
/// Distinct costs of a pair of PIDs.
const COSTS: usize = 5000;
/// Unix seconds of all that is measured.
pub(crate) const NOW: u64 = 1_800_000_000;

/// An overlay, its peers' statuses, and the map.
pub(crate) struct World {
    pub(crate) store: MemoryStore,
    pub(crate) statuses: MemoryStatus,
    pub(crate) overlay: OverlayId,
    pub(crate) peers: Vec<Member>,
    map: Arc<Snapshot>,
}

/// The map: one /24 a PID.
pub(crate) fn map(seed: u64) -> anyhow::Result<Arc<Snapshot>> {
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
        let prefix = format!("10.{}.{}.0/24", number / 256, number % 256);
        prefixes.push((prefix.parse()?, Pid::new(u32::try_from(number)?)));
    }
    Ok(Arc::new(Snapshot::build(Parts { pids, prefixes, matrices: vec![costs.finish()?] })?))
}

impl World {
    /// An overlay of `count` peers on `map`, each with a status.
    pub(crate) fn new(map: &Arc<Snapshot>, count: usize, seed: u64) -> anyhow::Result<Self> {
        let overlay = OverlayId::parse("bench")?;
        let store = MemoryStore::new(OverlaySettings::default());
        store.create(OverlayRequest::named(overlay.clone()), None, NOW)?;
        let history = HistoryBounds { window_s: 300, windows: 12 };
        let statuses = MemoryStatus::new(count, 120, history);
        let mut dice = Dice::new(seed);
        let peers = (0..count).map(|_| peer(&mut dice)).collect::<anyhow::Result<Vec<_>>>()?;
        for member in &peers {
            store.announce(&overlay, member.clone(), NOW)?;
            let cpu_load = dice.below(100) as f32 / 100.0;
            let status = PeerStatus { cpu_load, ..PeerStatus::default() };
            let report = PeerReport::of(member.peer.clone(), status);
            statuses.put(Told { report, user: None, via: None }, NOW)?;
        }
        Ok(Self { store, statuses, overlay, peers, map: Arc::clone(map) })
    }

    /// The network as a peer's ISP sees it.
    pub(crate) fn outlook(&self, member: &Member) -> Outlook {
        let map = Some(Arc::clone(&self.map));
        Outlook::new(Arc::from("isp"), map, member.address.ip_address, false)
    }
}

fn peer(dice: &mut Dice) -> anyhow::Result<Member> {
    let id = format!("{:032x}{:032x}", dice.roll_wide(), dice.roll_wide());
    let pid = dice.below(PIDS);
    let octet = |number: usize| u8::try_from(number).context("an octet");
    let host = 1 + octet(dice.below(254))?;
    let address = Ipv4Addr::new(10, octet(pid / 256)?, octet(pid % 256)?, host);
    let address =
        PeerAddress { ip_address: IpAddr::V4(address), port: 7000, kind: AddressKind::Host };
    Ok(Member {
        peer: PeerId::parse(&id)?,
        user: None,
        class: 0,
        kind: PeerType::Peer,
        address,
        reach: Reach::Reachable,
        nat: Nat::None,
        rendezvous: false,
        via: None,
        policy: SharingPolicy::default(),
        expires: NOW + 180,
        doubted_until: 0,
        profiled: 0,
        consent: None,
    })
}
