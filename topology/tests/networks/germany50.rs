//! 50 cities, 88 links, 24 meetings with 11 neighbours. Numbers from the data's README.

use topology::{Kind, Network, Options, Weight, code};

use crate::files::{
    fixture, hopcount, kind, node_of, noted, pid, routingcost, warned, without_penalties,
};

fn load(options: &Options) -> Network {
    let sources = [
        fixture("neighbours", "germany50/neighbours.csv"),
        fixture("prefixes", "germany50/prefixes.csv"),
        fixture("nodelink", "germany50/germany50.json"),
    ];
    topology::load(&sources, options, &()).unwrap()
}

#[test]
fn the_whole_network_is_clean_and_complete() {
    let network = load(&Options::default());
    assert_eq!(warned(&network), []);
    assert_eq!(network.pids().len(), 62);
    let count = |kind| network.pids().iter().filter(|entry| entry.kind == kind).count();
    assert_eq!((count(Kind::Internal), count(Kind::Neighbour)), (50, 11));
    assert_eq!((count(Kind::External), count(Kind::Default)), (0, 1));
    assert_eq!(network.snapshot().prefixes().len(), 3_069 + 2);
    let placed: usize = network.pids().iter().map(|entry| entry.prefixes).sum();
    assert_eq!(placed, 3_069 + 2);
    assert!(noted(&network, "weight is distance"));
    assert!(noted(&network, "penalty unit 1024"), "{:?}", network.notes());
    assert_eq!(kind(&network, "as3320"), Kind::Neighbour);
    assert_eq!(node_of(&network, "2.58.100.77").as_deref(), Some("as3320"));
    assert_eq!(node_of(&network, "203.0.113.1"), None);
}

#[test]
fn the_graph_alone_is_warned_to_have_no_prefixes() {
    let sources = [fixture("nodelink", "germany50/germany50.json")];
    let network = topology::load(&sources, &Options::default(), &()).unwrap();
    assert_eq!(warned(&network), [(code::NO_PREFIXES, None)]);
}

#[test]
fn distances_and_hops_are_those_of_an_independent_program() {
    let network = load(&without_penalties());
    for (from, to, km, hops) in [
        ("Norden", "Passau", 864.839, 9.0),
        ("Hamburg", "Muenchen", 679.591, 6.0),
        ("Berlin", "as3320", 269.486, 3.0),
        ("Konstanz", "as8422", 304.518, 5.0),
        ("as12816", "as1299", 381.074, 6.0),
    ] {
        let cost = routingcost(&network, from, to).unwrap();
        assert!((cost - km).abs() < 0.005, "{from} {to} {cost}");
        assert_eq!(routingcost(&network, to, from), Some(cost));
        assert_eq!(hopcount(&network, from, to), Some(hops));
    }
}

#[test]
fn all_pairs_sum_up_and_the_farthest_are_known() {
    let network = load(&without_penalties());
    let nodes: Vec<&str> =
        network.pids().iter().filter_map(|entry| entry.node.as_deref()).collect();
    let (mut pairs, mut km, mut hops) = (0, 0.0, 0.0);
    let mut farthest = (0.0, "", "");
    for from in &nodes {
        for to in nodes.iter().filter(|to| *to != from) {
            let cost = routingcost(&network, from, to).unwrap();
            pairs += 1;
            km += cost;
            hops += hopcount(&network, from, to).unwrap();
            if cost > farthest.0 {
                farthest = (cost, from, to);
            }
        }
    }
    assert_eq!(pairs, 3_660);
    assert!((km - 1_192_220.1).abs() < 2.0, "{km}");
    assert_eq!(hops, 14_414.0);
    assert!((farthest.0 - 934.753).abs() < 0.005, "{farthest:?}");
    assert_eq!((farthest.1, farthest.2), ("Flensburg", "Kempten"));
    assert_eq!(hopcount(&network, "Norden", "Passau"), Some(9.0));
}

#[test]
fn staying_inside_comes_before_peers_and_peers_before_transits() {
    let network = load(&Options::default());
    let bare = load(&without_penalties());
    let added =
        |from, to| routingcost(&network, from, to).unwrap() - routingcost(&bare, from, to).unwrap();
    assert_eq!(added("Norden", "Passau"), 0.0);
    assert!((added("Berlin", "as3320") - 1024.0).abs() < 1e-9);
    assert!((added("as12816", "as1299") - 2048.0).abs() < 1e-9);
    assert_eq!(hopcount(&network, "Berlin", "as3320"), Some(3.0));
}

#[test]
fn a_cost_is_explained_link_by_link() {
    let network = load(&Options::default());
    let (berlin, telekom) = (pid(&network, "Berlin"), pid(&network, "as3320"));
    let path = network.explain("routingcost", berlin, telekom).unwrap();
    assert_eq!(path.steps.first().unwrap().from, "Berlin");
    assert_eq!(path.steps.last().unwrap().to, "as3320");
    assert_eq!(path.steps.last().unwrap().cost.value(), 0.0);
    let (relation, penalty) = path.penalty.unwrap();
    assert_eq!((relation.as_str(), penalty.value()), ("peer", 1024.0));
    let sum: f64 = path.steps.iter().map(|step| step.cost.value()).sum();
    assert!((sum + 1024.0 - path.total.value()).abs() < 1e-9);
    for steps in path.steps.windows(2) {
        assert_eq!(steps[0].to, steps[1].from);
    }
    assert_eq!(network.explain("hopcount", berlin, telekom).unwrap().steps.len(), 3);
    assert_eq!(network.explain("routingcost", berlin, berlin).unwrap().steps, []);
    assert!(network.explain("delay", berlin, telekom).is_none());
}

#[test]
fn the_order_of_sources_and_the_number_of_readings_change_no_tag() {
    let sources = [
        fixture("prefixes", "germany50/prefixes.csv"),
        fixture("nodelink", "germany50/germany50.json"),
        fixture("neighbours", "germany50/neighbours.csv"),
    ];
    let other = topology::load(&sources, &Options::default(), &()).unwrap();
    let network = load(&Options::default());
    assert_eq!(network.snapshot().network_tag(), other.snapshot().network_tag());
    assert_eq!(
        network.snapshot().cost_tag("routingcost"),
        other.snapshot().cost_tag("routingcost")
    );
    let hops = load(&Options { weight: Some(Weight::Hops), ..Options::default() });
    assert_eq!(network.snapshot().network_tag(), hops.snapshot().network_tag());
    assert_ne!(network.snapshot().cost_tag("routingcost"), hops.snapshot().cost_tag("routingcost"));
}
