//! Lists over candidates whose order is plain to see.

use proptest::prelude::*;

use crate::ranking::{Enough, Place, Policy, Sketch, order, plain};
use crate::scores::Brief;
use crate::settings::Overloaded;

const POLICY: Policy =
    Policy { size: 10, bridge_percent: 20, overloaded: Overloaded::Last, class: 0 };

/// A candidate that is called as in the test.
type Named = (u8, Sketch);

fn found(name: u8, ordinal: Option<u32>) -> Named {
    (name, Sketch::of(ordinal, None))
}

fn cache(name: u8, ordinal: Option<u32>) -> Named {
    (name, Sketch { is_cache: true, ..found(name, ordinal).1 })
}

/// Somebody at a cost, with a score.
fn scored(name: u8, ordinal: Option<u32>, score: Option<f32>) -> Named {
    let brief = |score: f32| Brief { score, is_overloaded: score < 0.1, age_s: 0 };
    (name, Sketch::of(ordinal, score.map(brief)))
}

fn rank(candidates: &[Named], policy: &Policy) -> Vec<(u8, Place)> {
    let sketches: Vec<Sketch> = candidates.iter().map(|(_, sketch)| *sketch).collect();
    let places = order(&sketches, policy).into_iter();
    places.map(|place| (candidates[place.candidate].0, place)).collect()
}

fn names(list: &[(u8, Place)]) -> Vec<u8> {
    list.iter().map(|(name, _)| *name).collect()
}

#[test]
fn the_isps_cost_comes_before_the_score_and_no_cost_comes_last() {
    let candidates = [
        scored(1, None, Some(1.0)),
        scored(2, Some(7), Some(0.3)),
        scored(3, Some(2), Some(0.2)),
        scored(4, Some(7), Some(0.9)),
    ];
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), [3, 4, 2, 1]);
    let ranks: Vec<_> = list.iter().map(|(_, one)| one.rank).collect();
    assert_eq!(ranks, [Some(1), Some(2), Some(2), None]);
}

/// TR 20002 §8.3.2: the candidate that is overloaded stands last, or not at all.
#[test]
fn the_overloaded_stand_last_or_not_at_all_by_policy() {
    let candidates =
        [scored(1, Some(1), Some(0.05)), scored(2, Some(2), Some(0.5)), scored(3, Some(3), None)];
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), [2, 3, 1]);
    assert!(list[2].1.demoted.is_some() && list[2].1.rank == Some(1));
    let drop = Policy { overloaded: Overloaded::Drop, ..POLICY };
    assert_eq!(names(&rank(&candidates, &drop)), [2, 3]);
}

#[test]
fn whom_several_users_complain_of_stands_last_for_a_while() {
    let doubted = (1, Sketch { is_doubted: true, ..found(1, Some(1)).1 });
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
    let bridges: Vec<bool> = list.iter().map(|(_, one)| one.bridge).collect();
    assert_eq!(bridges, [vec![false; 8], vec![true; 2]].concat());
    // One at least, however short the list; none where nobody is beyond.
    let two = Policy { size: 2, ..POLICY };
    let candidates = |far: u8| -> Vec<Named> {
        (0..5).map(|name| found(name, Some(u32::from(name == far)))).collect()
    };
    assert_eq!(names(&rank(&candidates(4), &two)), [0, 4]);
    assert_eq!(names(&rank(&candidates(9), &two)), [0, 1]);
}

#[test]
fn entries_that_are_far_anyway_need_no_bridges() {
    let candidates: Vec<Named> = (0..20).map(|name| found(name, Some(u32::from(name)))).collect();
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list), (0..10).collect::<Vec<_>>());
    assert!(list.iter().all(|(_, one)| !one.bridge));
}

#[test]
fn a_cache_is_the_first_bridge() {
    let near = (0..30).map(|name| found(name, Some(0)));
    let far = (100..110).map(|name| found(name, Some(1)));
    let candidates: Vec<Named> = near.chain(far).chain([cache(200, Some(9))]).collect();
    let list = rank(&candidates, &POLICY);
    assert_eq!(names(&list)[8..], [100, 200]);
}

#[test]
fn who_serves_higher_classes_only_is_left_out() {
    let picky = (1, Sketch { class_floor: 2, ..found(1, Some(0)).1 });
    let candidates = vec![picky, found(2, Some(1))];
    assert_eq!(names(&rank(&candidates, &POLICY)), [2]);
    let higher = Policy { class: 2, ..POLICY };
    assert_eq!(names(&rank(&candidates, &higher)), [1, 2]);
}

fn candidate() -> impl Strategy<Value = Sketch> {
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
        // The last number means none.
        let ordinal = ordinal.filter(|ordinal| *ordinal != u32::MAX);
        Sketch { is_doubted, is_cache, class_floor, ..Sketch::of(ordinal, brief) }
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let parts = (0..30_usize, 0..101_u8, 0..3_u8, any::<bool>());
    parts.prop_map(|(size, bridge_percent, class, drops)| {
        let overloaded = if drops { Overloaded::Drop } else { Overloaded::Last };
        Policy { size, bridge_percent, overloaded, class }
    })
}

proptest! {
    #[test]
    fn a_list_is_that_of_the_plain_way(
        candidates in prop::collection::vec(candidate(), 0..80),
        policy in policy(),
    ) {
        prop_assert_eq!(order(&candidates, &policy), plain::order(&candidates, &policy));
    }

    /// Near to far, in groups of one distance; `last` come after the others, from anywhere.
    #[test]
    fn what_comes_after_enough_changes_nothing(
        mut candidates in prop::collection::vec(candidate(), 0..80),
        last in prop::collection::vec(candidate(), 0..4),
        policy in policy(),
    ) {
        candidates.sort_by_key(|sketch| sketch.distance);
        let mut enough = Enough::new(&policy, last.len());
        let mut some = Vec::new();
        for alike in candidates.chunk_by(|a, b| a.distance == b.distance) {
            some.extend_from_slice(alike);
            let count = alike.iter().filter(|sketch| enough.takes(sketch)).count();
            enough.note(alike[0].distance, count);
            if enough.is_reached() {
                break;
            }
        }
        let told = |some: &[Sketch]| -> Vec<(usize, Place)> {
            let all = [some, &last].concat();
            let moved = |at: usize| if at < some.len() { at } else { at + 1000 - some.len() };
            let places = plain::order(&all, &policy).into_iter();
            places.map(|it| (moved(it.candidate), Place { candidate: 0, ..it })).collect()
        };
        // Caches among the first are as good as those that come last.
        let has_caches = candidates.iter().any(|sketch| sketch.is_cache);
        prop_assume!(!has_caches || !last.is_empty());
        prop_assert_eq!(told(&some), told(&candidates));
    }
}
