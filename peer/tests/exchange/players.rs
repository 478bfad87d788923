//! Deadline first: what is played next is fetched before the rest.

use std::time::Duration;

use peer::exchange::{Config, Order};

use crate::node::{Fault, Spec};
use crate::swarm::{content, ranked};
use crate::world::{Step, World};

/// Two sources of 4 Mbit/s each, with 128 fragments of 16 KiB: 2 seconds are half of it.
fn cinema(order: Order) -> (World, usize) {
    let (content, bytes) = content(2 << 20, 16 << 10, 1);
    let mut world = World::new(content, bytes, 1, ranked);
    world.add(Spec { seeds: true, mbit: (4.0, 4.0), ..Spec::default() });
    world.add(Spec { seeds: true, mbit: (4.0, 4.0), ..Spec::default() });
    let player =
        world.add(Spec { config: Config { order, ..Config::default() }, ..Spec::default() });
    (world, player)
}

/// Fragments that are there one after the other, from one of them on.
fn in_a_row(world: &World, node: usize, from: u32) -> usize {
    (from..128).take_while(|&fragment| world.nodes[node].stored.has(fragment)).count()
}

#[test]
fn who_plays_gets_what_is_played_next() {
    let (mut world, player) = cinema(Order::Stream { ahead: 8 });
    world.run_until(Duration::from_secs(2), |_| false);
    let first = in_a_row(&world, player, 0);
    let held = world.nodes[player].stored.held();
    assert!(first >= 8, "the first {first} of {held} are there");
}

/// One plays the beginning and one the last quarter; who begins to play later is heard too.
#[test]
fn each_of_two_players_gets_what_it_plays_next() {
    let (mut world, player) = cinema(Order::Rarest);
    world.script.push((Duration::from_millis(100), |world| {
        let now = world.now;
        world.nodes[2].engine.play_from(&[0, 96], 8, now);
        world.drive(2);
    }));
    world.run_until(Duration::from_secs(1), |_| false);
    let held = world.nodes[player].stored.held();
    for from in [0, 96] {
        let there = in_a_row(&world, player, from);
        assert!(there >= 8, "{there} from {from} on, of {held}");
    }
}

/// In a group, what is played next is fetched from afar at once, whoever's share it is.
#[test]
fn a_player_waits_for_nobodys_share() {
    for seed in 0..10 {
        let (content, bytes) = content(2 << 20, 16 << 10, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        world.add(Spec { isp: 1, seeds: true, mbit: (8.0, 8.0), ..Spec::default() });
        // Members of the player's group that are slow to get their shares.
        for _ in 0..3 {
            world.add(Spec { mbit: (1.0, 0.2), ..Spec::default() });
        }
        let order = Order::Stream { ahead: 16 };
        let config = Config { order, ..Config::default() };
        let player = world.add(Spec { config, ..Spec::default() });
        world.run_until(Duration::from_secs(4), |_| false);
        let there = in_a_row(&world, player, 0);
        assert!(there >= 16, "seed {seed}: {there}");
    }
}

/// The fragment that is played now does not hang on one peer that never ends it.
#[test]
fn what_is_played_now_is_asked_for_elsewhere() {
    for seed in 0..10 {
        let (content, bytes) = content(2 << 20, 16 << 10, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        world.add(Spec { seeds: true, fault: Fault::HoldsBack, ..Spec::default() });
        world.add(Spec { seeds: true, mbit: (1.0, 1.0), ..Spec::default() });
        let order = Order::Stream { ahead: 8 };
        let config = Config { order, ..Config::default() };
        let player = world.add(Spec { config, ..Spec::default() });
        world.run_until(Duration::from_secs(8), |_| false);
        let there = in_a_row(&world, player, 0);
        assert!(there >= 8, "seed {seed}: {there}");
    }
}

/// What gives way to a player asks for nothing more, and goes on then: of 2 MiB in 2.1 s, what was
/// asked for comes in the 3 s meanwhile, on each of two links a fragment and what 0.3 s bring.
#[test]
fn who_leaves_the_line_to_another_asks_for_nothing_meanwhile() {
    let (mut world, getter) = cinema(Order::Rarest);
    let begins = Duration::from_millis(300);
    world.script.push((begins, |world| {
        let now = world.now;
        world.nodes[2].engine.pause(now + Duration::from_secs(3), now);
        world.drive(2);
    }));
    assert!(world.run(Duration::from_secs(10)));
    let (start, node) = (world.start, &world.nodes[getter]);
    let meanwhile = start + begins..start + begins + Duration::from_secs(3);
    let came = node.received.iter().filter(|(at, _)| meanwhile.contains(at));
    let came: usize = came.map(|(_, bytes)| bytes).sum();
    assert!(came <= 2 * ((16 << 10) + 150_000) + 10_000, "{came} bytes");
}

/// Of two players one lacks what it plays next, then neither does.
#[test]
fn what_is_played_next_is_lacked_until_it_is_here() {
    let (mut world, player) = cinema(Order::Stream { ahead: 8 });
    assert!(world.nodes[player].engine.lacks_next());
    world.run_until(Duration::from_secs(2), |_| false);
    let (now, node) = (world.now, &mut world.nodes[player]);
    assert!(!node.engine.lacks_next() && !node.is_done());
    node.engine.play_from(&[0, 127], 8, now);
    assert_eq!(node.engine.lacks_next(), !node.stored.has(127));
    node.engine.play_from(&[], 8, now);
    assert!(!node.engine.lacks_next());
}

/// A film comes over an access of 6 Mbit/s, in fragments of 1 MiB from six sources, when its player
/// goes to another place. Six fragments together take 8.4 s. What is played there comes alone: in
/// 1.4 s, once what is on its way of the others has come, on each connection 256 KiB and 3 slices
/// of 16 KiB, which is 2.5 s more.
#[test]
fn who_goes_to_another_place_waits_for_one_fragment_and_not_for_all() {
    for seed in 0..5 {
        let (content, bytes) = content(32 << 20, 1 << 20, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        for _ in 0..6 {
            world.add(Spec { seeds: true, ..Spec::default() });
        }
        let config = Config { order: Order::Stream { ahead: 8 }, ..Config::default() };
        let player = world.add(Spec { mbit: (6.0, 6.0), config, ..Spec::default() });
        world.script.push((Duration::from_secs(6), |world| {
            let now = world.now;
            world.nodes[6].engine.play_from(&[24], 8, now);
            world.drive(6);
        }));
        let came = world.run_until(Duration::from_secs(10), |world| world.nodes[6].stored.has(24));
        assert!(came, "seed {seed}: {} others", world.nodes[player].stored.held());
    }
}

fn plays_at(world: &mut World, fragment: u32) {
    let now = world.now;
    world.nodes[2].engine.play_from(&[fragment], 8, now);
    world.drive(2);
}

/// Going on to what comes next takes nothing back, nor do other limits: all comes once, 2 MiB and
/// the frames' own bytes.
#[test]
fn who_plays_on_gets_everything_once() {
    let (mut world, player) = cinema(Order::Stream { ahead: 8 });
    let steps: [(u64, Step); 4] = [
        (300, |world| plays_at(world, 2)),
        (600, |world| plays_at(world, 6)),
        (900, |world| world.nodes[2].engine.configure(Config::default())),
        (901, |world| plays_at(world, 10)),
    ];
    world.script.extend(steps.map(|(after, step)| (Duration::from_millis(after), step)));
    assert!(world.run(Duration::from_secs(10)));
    let came: usize = world.nodes[player].received.iter().map(|(_, bytes)| bytes).sum();
    assert!(came <= (2 << 20) * 102 / 100, "{came} bytes");
}
