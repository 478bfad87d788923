//! Small networks for the stories, written down or drawn at random.

use std::collections::BTreeMap;

use netmap::{Cost, CostMatrix, IpNet, MatrixBuilder, Parts, Pid, PidName, Snapshot};
use proptest::prelude::{Strategy, prop};

/// A network in the plainest form: everything by name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct World {
    pub(crate) pids: Vec<String>,
    pub(crate) prefixes: BTreeMap<IpNet, String>,
    /// By metric, then by source and destination: thousandths.
    pub(crate) costs: BTreeMap<String, BTreeMap<(String, String), u64>>,
}

impl World {
    pub(crate) fn parts(&self) -> Parts {
        let index = |name: &String| Pid::new(self.pids.binary_search(name).unwrap() as u32);
        Parts {
            pids: self.pids.iter().map(|name| PidName::parse(name).unwrap()).collect(),
            prefixes: self.prefixes.iter().map(|(prefix, pid)| (*prefix, index(pid))).collect(),
            matrices: self.costs.keys().map(|metric| self.matrix(metric)).collect(),
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::build(self.parts()).unwrap()
    }

    fn matrix(&self, metric: &str) -> CostMatrix {
        let mut builder = MatrixBuilder::new(metric, self.pids.len());
        for from in &self.pids {
            let cost = |to: &String| self.costs[metric].get(&(from.clone(), to.clone()));
            let row = self.pids.iter().map(|to| cost(to).copied().map(Cost::from_thousandths));
            builder.push_row(row).unwrap();
        }
        builder.finish().unwrap()
    }

    /// Reads a snapshot back.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let name = |pid| snapshot.pids().name(pid).to_string();
        let mut world = World {
            pids: snapshot.pids().iter().map(|(_, name)| name.to_string()).collect(),
            prefixes: snapshot.prefixes().iter().map(|(net, pid)| (net, name(pid))).collect(),
            ..World::default()
        };
        for matrix in snapshot.matrices() {
            let costs = world.costs.entry(matrix.metric().to_owned()).or_default();
            for (from, _) in snapshot.pids().iter() {
                for (to, _) in snapshot.pids().iter() {
                    let cost = matrix.cost(from, to);
                    costs.extend(cost.map(|cost| ((name(from), name(to)), thousandths(cost))));
                }
            }
        }
        world
    }
}

pub(crate) fn thousandths(cost: Cost) -> u64 {
    (cost.value() * 1000.0).round() as u64
}

pub(crate) fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// Two PIDs with a prefix of each family each, and one metric.
pub(crate) fn two_sites() -> World {
    let prefixes = [
        ("192.0.2.0/24", "MI"),
        ("2001:db8:1::/48", "MI"),
        ("198.51.100.0/24", "RM"),
        ("2001:db8:2::/48", "RM"),
    ];
    let costs = [("MI", "MI", 0), ("MI", "RM", 10_000), ("RM", "MI", 10_000), ("RM", "RM", 0)];
    let pair = |(from, to, cost): (&str, &str, u64)| ((from.to_owned(), to.to_owned()), cost);
    World {
        pids: vec!["MI".to_owned(), "RM".to_owned()],
        prefixes: prefixes.map(|(prefix, pid)| (net(prefix), pid.to_owned())).into(),
        costs: BTreeMap::from([("routingcost".to_owned(), costs.map(pair).into())]),
    }
}

/// Few names, prefixes, metrics and costs, so that two draws often share some.
pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let pids = prop::collection::btree_set(prop::sample::select(vec!["A", "B", "C", "D"]), 1..=4);
    let nets = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "::/0", "2001:db8::/32", "fd00::/8"];
    let nets = nets.map(net).to_vec();
    pids.prop_flat_map(move |pids| {
        let pids: Vec<String> = pids.into_iter().map(str::to_owned).collect();
        let pid = prop::sample::select(pids.clone());
        let prefixes = prop::collection::btree_map(prop::sample::select(nets.clone()), pid, 0..=6);
        let pair = (prop::sample::select(pids.clone()), prop::sample::select(pids.clone()));
        let pairs = prop::collection::btree_map(pair, 0..4_u64, 0..=16);
        let metric = prop::sample::select(vec!["routingcost".to_owned(), "hopcount".to_owned()]);
        let costs = prop::collection::btree_map(metric, pairs, 0..=2);
        (prefixes, costs).prop_map(move |(prefixes, costs)| {
            let pids = pids.clone();
            World { pids, prefixes, costs }
        })
    })
}
