//! Deadline first: what is played next is fetched before the rest.

use std::time::Duration;

use peer::exchange::{Config, Order};

use crate::node::{Fault, Spec};
use crate::swarm::{content, ranked};
use crate::world::World;

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
        world.nodes[2].engine.play_from(&[0, 96], 8);
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
