//! Few engines, many seeds: whatever the network does, all get all, and no byte is wrong.

use std::time::{Duration, Instant};

use peer::exchange::ReportKind;

use crate::node::{Fault, Spec};
use crate::swarm::{content, ranked};
use crate::world::World;

/// Runs seeds until the time is over, or for as many as are asked for (`MP2P_LONG`).
pub(crate) fn seeds(run: fn(u64)) {
    let long: Option<u64> = std::env::var("MP2P_LONG").ok().map(|text| text.parse().unwrap_or(1));
    let (most, end) = match long {
        Some(factor) => (5000 * factor.max(1), Duration::from_secs(3600)),
        None => (2000, Duration::from_secs(3)),
    };
    let start = Instant::now();
    let mut count = 0;
    while count < 3 || (count < most && start.elapsed() < end) {
        run(count);
        count += 1;
    }
    println!("{count} seeds");
}

#[test]
fn one_fetches_from_one_whatever_is_lost() {
    seeds(|seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = random.usize(1..400_000);
        let (content, bytes) = content(size, 16 << 10, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        world.loss = [0.0, 0.02, 0.1][random.usize(..3)];
        world.delay.0 = Duration::from_millis(random.u64(0..200));
        world.add(Spec { seeds: true, mbit: (random.f64() * 20.0 + 0.2, 20.0), ..Spec::default() });
        world.add(Spec::default());
        assert!(world.run(Duration::from_secs(1200)), "seed {seed}: not all of {size} bytes came");
        for node in &world.nodes {
            assert!(node.reports.iter().all(|report| report.evidence.is_none()), "seed {seed}");
        }
    });
}

/// Twelve peers in two ISPs, one of them a liar, one that holds back; connections are lost, one
/// source dies.
#[test]
fn many_fetch_whatever_happens() {
    seeds(|seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let size = random.usize(1..500_000);
        let (content, bytes) = content(size, 16 << 10, seed);
        let mut world = World::new(content, bytes, seed, ranked);
        world.loss = [0.0, 0.005, 0.02][random.usize(..3)];
        world.add(Spec { seeds: true, ..Spec::default() });
        world.add(Spec { seeds: true, isp: 1, mbit: (1.0, 1.0), ..Spec::default() });
        let faults = [Fault::OtherBytes, Fault::HoldsBack, Fault::None];
        for number in 0..10 {
            let mbit = (random.f64() * 10.0 + 0.5, random.f64() * 20.0 + 1.0);
            let fault = faults.get(number).copied().unwrap_or_default();
            let pid = random.usize(..3);
            world.add(Spec { isp: number % 2, pid, mbit, fault, ..Spec::default() });
        }
        world.script.push((Duration::from_millis(random.u64(0..3000)), |world| world.kill(0)));
        assert!(world.run(Duration::from_secs(1200)), "seed {seed}: not all of {size} bytes came");
        let liar = world.nodes[2].id.clone();
        let reports = world.nodes.iter().flat_map(|node| &node.reports);
        for report in reports.filter(|report| report.kind == ReportKind::BadFragment) {
            assert_eq!(report.peer, liar, "seed {seed}");
        }
    });
}
