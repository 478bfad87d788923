//! What changed: told in one line, listed, and enough to make the new out of the old.

use netmap::{Diff, Snapshot, changed_pairs};
use proptest::prelude::{prop_assert_eq, proptest};

use crate::world::{World, any_world, net, thousandths, two_sites};

#[test]
fn nothing_changed() {
    let diff = Diff::between(&two_sites().snapshot(), &two_sites().snapshot());
    assert!(diff.is_empty());
    assert_eq!(diff.to_string(), "no change");
}

#[test]
fn a_site_comes_a_prefix_moves_a_cost_rises() {
    let old = two_sites();
    let mut new = old.clone();
    new.pids.push("TO".to_owned());
    new.prefixes.insert(net("203.0.113.0/24"), "TO".to_owned());
    new.prefixes.insert(net("2001:db8:2::/48"), "TO".to_owned());
    let costs = new.costs.get_mut("routingcost").unwrap();
    costs.insert(("MI".to_owned(), "RM".to_owned()), 12_000);
    costs.insert(("TO".to_owned(), "MI".to_owned()), 5_000);
    costs.remove(&("RM".to_owned(), "RM".to_owned()));
    let diff = Diff::between(&old.snapshot(), &new.snapshot());
    assert_eq!(diff.to_string(), "pids +1 -0, prefixes +1 -0 ~1, routingcost +1 -1 ~1");
    assert_eq!(diff.prefixes_moved[0].from.as_str(), "RM");
    assert_eq!(diff.prefixes_moved[0].to.as_str(), "TO");
    assert_eq!(diff.pids_added[0].as_str(), "TO");
}

#[test]
fn a_metric_that_comes_counts_with_all_its_pairs() {
    let old = two_sites();
    let mut new = old.clone();
    new.costs.insert("hopcount".to_owned(), old.costs["routingcost"].clone());
    let diff = Diff::between(&old.snapshot(), &new.snapshot());
    assert_eq!(diff.metrics_added, ["hopcount"]);
    assert_eq!(diff.costs[0].appeared, 4);
    let back = Diff::between(&new.snapshot(), &old.snapshot());
    assert_eq!(back.metrics_removed, ["hopcount"]);
    assert_eq!(back.costs[0].vanished, 4);
}

/// Makes the new network out of the old one and what changed.
fn replay(mut world: World, old: &Snapshot, new: &Snapshot) -> World {
    let diff = Diff::between(old, new);
    world.pids.retain(|name| diff.pids_removed.iter().all(|gone| gone.as_str() != name));
    world.pids.extend(diff.pids_added.iter().map(ToString::to_string));
    world.pids.sort_unstable();
    for (prefix, _) in &diff.prefixes_removed {
        world.prefixes.remove(prefix);
    }
    let moved = diff.prefixes_moved.iter().map(|moved| (moved.prefix, moved.to.to_string()));
    let added = diff.prefixes_added.iter().map(|(prefix, pid)| (*prefix, pid.to_string()));
    world.prefixes.extend(moved.chain(added));
    for metric in &diff.metrics_added {
        world.costs.entry(metric.clone()).or_default();
    }
    for costs in &diff.costs {
        let metric = world.costs.entry(costs.metric.clone()).or_default();
        for change in changed_pairs(old, new, &costs.metric) {
            let pair = (change.from.to_string(), change.to.to_string());
            match change.new {
                Some(cost) => metric.insert(pair, thousandths(cost)),
                None => metric.remove(&pair),
            };
        }
    }
    diff.metrics_removed.iter().for_each(|metric| drop(world.costs.remove(metric)));
    world
}

proptest! {
    #[test]
    fn the_old_and_the_difference_make_the_new(old in any_world(), new in any_world()) {
        let before = old.snapshot();
        let after = Snapshot::build_beside(new.parts(), &before).unwrap();
        let diff = Diff::between(&before, &after);
        prop_assert_eq!(diff.is_empty(), old == new);
        for costs in &diff.costs {
            let pairs = changed_pairs(&before, &after, &costs.metric).count();
            prop_assert_eq!(pairs, costs.changed + costs.appeared + costs.vanished);
        }
        prop_assert_eq!(replay(old, &before, &after), new);
    }
}
