//! Peers that lie, hold back, die or give no receipts: all others still get all, and the right one
//! is named.

use std::time::Duration;

use mp2p::id::PeerId;
use peer::exchange::{Config, ReportKind};

use crate::node::{Fault, Spec};
use crate::pairs::seeds;
use crate::plain::Plain;
use crate::swarm::{content, ranked};
use crate::world::World;

fn signs_wrong(me: PeerId) -> Plain {
    Plain { signs_wrong: true, ..Plain::new(me, 0) }
}

fn signs_nothing(me: PeerId) -> Plain {
    Plain { signs_nothing: true, ..Plain::new(me, 0) }
}

fn no_receipts(me: PeerId) -> Plain {
    Plain { no_receipts: true, ..Plain::new(me, 0) }
}

/// Node 0 is the bad one, node 1 a good one, nodes 2 and 3 fetch.
fn beside(seed: u64, bad: Spec) -> World {
    let size = fastrand::Rng::with_seed(seed).usize(100_000..600_000);
    // What is held back is the end of a fragment: it has to have a beginning.
    let (content, bytes) = content(size, 64 << 10, seed);
    let mut world = World::new(content, bytes, seed, ranked);
    world.add(Spec { seeds: true, ..bad });
    world.add(Spec { seeds: true, mbit: (5.0, 5.0), ..Spec::default() });
    world.add(Spec::default());
    world.add(Spec::default());
    assert!(world.run(Duration::from_secs(300)), "seed {seed}: not all came");
    world
}

/// Reports of bad fragments: all name node 0. How many have its signature, and how many there are.
fn named(world: &World, seed: u64) -> (usize, usize) {
    let reports = world.nodes.iter().flat_map(|node| &node.reports);
    let bad: Vec<_> = reports.filter(|report| report.kind == ReportKind::BadFragment).collect();
    for report in &bad {
        assert_eq!(report.peer, world.nodes[0].id, "seed {seed}: an honest peer is accused");
    }
    let proven = bad.iter().filter(|report| report.evidence.is_some()).count();
    (proven, bad.len())
}

#[test]
fn who_signs_for_other_bytes_is_proven_guilty() {
    let mut proofs = 0;
    for seed in 0..40 {
        let world = beside(seed, Spec { notary: signs_wrong, ..Spec::default() });
        let (proven, all) = named(&world, seed);
        assert_eq!(proven, all, "seed {seed}");
        proofs += proven;
    }
    assert!(proofs >= 40, "{proofs} proofs in 40 runs");
}

#[test]
fn other_bytes_under_the_right_signature_are_fetched_elsewhere_and_told_of_without_proof() {
    let mut told = 0;
    for seed in 0..40 {
        let world = beside(seed, Spec { fault: Fault::OtherBytes, ..Spec::default() });
        let (proven, all) = named(&world, seed);
        assert_eq!(proven, 0, "seed {seed}");
        told += all;
    }
    assert!(told >= 40, "{told} reports in 40 runs");
}

#[test]
fn fragments_without_a_signature_are_refused() {
    let world = beside(3, Spec { notary: signs_nothing, ..Spec::default() });
    assert_eq!(named(&world, 3).0, 0);
    assert!(named(&world, 3).1 > 0);
    let from_it: usize = world.nodes[0].sent.iter().map(|(_, bytes)| bytes).sum();
    assert!(from_it < 300_000, "{from_it} bytes of one that does not sign");
}

#[test]
fn who_holds_back_is_left() {
    for seed in 0..10 {
        let world = beside(seed, Spec { fault: Fault::HoldsBack, ..Spec::default() });
        let reports = world.nodes.iter().flat_map(|node| &node.reports);
        let kinds = [ReportKind::Slow, ReportKind::Timeout];
        let late = reports.filter(|report| kinds.contains(&report.kind));
        assert!(late.clone().all(|report| report.peer == world.nodes[0].id), "seed {seed}");
        assert!(late.count() > 0, "seed {seed}");
    }
}

/// Slow enough that the source is killed in the middle.
#[test]
fn the_best_source_dies_midway_and_all_get_all() {
    seeds(|seed| {
        let (content, bytes) = content(600_000, 16 << 10, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        world.add(Spec { seeds: true, mbit: (4.0, 4.0), ..Spec::default() });
        world.add(Spec { seeds: true, isp: 1, mbit: (2.0, 2.0), ..Spec::default() });
        for _ in 0..3 {
            world.add(Spec::default());
        }
        world.script.push((Duration::from_millis(200 + seed % 1500), |world| world.kill(0)));
        assert!(world.run(Duration::from_secs(120)), "seed {seed}");
    });
}

#[test]
fn without_receipts_little_is_given() {
    let (content, bytes) = content(4 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    let config = Config { unsigned_bytes: 1 << 20, ..Config::default() };
    world.add(Spec { seeds: true, config, ..Spec::default() });
    world.add(Spec { notary: no_receipts, ..Spec::default() });
    world.add(Spec::default());
    world.run_until(Duration::from_secs(30), |world| world.nodes[2].is_done());
    assert!(world.nodes[2].is_done(), "who gives receipts gets all");
    let unsigned = world.nodes[0].engine.links(world.now);
    let unsigned = unsigned.iter().find(|link| link.peer == world.nodes[1].id).unwrap();
    assert!(unsigned.bytes.1 <= (1 << 20) + (16 << 10), "{} bytes given", unsigned.bytes.1);
    assert!(world.nodes[2].receipts > 0 && world.nodes[0].receipts > 0);
}

/// The only source goes in the middle: whoever is left shares out what came, and knows then that
/// nobody has the rest.
#[test]
fn who_has_nothing_that_is_missing_is_no_giver() {
    let (content, bytes) = content(1 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    world.add(Spec { seeds: true, mbit: (2.0, 2.0), ..Spec::default() });
    world.add(Spec::default());
    world.add(Spec::default());
    world.script.push((Duration::from_millis(1500), |world| {
        assert!(world.nodes[1..].iter().all(|node| node.engine.is_given()));
        world.kill(0);
    }));
    world.run_until(Duration::from_secs(60), |_| false);
    for node in &world.nodes[1..] {
        let progress = node.engine.progress(world.now);
        assert!(progress.missing > 0 && progress.links > 0 && !node.engine.is_given());
    }
}
