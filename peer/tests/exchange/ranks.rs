//! Best-ranked neighbours first: what the nearer one has comes from it, as long as it keeps up.

use std::time::Duration;

use peer::exchange::{Candidate, Ranked};

use crate::node::Spec;
use crate::swarm::{content, ranked};
use crate::world::World;

/// A list by number: node 0 is ranked first, and so on; no group is known.
fn by_number(world: &mut World, asker: usize) -> Ranked {
    let others =
        world.nodes.iter().enumerate().filter(|(index, node)| *index != asker && node.alive);
    let candidate = |(index, node): (usize, &crate::node::Node)| Candidate {
        peer: node.id.clone(),
        addresses: vec![node.address.clone()],
        rank: u32::try_from(index + 1).ok(),
        bridge: false,
        overloaded: false,
        cache: node.cache,
    };
    Ranked { entries: others.map(candidate).collect(), group: Vec::new() }
}

/// Part of the content that came from a node.
fn part(world: &World, node: usize) -> f64 {
    let sent: usize = world.nodes[node].sent.iter().map(|(_, bytes)| bytes).sum();
    sent as f64 / world.bytes.len() as f64
}

fn two_sources(seed: u64, mbit: f64, list: fn(&mut World, usize) -> Ranked, far: bool) -> World {
    let (content, bytes) = content(5_000_000, 256 << 10, seed);
    let mut world = World::new(content, bytes, seed, list);
    world.delay = (Duration::from_micros(50), Duration::from_micros(60));
    world.add(Spec { seeds: true, mbit: (mbit, mbit), ..Spec::default() });
    let isp = usize::from(far);
    world.add(Spec { seeds: true, isp, mbit: (1000.0, 1000.0), ..Spec::default() });
    world.add(Spec { mbit: (1000.0, 1000.0), ..Spec::default() });
    assert!(world.run(Duration::from_secs(60)), "seed {seed}");
    world
}

#[test]
fn the_better_ranked_of_two_sources_gives_nearly_all() {
    for seed in 0..20 {
        let world = two_sources(seed, 1000.0, by_number, false);
        assert!(part(&world, 0) > 0.94, "seed {seed}: {:.2}", part(&world, 0));
    }
}

#[test]
fn what_a_near_peer_has_is_not_fetched_from_afar() {
    for seed in 0..20 {
        let world = two_sources(seed, 1000.0, ranked, true);
        assert!(part(&world, 0) > 0.94, "seed {seed}: {:.2}", part(&world, 0));
    }
}

/// As [`ranked`]; those of the own group are said to be overloaded.
fn near_are_overloaded(world: &mut World, asker: usize) -> Ranked {
    let mut list = ranked(world, asker);
    for entry in &mut list.entries {
        entry.overloaded = list.group.contains(&entry.peer);
    }
    list
}

#[test]
fn near_peers_that_are_overloaded_are_asked_as_long_as_nothing_may_come_from_afar() {
    for seed in 0..20 {
        let world = two_sources(seed, 1000.0, near_are_overloaded, true);
        assert!(part(&world, 0) > 0.94, "seed {seed}: {:.2}", part(&world, 0));
    }
}

#[test]
fn who_is_ranked_first_and_slow_is_helped() {
    let world = two_sources(1, 4.0, by_number, false);
    let took = world.nodes[2].took(world.start).unwrap();
    // Alone it would need 10 s.
    assert!(took < Duration::from_secs(3), "{took:?}");
}

/// A cache server that takes 0.2 Mbit/s comes first, and keeps nobody waiting: 5 MB are with the
/// other one after the 5 s that they take at 8 Mbit/s, and some more.
#[test]
fn a_slow_cache_leaves_the_uplink_to_others() {
    let (content, bytes) = content(5_000_000, 256 << 10, 1);
    let mut world = World::new(content, bytes, 1, by_number);
    world.add(Spec { seeds: true, mbit: (8.0, 8.0), ..Spec::default() });
    world.add(Spec { cache: true, mbit: (0.2, 0.2), ..Spec::default() });
    world.add(Spec { mbit: (20.0, 20.0), ..Spec::default() });
    world.run_until(Duration::from_secs(60), |world| world.nodes[2].is_done());
    let took = world.nodes[2].took(world.start);
    assert!(took.is_some_and(|took| took < Duration::from_millis(6500)), "{took:?}");
}
