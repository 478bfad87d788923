//! Who is told of whom.

use std::sync::Arc;

use mp2p::message::list::PeerType;
use netmap::{Cost, MatrixBuilder};

use crate::isp::Outlook;
use crate::overlay::Reach;
use crate::overlay::suite::{
    Make, by_map, found, id, member, name, nearest, outlook, overlay, peopled, sorted, via,
};

pub(crate) fn run(make: Make<'_>) {
    members_come_near_to_far_and_those_without_cost_last(make);
    each_isp_has_its_own_view(make);
    whoever_moves_leaves_or_does_not_refresh_is_where_it_is(make);
    without_a_map_there_are_members_all_the_same(make);
    a_crowd_next_door_leaves_room_and_a_cache_comes_along(make);
    nobody_is_sent_to_where_nobody_answers(make);
    gateways_are_those_of_the_askers_pid(make);
    gateways_are_the_isps_users_from_all_pids_alike(make);
}

fn members_come_near_to_far_and_those_without_cost_last(make: Make<'_>) {
    let store = peopled(make);
    assert_eq!(nearest(&*store, &outlook(5, 9), 9, 0), "BCDE");
    // Other costs, the same network map: the same placing in another order.
    assert_eq!(nearest(&*store, &outlook(9, 5), 9, 0), "BDCE");
    let ordinals: Vec<_> =
        found(&*store, &outlook(9, 5), 9, 0).iter().map(|found| found.ordinal).collect();
    assert_eq!(ordinals, [Some(0), Some(1), Some(2), None]);
}

fn each_isp_has_its_own_view(make: Make<'_>) {
    let store = peopled(make);
    // To the other, E is next door and all of the first are one PID.
    let other = || {
        let mut costs = MatrixBuilder::new("routingcost", 2);
        let cost = |units: u64| Some(Cost::from_thousandths(units * 1000));
        costs.push_row([cost(0), cost(7)]).unwrap();
        costs.push_row([cost(7), cost(0)]).unwrap();
        by_map("other", &["192.0.2.0/24", "10.0.0.0/16"], costs, "192.0.2.7")
    };
    for _ in 0..2 {
        assert_eq!(nearest(&*store, &outlook(5, 9), 9, 0), "BCDE");
        let by_other = nearest(&*store, &other(), 9, 0);
        assert!(by_other.starts_with('E') && sorted(by_other.clone()) == "BCDE", "{by_other}");
    }
    // Another network map of the first: C and D have changed places.
    let mut costs = MatrixBuilder::new("routingcost", 3);
    for _ in 0..3 {
        costs.push_row([0, 5, 9].map(|units| Some(Cost::from_thousandths(units)))).unwrap();
    }
    let prefixes = ["10.0.0.0/24", "10.0.2.0/24", "10.0.1.0/24"];
    let moved = by_map("isp", &prefixes, costs, "10.0.0.1");
    assert_eq!(nearest(&*store, &moved, 9, 0), "BDCE");
    assert_eq!(nearest(&*store, &outlook(5, 9), 9, 0), "BCDE");
}

fn whoever_moves_leaves_or_does_not_refresh_is_where_it_is(make: Make<'_>) {
    let store = peopled(make);
    let near = outlook(5, 9);
    assert_eq!(nearest(&*store, &near, 9, 0), "BCDE");
    store.announce(&overlay(), member('D', "10.0.0.9", 100), 1).unwrap();
    store.announce(&overlay(), member('C', "10.0.1.1", 300), 1).unwrap();
    assert!(store.leave(&overlay(), &id('B'), 1));
    assert!(!store.leave(&overlay(), &id('B'), 1));
    assert_eq!(nearest(&*store, &near, 9, 1), "DCE");
    assert_eq!(nearest(&*store, &near, 9, 100), "C");
    assert!(store.member(&overlay(), &id('D'), 99).is_some());
    assert!(store.member(&overlay(), &id('D'), 100).is_none());
    assert_eq!(store.sweep(100).members, 1);
    assert_eq!(store.describe(&overlay(), 100).unwrap().num_peers, 1);
}

fn without_a_map_there_are_members_all_the_same(make: Make<'_>) {
    let store = peopled(make);
    assert_eq!(sorted(nearest(&*store, &Outlook::none(), 9, 0)), "BCDE");
}

fn a_crowd_next_door_leaves_room_and_a_cache_comes_along(make: Make<'_>) {
    let store = peopled(make);
    for name in 'F'..'P' {
        store.announce(&overlay(), member(name, "10.0.0.3", 100), 0).unwrap();
    }
    store.announce(&overlay(), member('Z', "192.0.2.9", 100), 0).unwrap();
    let found = nearest(&*store, &outlook(5, 9), 4, 0);
    assert_eq!((found.len(), &found[4..6]), (8, "CD"));
    assert!(found.contains('Z'), "{found}");
    assert_eq!(store.describe(&overlay(), 0).unwrap().health.caches, 1);
}

fn nobody_is_sent_to_where_nobody_answers(make: Make<'_>) {
    let store = peopled(make);
    let (near, at) = (outlook(5, 9), member('C', "10.0.1.1", 0).address);
    let c = || store.member(&overlay(), &id('C'), 0).unwrap();
    assert!(store.reached(&overlay(), &id('C'), &at, Reach::Unreachable));
    assert_eq!((c().reach, nearest(&*store, &near, 9, 0).as_str()), (Reach::Unreachable, "BDE"));
    // What was found at an old address says nothing of the new one.
    let other = member('C', "10.0.1.2", 0).address;
    assert!(!store.reached(&overlay(), &id('C'), &other, Reach::Reachable));
    // By its relay, as long as that owes it anything.
    assert!(store.relayed(&overlay(), &id('C'), Some(via(50))));
    assert!(!store.relayed(&overlay(), &id('X'), Some(via(50))));
    assert_eq!(c().via.as_deref(), Some(&via(50)));
    let relay = found(&*store, &near, 9, 49).into_iter().find(|found| name(&found.peer) == 'C');
    assert_eq!(relay.unwrap().relay.as_deref(), Some(&via(50)));
    assert_eq!(nearest(&*store, &near, 9, 50), "BDE");
    assert!(store.relayed(&overlay(), &id('C'), None));
    assert_eq!(nearest(&*store, &near, 9, 0), "BDE");
    assert!(store.reached(&overlay(), &id('C'), &at, Reach::Reachable));
    // Whom several complain of is told of as such.
    assert!(store.doubted(&overlay(), &id('C'), 20) && !store.doubted(&overlay(), &id('X'), 20));
    let doubted = |now| {
        let all = found(&*store, &near, 9, now);
        all.iter().filter(|found| found.is_doubted).map(|found| name(&found.peer)).collect()
    };
    assert_eq!((doubted(19), doubted(20)), ("C".to_owned(), String::new()));
}

fn gateways_are_those_of_the_askers_pid(make: Make<'_>) {
    let store = peopled(make);
    let mut cache = member('Z', "10.0.0.8", 100);
    cache.kind = PeerType::Cache;
    store.announce(&overlay(), cache, 0).unwrap();
    let mut relay = member('Y', "10.0.0.7", 100);
    relay.kind = PeerType::Relay;
    store.announce(&overlay(), relay, 0).unwrap();
    store.announce(&overlay(), member('F', "10.0.0.3", 100), 0).unwrap();
    let gateways = |most, now| -> String {
        store.gateways(&overlay(), &outlook(5, 9), most, now).iter().map(name).collect()
    };
    assert_eq!((sorted(gateways(9, 0)).as_str(), gateways(2, 0).len()), ("ABFZ", 2));
    assert_eq!(gateways(9, 100), "");
    assert!(store.gateways(&overlay(), &Outlook::none(), 9, 0).is_empty());
}

fn gateways_are_the_isps_users_from_all_pids_alike(make: Make<'_>) {
    let store = peopled(make);
    let gateways = |prefix: &str, most: usize| -> String {
        let users: Arc<[netmap::IpNet]> = Arc::new([prefix.parse().unwrap()]);
        let own = outlook(5, 9).with_users(users);
        store.gateways(&overlay(), &own, most, 0).iter().map(name).collect()
    };
    // 10.0.0.0/23 is p0 and p1: a member of each before a second one of any; D and E are others'.
    assert_eq!(gateways("10.0.0.0/23", 9), "ACB");
    assert_eq!(gateways("10.0.0.0/23", 2), "AC");
    assert_eq!(gateways("10.0.0.0/22", 9), "ACDB");
}
