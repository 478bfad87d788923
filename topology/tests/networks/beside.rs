//! A network loaded beside the one before it is the same as one loaded from nothing, and shares
//! what did not change.

use std::fmt::Write;
use std::sync::Arc;

use netmap::Pid;
use proptest::prelude::*;
use topology::{Network, Options};

use crate::files::{Files, pid, weighing};

/// Nodes (external or not), links with an igp metric, and the links that cost something else
/// later; 0 takes a link away.
#[derive(Clone, Debug)]
struct Changing {
    external: Vec<bool>,
    links: Vec<(usize, usize, u32)>,
    edits: Vec<(prop::sample::Index, u32)>,
    directed: bool,
    penalties: bool,
    elsewhere: Option<f64>,
}

fn changing() -> impl Strategy<Value = Changing> {
    (4usize..30).prop_flat_map(|count| {
        let cost = prop_oneof![1u32..6, 1u32..9_999];
        let external = prop::collection::vec(prop::bool::weighted(0.2), count);
        let links = prop::collection::vec((0..count, 0..count, cost), 1..90);
        let edit = (any::<prop::sample::Index>(), prop_oneof![0u32..6, 1u32..9_999]);
        let edits = prop::collection::vec(edit, 0..4);
        let elsewhere = prop::option::of(prop_oneof![Just(7.0), Just(0.00025)]);
        let parts = (external, links, edits, any::<bool>(), any::<bool>(), elsewhere);
        parts.prop_map(|(external, links, edits, directed, penalties, elsewhere)| Changing {
            external,
            links,
            edits,
            directed,
            penalties,
            elsewhere,
        })
    })
}

impl Changing {
    fn options(&self) -> Options {
        let options =
            if self.penalties { Options::default() } else { weighing(topology::Weight::Igp) };
        Options { default_pid_cost: self.elsewhere, ..options }
    }

    fn edited(&self) -> Vec<(usize, usize, u32)> {
        let mut links = self.links.clone();
        for (at, cost) in &self.edits {
            links[at.index(self.links.len())].2 = *cost;
        }
        links.retain(|(.., cost)| *cost > 0);
        links
    }

    fn graph(&self, links: &[(usize, usize, u32)]) -> Files {
        let mut nodes = Vec::new();
        for (id, external) in self.external.iter().enumerate() {
            nodes.push(format!("{{\"id\": {id}, \"external\": {external}, \"name\": \"n{id}\"}}"));
        }
        Files::new().with("nodelink", "g.json", json(self.directed, &nodes, links))
    }
}

fn json(directed: bool, nodes: &[String], links: &[(usize, usize, u32)]) -> String {
    let mut text =
        format!("{{\"directed\": {directed}, \"nodes\": [{}], \"links\": [", nodes.join(","));
    for (at, (from, to, cost)) in links.iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let weight = f64::from(*cost) / 1000.0;
        let _ = write!(text, "{comma}{{\"source\":{from},\"target\":{to},\"weight\":{weight}}}");
    }
    text + "]}"
}

/// Everything that clients see: tags, and per metric every ordinal and its text.
fn seen(network: &Network) -> Vec<String> {
    let snapshot = network.snapshot();
    let mut seen = vec![snapshot.network_tag().to_string()];
    for matrix in snapshot.matrices() {
        seen.extend(snapshot.cost_tag(matrix.metric()).map(ToString::to_string));
        for (from, _) in snapshot.pids().iter() {
            let row = matrix.row(from).iter();
            let text = |ordinal: Option<u32>| {
                ordinal.map_or_else(String::new, |n| format!("{n}:{}", matrix.table().text(n)))
            };
            seen.push(row.map(text).collect::<Vec<_>>().join(" "));
        }
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_loaded_beside_is_what_is_loaded_alone(changing in changing()) {
        let (before, after) = (changing.graph(&changing.links), changing.graph(&changing.edited()));
        let options = changing.options();
        let old = before.load(&options).unwrap();
        let alone = after.load(&options).unwrap();
        let beside = after.load_beside(&options, &old).unwrap();
        prop_assert_eq!(seen(&beside), seen(&alone));
        prop_assert_eq!(beside.warnings(), alone.warnings());
        prop_assert_eq!(beside.notes(), alone.notes());
        // And from there back to where it began.
        let again = before.load_beside(&options, &beside).unwrap();
        prop_assert_eq!(seen(&again), seen(&old));
    }
}

/// A ladder of two rails, whose rungs cost 5; rung `dear` costs 6.
///
/// ```text
///  0 ─1─ 2 ─1─ 4 ─1─ …
///  5     5     5
///  1 ─1─ 3 ─1─ 5 ─1─ …
/// ```
fn ladder(rungs: usize, dear: Option<usize>) -> Files {
    let names = (0..2 * rungs).map(|id| format!("{{\"id\": {id}, \"name\": \"n{id}\"}}"));
    let mut links = Vec::new();
    for rung in 0..rungs {
        links.push((2 * rung, 2 * rung + 1, if dear == Some(rung) { 6_000 } else { 5_000 }));
        if rung > 0 {
            links.push((2 * rung - 2, 2 * rung, 1_000));
            links.push((2 * rung - 1, 2 * rung + 1, 1_000));
        }
    }
    let names: Vec<_> = names.collect();
    Files::new().with("nodelink", "g.json", json(false, &names, &links))
}

#[test]
fn rows_that_no_changed_link_concerns_are_shared() {
    let old = ladder(40, None).network();
    let files = ladder(40, Some(0));
    let new = files.load_beside(&Options::default(), &old).unwrap();
    assert_eq!(seen(&new), seen(&files.network()));
    let work = topology::CostWork { searched: 0, repaired: 2, kept: 2 * 81 - 2 };
    assert_eq!(new.cost_work(), work, "80 nodes and the default PID, two metrics");
    let matrices = |metric| [&old, &new].map(|network| network.snapshot().matrix(metric).unwrap());
    let [before, after] = matrices("routingcost");
    let shared = |from: Pid| before.shares_row(after, from);
    // The first rung is on a cheapest path of no other node, as each has a rung of its own.
    let changed = ["n0", "n1"].map(|node| pid(&new, node));
    for from in (0..before.len() as u32).map(Pid::new) {
        assert_eq!(shared(from), !changed.contains(&from), "{from:?}");
    }
    let hops = |network: &Network| Arc::clone(&network.snapshot().matrices()[1]);
    assert!(Arc::ptr_eq(&hops(&old), &hops(&new)), "no hop changed");
}
