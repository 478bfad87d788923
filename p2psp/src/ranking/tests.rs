//! Lists over candidates whose order is plain to see.

use std::sync::Arc;

use mp2p::id::PeerId;
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use mp2p::message::status::PeerStatus;

use crate::calls::Standing;
use crate::overlay::{Found, Member, Reach};
use crate::ranking::{Placed, Policy, rank};
use crate::settings::Overloaded;

const POLICY: Policy =
    Policy { size: 10, bridge_percent: 20, overloaded: Overloaded::Last, now: 0, class: 0 };

fn found(name: u8, ordinal: Option<u32>) -> Found {
    let member = Member {
        peer: PeerId::parse(&format!("{name:064x}")).unwrap(),
        user: None,
        class: 0,
        kind: PeerType::Peer,
        address: PeerAddress {
            ip_address: "192.0.2.1".parse().unwrap(),
            port: 7000,
            kind: AddressKind::Host,
        },
        reach: Reach::Reachable,
        nat: Nat::Unknown,
        rendezvous: false,
        via: None,
        doubted_until: 0,
        profiled: 0,
        consent: None,
        policy: SharingPolicy::default(),
        expires: 0,
    };
    Found { member: Arc::new(member), pid: None, ordinal }
}

fn cache(name: u8, ordinal: Option<u32>) -> Found {
    let mut found = found(name, ordinal);
    Arc::make_mut(&mut found.member).kind = PeerType::Cache;
    found
}

fn standing(score: f32) -> Option<Standing> {
    let status = PeerStatus::default();
    Some(Standing { score, is_overloaded: score < 0.1, status, age_s: 0 })
}

fn names(list: &[Placed]) -> Vec<u8> {
    let name =
        |one: &Placed| u8::from_str_radix(&one.found.member.peer.digits()[62..], 16).unwrap();
    list.iter().map(name).collect()
}

#[test]
fn the_isps_cost_comes_before_the_score_and_no_cost_comes_last() {
    let candidates = vec![found(1, None), found(2, Some(7)), found(3, Some(2)), found(4, Some(7))];
    let standings = vec![standing(1.0), standing(0.3), standing(0.2), standing(0.9)];
    let list = rank(candidates, standings, &POLICY);
    assert_eq!(names(&list), [3, 4, 2, 1]);
    let ranks: Vec<_> = list.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [Some(1), Some(2), Some(2), None]);
}

/// TR 20002 §8.3.2: the candidate that is overloaded stands last, or not at all.
#[test]
fn the_overloaded_stand_last_or_not_at_all_by_policy() {
    let candidates = || vec![found(1, Some(1)), found(2, Some(2)), found(3, Some(3))];
    let standings = || vec![standing(0.05), standing(0.5), None];
    let list = rank(candidates(), standings(), &POLICY);
    assert_eq!(names(&list), [2, 3, 1]);
    assert!(list[2].demoted.is_some() && list[2].rank == Some(1));
    let drop = Policy { overloaded: Overloaded::Drop, ..POLICY };
    assert_eq!(names(&rank(candidates(), standings(), &drop)), [2, 3]);
}

#[test]
fn whom_several_users_complain_of_stands_last_for_a_while() {
    let mut doubted = found(1, Some(1));
    Arc::make_mut(&mut doubted.member).doubted_until = 100;
    let candidates = || vec![doubted.clone(), found(2, Some(2))];
    assert_eq!(names(&rank(candidates(), Vec::new(), &Policy { now: 99, ..POLICY })), [2, 1]);
    assert_eq!(names(&rank(candidates(), Vec::new(), &Policy { now: 100, ..POLICY })), [1, 2]);
}

#[test]
fn a_fifth_of_a_long_list_comes_from_beyond_the_nearest() {
    let near = (0..30).map(|name| found(name, Some(0)));
    let far = (100..130).map(|name| found(name, Some(u32::from(name))));
    let list = rank(near.chain(far).collect(), Vec::new(), &POLICY);
    assert_eq!(list.len(), 10);
    assert_eq!(names(&list)[8..], [100, 101]);
    let bridges: Vec<bool> = list.iter().map(|one| one.bridge).collect();
    assert_eq!(bridges, [vec![false; 8], vec![true; 2]].concat());
    // One at least, however short the list; none where nobody is beyond.
    let two = Policy { size: 2, ..POLICY };
    let candidates = || (0..5).map(|name| found(name, Some(u32::from(name == 4)))).collect();
    assert_eq!(names(&rank(candidates(), Vec::new(), &two)), [0, 4]);
    let alike = (0..5).map(|name| found(name, Some(0))).collect();
    assert_eq!(names(&rank(alike, Vec::new(), &two)), [0, 1]);
}

#[test]
fn entries_that_are_far_anyway_need_no_bridges() {
    let candidates = (0..20).map(|name| found(name, Some(u32::from(name)))).collect();
    let list = rank(candidates, Vec::new(), &POLICY);
    assert_eq!(names(&list), (0..10).collect::<Vec<_>>());
    assert!(list.iter().all(|one| !one.bridge));
}

#[test]
fn a_cache_is_the_first_bridge() {
    let near = (0..30).map(|name| found(name, Some(0)));
    let far = (100..110).map(|name| found(name, Some(1)));
    let candidates = near.chain(far).chain([cache(200, Some(9))]).collect();
    let list = rank(candidates, Vec::new(), &POLICY);
    assert_eq!(names(&list)[8..], [100, 200]);
}

#[test]
fn who_serves_higher_classes_only_is_left_out() {
    let mut picky = found(1, Some(0));
    Arc::make_mut(&mut picky.member).policy.class_floor = 2;
    let candidates = vec![picky, found(2, Some(1))];
    assert_eq!(names(&rank(candidates.clone(), Vec::new(), &POLICY)), [2]);
    let higher = Policy { class: 2, ..POLICY };
    let list = rank(candidates, Vec::new(), &higher);
    assert_eq!(names(&list), [1, 2]);
}
