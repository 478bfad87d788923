//! Lists over candidates whose order is plain to see.

use mp2p::id::PeerId;
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::message::list::PeerType;
use proptest::prelude::*;

use crate::overlay::Found;
use crate::ranking::{Placed, Policy, plain, rank};
use crate::scores::Brief;
use crate::settings::Overloaded;

const POLICY: Policy =
    Policy { size: 10, bridge_percent: 20, overloaded: Overloaded::Last, class: 0 };

fn found(name: u8, ordinal: Option<u32>) -> Found {
    Found {
        peer: PeerId::of_digest([name; 32]),
        kind: PeerType::Peer,
        address: PeerAddress {
            ip_address: "192.0.2.1".parse().unwrap(),
            port: 7000,
            kind: AddressKind::Host,
        },
        relay: None,
        met: None,
        class_floor: 0,
        show_status: false,
        is_doubted: false,
        pid: None,
        ordinal,
        seat: u32::from(name),
        brief: None,
        status: None,
    }
}

fn cache(name: u8, ordinal: Option<u32>) -> Found {
    Found { kind: PeerType::Cache, ..found(name, ordinal) }
}

/// Candidates as in `found`, with scores.
fn scored(found: Vec<Found>, scores: &[Option<f32>]) -> Vec<Found> {
    let brief = |score: f32| Brief { score, is_overloaded: score < 0.1, age_s: 0 };
    let scored = found.into_iter().zip(scores);
    scored.map(|(found, score)| Found { brief: score.map(brief), ..found }).collect()
}

fn names(list: &[Placed]) -> Vec<u8> {
    list.iter().map(|one| one.found.peer.digest()[0]).collect()
}

#[test]
fn the_isps_cost_comes_before_the_score_and_no_cost_comes_last() {
    let candidates = vec![found(1, None), found(2, Some(7)), found(3, Some(2)), found(4, Some(7))];
    let candidates = scored(candidates, &[Some(1.0), Some(0.3), Some(0.2), Some(0.9)]);
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), [3, 4, 2, 1]);
    let ranks: Vec<_> = list.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [Some(1), Some(2), Some(2), None]);
}

/// TR 20002 §8.3.2: the candidate that is overloaded stands last, or not at all.
#[test]
fn the_overloaded_stand_last_or_not_at_all_by_policy() {
    let candidates = vec![found(1, Some(1)), found(2, Some(2)), found(3, Some(3))];
    let candidates = scored(candidates, &[Some(0.05), Some(0.5), None]);
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), [2, 3, 1]);
    assert!(list[2].demoted.is_some() && list[2].rank == Some(1));
    let drop = Policy { overloaded: Overloaded::Drop, ..POLICY };
    assert_eq!(names(&rank(&candidates, &drop)), [2, 3]);
}

#[test]
fn whom_several_users_complain_of_stands_last_for_a_while() {
    let doubted = Found { is_doubted: true, ..found(1, Some(1)) };
    assert_eq!(names(&rank(&[doubted, found(2, Some(2))], &POLICY)), [2, 1]);
    assert_eq!(names(&rank(&[found(1, Some(1)), found(2, Some(2))], &POLICY)), [1, 2]);
}

#[test]
fn a_fifth_of_a_long_list_comes_from_beyond_the_nearest() {
    let near = (0..30).map(|name| found(name, Some(0)));
    let far = (100..130).map(|name| found(name, Some(u32::from(name))));
    let list = rank(&near.chain(far).collect::<Vec<_>>(), &POLICY);
    assert_eq!(list.len(), 10);
    assert_eq!(names(&list)[8..], [100, 101]);
    let bridges: Vec<bool> = list.iter().map(|one| one.bridge).collect();
    assert_eq!(bridges, [vec![false; 8], vec![true; 2]].concat());
    // One at least, however short the list; none where nobody is beyond.
    let two = Policy { size: 2, ..POLICY };
    let candidates = |far: u8| -> Vec<Found> {
        (0..5).map(|name| found(name, Some(u32::from(name == far)))).collect()
    };
    assert_eq!(names(&rank(&candidates(4), &two)), [0, 4]);
    assert_eq!(names(&rank(&candidates(9), &two)), [0, 1]);
}

#[test]
fn entries_that_are_far_anyway_need_no_bridges() {
    let candidates: Vec<Found> = (0..20).map(|name| found(name, Some(u32::from(name)))).collect();
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), (0..10).collect::<Vec<_>>());
    assert!(list.iter().all(|one| !one.bridge));
}

#[test]
fn a_cache_is_the_first_bridge() {
    let near = (0..30).map(|name| found(name, Some(0)));
    let far = (100..110).map(|name| found(name, Some(1)));
    let candidates: Vec<Found> = near.chain(far).chain([cache(200, Some(9))]).collect();
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list)[8..], [100, 200]);
}

#[test]
fn who_serves_higher_classes_only_is_left_out() {
    let picky = Found { class_floor: 2, ..found(1, Some(0)) };
    let candidates = vec![picky, found(2, Some(1))];
    assert_eq!(names(&rank(&candidates, &POLICY)), [2]);
    let higher = Policy { class: 2, ..POLICY };
    assert_eq!(names(&rank(&candidates, &higher)), [1, 2]);
}

fn candidate() -> impl Strategy<Value = Found> {
    let scores = prop_oneof![Just(f32::NAN), Just(-0.0), Just(0.0), -1.0..2.0_f32];
    let brief = (scores, any::<bool>()).prop_map(|(score, is_overloaded)| Brief {
        score,
        is_overloaded,
        age_s: 0,
    });
    let parts = (
        prop::option::weighted(0.8, prop_oneof![0..4_u32, any::<u32>()]),
        prop::option::of(brief),
        (0..3_u8, prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
    );
    parts.prop_map(|(ordinal, brief, (class_floor, is_doubted, is_cache))| {
        let kind = if is_cache { PeerType::Cache } else { PeerType::Peer };
        // The last number means none.
        let ordinal = ordinal.filter(|ordinal| *ordinal != u32::MAX);
        Found { kind, brief, class_floor, is_doubted, ..found(0, ordinal) }
    })
}

proptest! {
    #[test]
    fn a_list_is_that_of_the_plain_way(
        candidates in prop::collection::vec(candidate(), 0..80),
        (size, bridge_percent, class) in (0..30_usize, 0..101_u8, 0..3_u8),
        drops in any::<bool>(),
    ) {
        let overloaded = if drops { Overloaded::Drop } else { Overloaded::Last };
        let policy = Policy { size, bridge_percent, overloaded, class };
        let numbered = (0..).zip(candidates).map(|(seat, found)| Found { seat, ..found });
        let candidates: Vec<Found> = numbered.collect();
        let told = |list: Vec<Placed>| -> Vec<_> {
            let one = |it: Placed| (it.found.seat, it.rank, it.bridge, it.demoted);
            list.into_iter().map(one).collect()
        };
        let quick = told(rank(&candidates, &policy));
        prop_assert_eq!(quick, told(plain::rank(candidates, &policy)));
    }
}
