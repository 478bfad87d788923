//! What every [`SwarmStore`] has to do, whatever it is made of.
//!
//! A small network: A and B in one PID, C in the next, D far away, E nowhere.

mod bounds;
mod near;

use std::net::IpAddr;
use std::sync::Arc;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayRequest;
use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot};

use crate::isp::{Atlas, Outlook};
use crate::overlay::{Ask, Found, Member, Reach, SwarmStore, Via};
use crate::settings::OverlaySettings;

/// Makes a store with bounds.
pub(crate) type Make<'a> = &'a dyn Fn(OverlaySettings) -> Box<dyn SwarmStore>;

/// Runs all of it.
pub(crate) fn run(make: Make<'_>) {
    near::run(make);
    bounds::run(make);
}

pub(crate) fn id(name: char) -> PeerId {
    PeerId::parse(&format!("{:064x}", name as u32)).unwrap()
}

pub(crate) fn overlay() -> OverlayId {
    OverlayId::parse("film").unwrap()
}

/// `Z` is a cache.
pub(crate) fn member(name: char, address: &str, expires: u64) -> Member {
    let ip_address: IpAddr = address.parse().unwrap();
    Member {
        peer: id(name),
        user: None,
        class: 0,
        kind: if name == 'Z' { PeerType::Cache } else { PeerType::Peer },
        address: PeerAddress { ip_address, port: 7000, kind: AddressKind::Host },
        reach: Reach::Reachable,
        nat: Nat::Unknown,
        rendezvous: false,
        via: None,
        doubted_until: 0,
        profiled: 0,
        consent: None,
        policy: SharingPolicy::default(),
        expires,
    }
}

fn via(expires: u64) -> Via {
    Via { server: id('R'), address: member('R', "198.51.100.1", 0).address, expires }
}

/// Costs from PID 0: 0 to itself, then as given to PIDs 1 and 2.
pub(crate) fn outlook(to_1: u64, to_2: u64) -> Outlook {
    let mut costs = MatrixBuilder::new("routingcost", 3);
    let cost = |units: u64| Some(Cost::from_thousandths(units * 1000));
    costs.push_row([cost(0), cost(to_1), cost(to_2)]).unwrap();
    costs.push_row([cost(to_1), cost(0), None]).unwrap();
    costs.push_row([cost(to_2), None, cost(0)]).unwrap();
    let prefixes = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"];
    by_map("isp", &prefixes, costs, "10.0.0.1")
}

/// The view of an ISP with one prefix a PID.
fn by_map(isp: &str, prefixes: &[&str], costs: MatrixBuilder, asker: &str) -> Outlook {
    let names = (0..prefixes.len()).map(|at| PidName::parse(&format!("p{at}")).unwrap());
    let placed = (0..).map(Pid::new).zip(prefixes);
    let snapshot = Snapshot::build(Parts {
        pids: names.collect(),
        prefixes: placed.map(|(pid, prefix)| (prefix.parse().unwrap(), pid)).collect(),
        matrices: vec![costs.finish().unwrap()],
    });
    let atlas = Some(Arc::new(Atlas::new(Arc::new(snapshot.unwrap()))));
    Outlook::new(Arc::from(isp), atlas, asker.parse().unwrap(), false)
}

fn bounds(max_overlays: usize, max_members: usize) -> OverlaySettings {
    OverlaySettings { max_overlays, max_members, ..OverlaySettings::default() }
}

/// The overlay with A to E.
fn peopled(make: Make<'_>) -> Box<dyn SwarmStore> {
    let store = make(bounds(1, 100));
    store.create(OverlayRequest::named(overlay()), None, 0).unwrap();
    let members = [('A', "10.0.0.1"), ('B', "10.0.0.2"), ('C', "10.0.1.1"), ('D', "10.0.2.1")];
    for (name, address) in members.into_iter().chain([('E', "192.0.2.1")]) {
        store.announce(&overlay(), member(name, address, 100), 0).unwrap();
    }
    store
}

/// Whom A is told of.
fn nearest(store: &dyn SwarmStore, outlook: &Outlook, per_pid: usize, now: u64) -> String {
    found(store, outlook, per_pid, now).iter().map(|found| name(&found.peer)).collect()
}

fn found(store: &dyn SwarmStore, outlook: &Outlook, per_pid: usize, now: u64) -> Vec<Found> {
    let (overlay, asker) = (overlay(), id('A'));
    let ask = Ask {
        overlay: &overlay,
        asker: &asker,
        behind: None,
        outlook,
        per_pid,
        most: 9,
        random: 3,
        now,
        scores: None,
    };
    store.nearest(&ask).unwrap()
}

fn name(peer: &PeerId) -> char {
    char::from(peer.digest()[31])
}

fn sorted(names: String) -> String {
    let mut names: Vec<char> = names.chars().collect();
    names.sort_unstable();
    names.into_iter().collect()
}
