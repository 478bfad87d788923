//! A small network: A and B in one PID, C in the next, D far away, E nowhere.

use std::net::IpAddr;
use std::sync::Arc;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayRequest;
use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot};

use crate::isp::Outlook;
use crate::overlay::{Ask, Member, MemoryStore, Reach, StoreError, SwarmStore};
use crate::settings::OverlaySettings;

fn id(name: char) -> PeerId {
    PeerId::parse(&format!("{:064x}", name as u32)).unwrap()
}

fn overlay() -> OverlayId {
    OverlayId::parse("film").unwrap()
}

fn member(name: char, address: &str, expires: u64) -> Member {
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

/// Costs from PID 0: 0 to itself, then as given to PIDs 1 and 2.
fn outlook(to_1: u64, to_2: u64) -> Outlook {
    let mut costs = MatrixBuilder::new("routingcost", 3);
    let cost = |units: u64| Some(Cost::from_thousandths(units * 1000));
    costs.push_row([cost(0), cost(to_1), cost(to_2)]).unwrap();
    costs.push_row([cost(to_1), cost(0), None]).unwrap();
    costs.push_row([cost(to_2), None, cost(0)]).unwrap();
    let prefixes = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"];
    let snapshot = Snapshot::build(Parts {
        pids: ["p0", "p1", "p2"].map(|name| PidName::parse(name).unwrap()).to_vec(),
        prefixes: (0..)
            .map(Pid::new)
            .zip(prefixes)
            .map(|(pid, prefix)| (prefix.parse().unwrap(), pid))
            .collect(),
        matrices: vec![costs.finish().unwrap()],
    });
    let map = Some(Arc::new(snapshot.unwrap()));
    Outlook::new(Arc::from("isp"), map, "10.0.0.1".parse().unwrap(), false)
}

fn bounds(max_overlays: usize, max_members: usize) -> OverlaySettings {
    OverlaySettings { max_overlays, max_members, ..OverlaySettings::default() }
}

fn store() -> MemoryStore {
    let store = MemoryStore::new(bounds(1, 100));
    store.create(OverlayRequest::named(overlay()), None, 0).unwrap();
    let members = [('A', "10.0.0.1"), ('B', "10.0.0.2"), ('C', "10.0.1.1"), ('D', "10.0.2.1")];
    for (name, address) in members.into_iter().chain([('E', "192.0.2.1")]) {
        store.announce(&overlay(), member(name, address, 100), 0).unwrap();
    }
    store
}

fn nearest(store: &MemoryStore, outlook: &Outlook, per_pid: usize, now: u64) -> String {
    let (overlay, asker) = (overlay(), id('A'));
    let (overlay, asker) = (&overlay, &asker);
    let ask = Ask { overlay, asker, behind: None, outlook, per_pid, most: 9, random: 3, now };
    let name = |found: &crate::overlay::Found| {
        let digits = &found.member.peer.digits()[62..];
        char::from(u8::from_str_radix(digits, 16).unwrap())
    };
    store.nearest(&ask).unwrap().iter().map(name).collect()
}

#[test]
fn members_come_near_to_far_and_those_without_cost_last() {
    let store = store();
    assert_eq!(nearest(&store, &outlook(5, 9), 9, 0), "BCDE");
    // Other costs, the same network map: the same placing in another order.
    assert_eq!(nearest(&store, &outlook(9, 5), 9, 0), "BDCE");
}

#[test]
fn whoever_moves_leaves_or_does_not_refresh_is_where_it_is() {
    let store = store();
    let near = outlook(5, 9);
    assert_eq!(nearest(&store, &near, 9, 0), "BCDE");
    store.announce(&overlay(), member('D', "10.0.0.9", 100), 1).unwrap();
    store.announce(&overlay(), member('C', "10.0.1.1", 300), 1).unwrap();
    assert!(store.leave(&overlay(), &id('B'), 1));
    assert!(!store.leave(&overlay(), &id('B'), 1));
    assert_eq!(nearest(&store, &near, 9, 1), "DCE");
    assert_eq!(nearest(&store, &near, 9, 100), "C");
    assert_eq!(store.sweep(100).members, 1);
    assert_eq!(store.describe(&overlay(), 100).unwrap().num_peers, 1);
}

#[test]
fn without_a_map_there_are_members_all_the_same() {
    let store = store();
    let mut names: Vec<char> = nearest(&store, &Outlook::none(), 9, 0).chars().collect();
    names.sort_unstable();
    assert_eq!(names, ['B', 'C', 'D', 'E']);
}

#[test]
fn a_crowd_next_door_leaves_room_and_a_cache_comes_along() {
    let store = store();
    for name in 'F'..'P' {
        store.announce(&overlay(), member(name, "10.0.0.3", 100), 0).unwrap();
    }
    store.announce(&overlay(), member('Z', "192.0.2.9", 100), 0).unwrap();
    let found = nearest(&store, &outlook(5, 9), 4, 0);
    assert_eq!((found.len(), &found[4..6]), (8, "CD"));
    assert!(found.contains('Z'), "{found}");
}

#[test]
fn bounds_hold_and_names_are_unique() {
    let store = MemoryStore::new(bounds(1, 1));
    let request = |name: &str| OverlayRequest::named(OverlayId::parse(name).unwrap());
    store.create(request("film"), None, 0).unwrap();
    assert!(matches!(store.create(request("film"), None, 0), Err(StoreError::Exists(_))));
    assert!(matches!(store.create(request("song"), None, 0), Err(StoreError::Full { .. })));
    store.announce(&overlay(), member('A', "10.0.0.1", 100), 0).unwrap();
    let full = store.announce(&overlay(), member('B', "10.0.0.1", 100), 0);
    assert!(matches!(full, Err(StoreError::Full { .. })));
    // Refreshing is not joining; and who ran out makes room.
    assert_eq!(store.announce(&overlay(), member('A', "10.0.0.1", 100), 0).unwrap().ticket, 1);
    assert!(store.announce(&overlay(), member('B', "10.0.0.1", 300), 100).is_ok());
}

#[test]
fn gateways_are_the_isps_users_from_all_pids_alike_and_of_the_own_pid_where_they_are_unknown() {
    let store = store();
    let name = |peer: &PeerId| u8::from_str_radix(&peer.digits()[62..], 16).unwrap() as char;
    let gateways = |outlook: &Outlook, most: usize| -> String {
        store.gateways(&overlay(), outlook, most, 0).iter().map(name).collect()
    };
    let own = |prefix: &str| outlook(5, 9).with_users(Arc::new([prefix.parse().unwrap()]));
    assert_eq!(gateways(&outlook(5, 9), 9), "AB");
    // 10.0.0.0/23 is p0 and p1: a member of each before a second one of any; D and E are others'.
    assert_eq!(gateways(&own("10.0.0.0/23"), 9), "ACB");
    assert_eq!(gateways(&own("10.0.0.0/23"), 2), "AC");
    assert_eq!(gateways(&own("10.0.0.0/22"), 9), "ACDB");
}
