//! Who is met, and what members tell of each other: between ISPs each handshake and each name costs
//! as much as kilobytes of content.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mp2p::frame::{Frame, decode};

use crate::swarm::swarm;
use crate::world::World;

const MEMBERS: usize = 8;

fn three_isps(seed: u64) -> World {
    let mut world = swarm(seed, 3, MEMBERS, (5.0, 20.0), (8 << 20, 256 << 10));
    world.transit = Some(50.0 * 125_000.0);
    world
}

/// Members of the ISPs without a source that are linked to it.
fn know_the_source(world: &World) -> usize {
    let source = &world.nodes[0].id;
    let knows = |node: &&crate::node::Node| {
        node.engine.links(world.now).iter().any(|link| link.peer == *source)
    };
    world.nodes.iter().filter(|node| node.isp > 0).filter(knows).count()
}

/// The last one comes after 2.5 s at most, and is in the lists of all after 4 s. Somebody of each
/// group dials the source first, for the far peers are shared out, and tells the others.
#[test]
fn whoever_has_all_is_known_to_all_soon() {
    for seed in 0..10 {
        let mut world = three_isps(seed);
        world.run_until(Duration::from_secs(5), |_world| false);
        assert_eq!(know_the_source(&world), 2 * MEMBERS, "seed {seed}");
    }
}

/// Others are told of each fragment that they lack: of one that they had before, they would not
/// know.
#[test]
fn whoever_has_all_by_now_is_known_to_have_it() {
    let mut world = three_isps(1);
    // Slow: the ISP of the source is done before the others.
    world.transit = Some(6.0 * 125_000.0);
    let is_first_done = |world: &World| {
        let first = world.nodes.iter().filter(|node| node.isp == 0);
        first.into_iter().all(crate::node::Node::is_done)
    };
    assert!(world.run_until(Duration::from_secs(120), is_first_done));
    let soon = world.now - world.start + Duration::from_secs(2);
    assert!(!world.run_until(soon, |world| world.nodes.iter().all(crate::node::Node::is_done)));
    let first: Vec<_> = world.nodes.iter().filter(|node| node.isp == 0).map(|n| &n.id).collect();
    let others = world.nodes.iter().filter(|node| node.isp > 0);
    let links: Vec<_> = others.flat_map(|node| node.engine.links(world.now)).collect();
    let held = links.iter().filter(|link| first.contains(&&link.peer)).map(|link| link.held);
    let held: Vec<u32> = held.collect();
    assert!(held.len() > 2 * MEMBERS && held.iter().all(|&held| held == 32), "{held:?}");
}

/// Each dials three far peers, and the source where it is none of them.
#[test]
fn a_group_meets_few_of_the_others() {
    for seed in 0..10 {
        let mut world = three_isps(seed);
        assert!(world.run(Duration::from_secs(120)), "seed {seed}");
        let members = world.nodes.len() - 1;
        let met = world.met_far;
        assert!((2 * MEMBERS..=members * 5).contains(&met), "seed {seed}: {met}");
    }
}

/// Lists hold the whole group: all that is left to tell its members is who has all, one name.
#[test]
fn where_lists_say_who_is_there_little_is_told() {
    for seed in 0..10 {
        let mut world = three_isps(seed);
        assert!(world.run(Duration::from_secs(120)), "seed {seed}");
        let one = |frame: &Bytes| match decode(&mut BytesMut::from(&frame[..])) {
            Ok(Some(Frame::Pex(pex))) => pex.entries.len(),
            other => panic!("{other:?}"),
        };
        let names: Vec<usize> = world.told_near.iter().map(one).collect();
        assert!(
            !names.is_empty() && names.iter().all(|&names| names == 1),
            "seed {seed}: {names:?}"
        );
    }
}
