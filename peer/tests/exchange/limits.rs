//! Limits hold in every second, change at once, and are shared by class.

use std::time::{Duration, Instant};

use peer::exchange::Rates;

use crate::node::Spec;
use crate::plain::Plain;
use crate::swarm::{content, ranked};
use crate::world::World;

/// The most that passed in any second.
fn most_in_a_second(passed: &[(Instant, usize)], from: Instant) -> usize {
    let passed: Vec<_> = passed.iter().filter(|(at, _)| *at >= from).collect();
    let mut most = 0;
    for (first, (start, _)) in passed.iter().enumerate() {
        let second = passed[first..].iter();
        let second = second.take_while(|(at, _)| *at - *start < Duration::from_secs(1));
        most = most.max(second.map(|(_, bytes)| bytes).sum());
    }
    most
}

/// The rate, a burst of an eighth of it, and what is not DATA.
fn allowed(rate: usize) -> usize {
    rate + (rate / 8).max(4 << 10) + 4096
}

/// Whole fragments that node 0 gave to another, bytes.
fn given(world: &World, to: usize) -> u64 {
    let links = world.nodes[0].engine.links(world.now);
    links.iter().find(|link| link.peer == world.nodes[to].id).map_or(0, |link| link.bytes.1)
}

#[test]
fn what_is_sent_stays_below_the_limit_in_every_second_and_uses_it() {
    for rate in [20_000, 200_000, 1_000_000] {
        let (content, bytes) = content(rate * 8, 16 << 10, 1);
        let mut world = World::new(content, bytes, 1, ranked);
        let rates = Rates { up: Some(rate as u64), ..Rates::default() };
        world.add(Spec { seeds: true, rates, ..Spec::default() });
        world.add(Spec::default());
        assert!(world.run(Duration::from_secs(60)));
        let most = most_in_a_second(&world.nodes[0].sent, world.start);
        assert!(most <= allowed(rate), "{most} of {rate}");
        let took = world.nodes[1].took(world.start).unwrap();
        assert!(took < Duration::from_secs(10), "{rate}: {took:?}");
    }
}

#[test]
fn what_is_received_stays_below_the_limit_too() {
    let rate = 300_000;
    let (content, bytes) = content(rate * 6, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    for _ in 0..3 {
        world.add(Spec { seeds: true, ..Spec::default() });
    }
    let rates = Rates { down: Some(rate as u64), ..Rates::default() };
    let getter = world.add(Spec { rates, ..Spec::default() });
    assert!(world.run(Duration::from_secs(60)));
    let most = most_in_a_second(&world.nodes[getter].received, world.start);
    assert!(most <= allowed(rate) + (16 << 10), "{most}");
    assert!(world.nodes[getter].took(world.start).unwrap() < Duration::from_secs(9));
}

#[test]
fn a_limit_that_changes_counts_at_once() {
    let (content, bytes) = content(4 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    world.add(Spec { seeds: true, ..Spec::default() });
    world.add(Spec::default());
    world.script.push((Duration::from_millis(700), |world| {
        let now = world.now;
        let rates = Rates { up: Some(100_000), ..Rates::default() };
        world.nodes[0].budget.set(rates, now);
    }));
    world.run_until(Duration::from_secs(10), |_| false);
    // What the driver had is still written: a tenth of a second.
    let after = world.start + Duration::from_millis(900);
    let sent = &world.nodes[0].sent;
    let most = most_in_a_second(sent, after);
    assert!(most <= allowed(100_000), "{most}");
    let before = most_in_a_second(sent, world.start);
    assert!(before > 1_000_000, "{before}");
}

#[test]
fn one_peer_and_one_class_have_limits_of_their_own() {
    let (content, bytes) = content(2 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    let rates =
        Rates { peer_up: Some(100_000), class_up: [(3, 50_000)].into(), ..Rates::default() };
    world.add(Spec { seeds: true, rates, ..Spec::default() });
    world.add(Spec::default());
    world.add(Spec { notary: |me| Plain::new(me, 3), ..Spec::default() });
    world.run_until(Duration::from_secs(10), |_| false);
    let got = |node: usize| given(&world, node);
    assert!((900_000..1_000_000).contains(&got(1)), "{}", got(1));
    assert!((440_000..500_000).contains(&got(2)), "{}", got(2));
}

/// Weights are 1 and 4: of 250,000 bytes a second the higher class has four fifths, and the lowest
/// does not starve.
#[test]
fn the_higher_class_is_served_first_and_the_lowest_never_starves() {
    let (content, bytes) = content(8 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    let rates = Rates { up: Some(250_000), ..Rates::default() };
    world.add(Spec { seeds: true, rates, ..Spec::default() });
    for _ in 0..3 {
        world.add(Spec::default());
    }
    world.add(Spec { notary: |me| Plain::new(me, 3), ..Spec::default() });
    world.run_until(Duration::from_secs(20), |_| false);
    let got = |node: usize| given(&world, node);
    let (low, high) = (got(1) + got(2) + got(3), got(4));
    let part = high as f64 / (low + high) as f64;
    assert!((0.74..0.84).contains(&part), "{part:.2}");
    assert!((1..4).all(|node| got(node) > 150_000), "{} {} {}", got(1), got(2), got(3));
}

#[test]
fn a_stop_reaches_all_and_whoever_comes_later() {
    let (content, bytes) = content(8 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    world.add(Spec { seeds: true, mbit: (2.0, 2.0), ..Spec::default() });
    for _ in 0..12 {
        world.add(Spec { mbit: (2.0, 2.0), ..Spec::default() });
    }
    world.script.push((Duration::from_secs(3), |world| {
        let now = world.now;
        world.nodes[5].engine.stop("stop".into(), now);
        world.drive(5);
    }));
    let stopped = |world: &World| world.nodes.iter().all(|node| node.stopped_at.is_some());
    assert!(world.run_until(Duration::from_secs(10), stopped));
    let slowest = world.nodes.iter().filter_map(|node| node.stopped_at).max().unwrap();
    assert!(slowest - world.start < Duration::from_secs(5));
    // The order is passed on, and nothing moves after it.
    world.add(Spec::default());
    assert!(world.run_until(Duration::from_secs(60), stopped), "who comes later hears of it");
    assert_eq!(world.nodes[13].stored.held(), 0);
}

/// The source is told of nothing that it has itself, and so not that the other has all by now.
#[test]
fn a_link_between_two_who_have_all_is_given_up() {
    let (content, bytes) = content(100_000, 16 << 10, 3);
    let mut world = World::new(content, bytes, 3, ranked);
    world.add(Spec { seeds: true, ..Spec::default() });
    world.add(Spec::default());
    assert!(world.run(Duration::from_secs(60)), "not all came");
    let apart =
        |world: &World| world.nodes.iter().all(|node| node.engine.progress(world.now).links == 0);
    assert!(!apart(&world));
    assert!(world.run_until(Duration::from_secs(60), apart), "it holds a place for nothing");
}
