//! Refusals, order, tags, and what successive snapshots share.

use std::sync::Arc;

use netmap::{BuildError, MatrixBuilder, Parts, Pid, PidName, Snapshot};
use proptest::prelude::{prop_assert_eq, proptest};

use crate::world::{World, any_world, net, two_sites};

fn refusal(change: impl FnOnce(&mut Parts)) -> BuildError {
    let mut parts = two_sites().parts();
    change(&mut parts);
    Snapshot::build(parts).unwrap_err()
}

#[test]
fn names_have_to_ascend_each_once() {
    let swapped = refusal(|parts| parts.pids.swap(0, 1));
    assert_eq!(swapped.to_string(), "PID MI stands behind RM: names have to ascend, each once");
    let twice = refusal(|parts| parts.pids[1] = parts.pids[0].clone());
    assert!(matches!(twice, BuildError::PidOrder { .. }));
}

#[test]
fn a_prefix_of_a_stranger_is_refused() {
    let error = refusal(|parts| parts.prefixes.push((net("10.0.0.0/8"), Pid::new(2))));
    let expected = "prefix 10.0.0.0/8 belongs to PID number 2, there are 2 PIDs";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_same_prefix_twice_in_one_pid_is_refused() {
    let error = refusal(|parts| parts.prefixes.push(parts.prefixes[0]));
    assert!(matches!(error, BuildError::PrefixTwice { first, second, .. } if first == second));
}

#[test]
fn a_metric_has_one_matrix_of_the_right_size() {
    let twice = refusal(|parts| parts.matrices.push(parts.matrices[0].clone()));
    assert_eq!(twice, BuildError::MetricTwice("routingcost".to_owned()));
    let small = MatrixBuilder::new("hopcount", 0).finish().unwrap();
    let error = refusal(|parts| parts.matrices.push(small));
    let expected = "the cost matrix of metric \"hopcount\" is over 0 PIDs, there are 2";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn an_empty_snapshot_stands() {
    let snapshot = Snapshot::build(Parts::default()).unwrap();
    assert!(snapshot.pids().is_empty() && snapshot.prefixes().is_empty());
    assert_eq!(snapshot.pid_of("192.0.2.1".parse().unwrap()), None);
}

#[test]
fn a_pid_without_prefixes_has_none() {
    let mut world = two_sites();
    world.pids.push("TO".to_owned());
    world.costs.clear();
    let snapshot = world.snapshot();
    let of = |name| snapshot.prefixes().of(snapshot.pids().find(name).unwrap());
    assert_eq!(of("RM"), [net("198.51.100.0/24"), net("2001:db8:2::/48")]);
    assert_eq!(of("TO"), []);
}

#[test]
fn the_order_in_which_prefixes_come_leaves_no_trace() {
    let straight = two_sites().snapshot();
    let mut parts = two_sites().parts();
    parts.prefixes.reverse();
    let reversed = Snapshot::build(parts).unwrap();
    assert_eq!(straight.network_tag(), reversed.network_tag());
    let listed: Vec<_> = reversed.prefixes().iter().map(|(prefix, _)| prefix).collect();
    let order = ["192.0.2.0/24", "198.51.100.0/24", "2001:db8:1::/48", "2001:db8:2::/48"];
    assert_eq!(listed, order.map(net));
}

#[test]
fn a_cost_change_leaves_the_network_tag_alone() {
    let before = two_sites().snapshot();
    let mut world = two_sites();
    let costs = world.costs.get_mut("routingcost").unwrap();
    costs.insert(("MI".to_owned(), "RM".to_owned()), 11_000);
    let after = world.snapshot();
    assert_eq!(before.network_tag(), after.network_tag());
    assert_ne!(before.cost_tag("routingcost"), after.cost_tag("routingcost"));
    assert_eq!(after.cost_tag("hopcount"), None);
    let tag = after.network_tag().as_str();
    assert!(tag.len() == 32 && tag.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
}

#[test]
fn a_network_change_moves_the_cost_tag_too() {
    let before = two_sites().snapshot();
    let mut world = two_sites();
    world.prefixes.insert(net("10.0.0.0/8"), "RM".to_owned());
    let after = world.snapshot();
    assert_ne!(before.network_tag(), after.network_tag());
    assert_ne!(before.cost_tag("routingcost"), after.cost_tag("routingcost"));
}

#[test]
fn an_unchanged_reload_shares_everything() {
    let before = two_sites().snapshot();
    let after = Snapshot::build_beside(two_sites().parts(), &before).unwrap();
    assert!(std::ptr::eq(before.prefixes(), after.prefixes()));
    assert!(Arc::ptr_eq(&before.matrices()[0], &after.matrices()[0]));
}

#[test]
fn a_cost_change_shares_the_network_and_what_comes_out_is_the_same() {
    let before = two_sites().snapshot();
    let mut world = two_sites();
    let costs = world.costs.get_mut("routingcost").unwrap();
    costs.insert(("MI".to_owned(), "RM".to_owned()), 0);
    let beside = Snapshot::build_beside(world.parts(), &before).unwrap();
    assert!(std::ptr::eq(before.prefixes(), beside.prefixes()));
    assert_eq!(World::of(&beside), world);
    let mut matrix = world.parts().matrices.remove(0);
    assert_eq!(matrix.share_rows_with(before.matrix("routingcost").unwrap()), 1, "RM's row");
}

#[test]
fn more_pids_than_sixteen_bits_hold_are_found_again() {
    let count = 70_000_u32;
    let name = |n| PidName::parse(&format!("p{n:05}")).unwrap();
    let prefix = |n: u32| net(&format!("10.{}.{}.0/24", n >> 8 & 255, n & 255));
    let high = |n: u32| net(&format!("2001:db8:{:x}:{:x}::/64", n >> 16, n & 0xffff));
    let mut prefixes: Vec<_> = (0..=0xffff).map(|n| (prefix(n), Pid::new(n))).collect();
    prefixes.extend((0..count).map(|n| (high(n), Pid::new(n))));
    let pids = (0..count).map(name).collect();
    let snapshot = Snapshot::build(Parts { pids, prefixes, matrices: vec![] }).unwrap();
    for (prefix, pid) in snapshot.prefixes().iter() {
        assert_eq!(snapshot.pid_of(prefix.network()), Some(pid), "{prefix}");
        assert_eq!(snapshot.pid_of(prefix.broadcast()), Some(pid), "{prefix}");
    }
}

proptest! {
    #[test]
    fn tags_are_equal_exactly_where_the_content_is(a in any_world(), b in any_world()) {
        let (left, right) = (a.snapshot(), b.snapshot());
        let same_network = a.pids == b.pids && a.prefixes == b.prefixes;
        prop_assert_eq!(left.network_tag() == right.network_tag(), same_network);
        for metric in a.costs.keys() {
            let same = same_network && a.costs.get(metric) == b.costs.get(metric);
            prop_assert_eq!(left.cost_tag(metric) == right.cost_tag(metric), same);
        }
        let again = Snapshot::build_beside(a.parts(), &right).unwrap();
        prop_assert_eq!(again.network_tag(), left.network_tag());
        prop_assert_eq!(World::of(&again), a);
    }
}
