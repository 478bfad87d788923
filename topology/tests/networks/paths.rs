//! All pairs against Floyd and Warshall, on random networks with ends, parallel links, islands
//! and links without cost.

use proptest::prelude::*;
use topology::{Network, Options, Weight};

use crate::files::{Files, hopcount, routingcost, weighing};

/// Nodes (external or not), and links with an igp metric in thousandths.
#[derive(Clone, Debug)]
struct Random {
    external: Vec<bool>,
    links: Vec<(usize, usize, u32)>,
    directed: bool,
}

fn random() -> impl Strategy<Value = Random> {
    (2usize..14).prop_flat_map(|count| {
        let external = prop::collection::vec(prop::bool::weighted(0.25), count);
        let links = prop::collection::vec((0..count, 0..count, 0u32..5_000), 0..40);
        (external, links, any::<bool>()).prop_map(|(external, links, directed)| Random {
            external,
            links,
            directed,
        })
    })
}

impl Random {
    fn load(&self, options: &Options) -> Network {
        let nodes: Vec<String> = (0..)
            .zip(&self.external)
            .map(|(id, external)| {
                format!("{{\"id\": {id}, \"name\": \"n{id}\", \"external\": {external}}}")
            })
            .collect();
        let links: Vec<String> = self
            .links
            .iter()
            .map(|(from, to, cost)| {
                let weight = f64::from(*cost) / 1000.0;
                format!("{{\"source\": {from}, \"target\": {to}, \"weight\": {weight}}}")
            })
            .collect();
        let json = format!(
            "{{\"directed\": {}, \"nodes\": [{}], \"links\": [{}]}}",
            self.directed,
            nodes.join(","),
            links.join(",")
        );
        Files::new().with("nodelink", "g.json", json).load(options).unwrap()
    }

    /// By intermediate nodes that are internal, as the definition says.
    fn floyd_warshall(&self, step: impl Fn(u32) -> u64) -> Vec<Vec<Option<u64>>> {
        let count = self.external.len();
        let mut costs = vec![vec![None; count]; count];
        for (node, row) in costs.iter_mut().enumerate() {
            row[node] = Some(0);
        }
        let mut add = |from: usize, to: usize, cost: u64| {
            let known = costs[from][to].unwrap_or(u64::MAX);
            costs[from][to] = Some(known.min(cost));
        };
        for &(from, to, cost) in &self.links {
            add(from, to, step(cost));
            if !self.directed {
                add(to, from, step(cost));
            }
        }
        for via in (0..count).filter(|via| !self.external[*via]) {
            for from in 0..count {
                for to in 0..count {
                    let (Some(one), Some(two)) = (costs[from][via], costs[via][to]) else {
                        continue;
                    };
                    let known = costs[from][to].unwrap_or(u64::MAX);
                    costs[from][to] = Some(known.min(one + two));
                }
            }
        }
        costs
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn costs_and_hops_are_those_of_floyd_and_warshall(random in random()) {
        let network = random.load(&weighing(Weight::Igp));
        let costs = random.floyd_warshall(u64::from);
        let hops = random.floyd_warshall(|_| 1000);
        for from in 0..random.external.len() {
            for to in 0..random.external.len() {
                let (source, target) = (format!("n{from}"), format!("n{to}"));
                let cost = routingcost(&network, &source, &target);
                prop_assert_eq!(cost, costs[from][to].map(|cost| cost as f64 / 1000.0));
                let count = hopcount(&network, &source, &target);
                prop_assert_eq!(count, hops[from][to].map(|hops| hops as f64 / 1000.0));
                if !random.directed {
                    prop_assert_eq!(cost, routingcost(&network, &target, &source));
                }
            }
        }
    }

    #[test]
    fn a_detour_through_an_internal_node_is_never_cheaper(random in random()) {
        let network = random.load(&weighing(Weight::Igp));
        let names: Vec<String> =
            (0..random.external.len()).map(|node| format!("n{node}")).collect();
        let cost = |from: usize, to: usize| routingcost(&network, &names[from], &names[to]);
        for via in (0..names.len()).filter(|via| !random.external[*via]) {
            for from in 0..names.len() {
                for to in 0..names.len() {
                    if let (Some(one), Some(two)) = (cost(from, via), cost(via, to)) {
                        let direct = cost(from, to);
                        prop_assert!(direct.is_some_and(|cost| cost <= one + two + 1e-9));
                    }
                }
            }
        }
    }

    #[test]
    fn penalties_follow_the_largest_internal_cost(random in random()) {
        let bare = random.load(&weighing(Weight::Igp));
        let options = Options { weight: Some(Weight::Igp), ..Options::default() };
        let network = random.load(&options);
        let costs = random.floyd_warshall(u64::from);
        let internal = |node: usize| !random.external[node];
        let mut largest = 0;
        for from in (0..costs.len()).filter(|node| internal(*node)) {
            for to in (0..costs.len()).filter(|node| internal(*node)) {
                largest = largest.max(costs[from][to].unwrap_or(0));
            }
        }
        let mut unit = 1.0;
        while unit <= largest as f64 / 1000.0 {
            unit *= 2.0;
        }
        for from in 0..costs.len() {
            for to in 0..costs.len() {
                let (source, target) = (format!("n{from}"), format!("n{to}"));
                let outside = from != to && !(internal(from) && internal(to));
                let expected = routingcost(&bare, &source, &target)
                    .map(|cost| if outside { cost + unit } else { cost });
                let cost = routingcost(&network, &source, &target);
                prop_assert_eq!(cost.is_some(), expected.is_some());
                let difference = cost.unwrap_or(0.0) - expected.unwrap_or(0.0);
                prop_assert!(difference.abs() < 1e-9);
            }
        }
    }

    #[test]
    fn an_explanation_adds_up_to_the_cost(random in random()) {
        let network = random.load(&Options::default());
        for metric in ["routingcost", "hopcount"] {
            let matrix = network.snapshot().matrix(metric).unwrap();
            for (from, _) in network.snapshot().pids().iter() {
                for (to, _) in network.snapshot().pids().iter() {
                    let cost = matrix.cost(from, to);
                    let path = network.explain(metric, from, to);
                    prop_assert_eq!(path.as_ref().map(|path| path.total), cost);
                    let Some(path) = path else { continue };
                    let steps: f64 = path.steps.iter().map(|step| step.cost.value()).sum();
                    let penalty = path.penalty.map_or(0.0, |(_, cost)| cost.value());
                    prop_assert!((steps + penalty - path.total.value()).abs() < 1e-6);
                }
            }
        }
    }
}
