//! Graphs as graph programs write them: `fixtures/exports`.

use topology::{Network, Options};

use crate::files::{fixture, hopcount, routingcost, warned};

fn export(format: &str, file: &str) -> Network {
    let source = fixture(format, &format!("exports/{file}"));
    topology::load(&[source], &Options::default(), &()).unwrap()
}

#[test]
fn three_nodes_are_the_same_whoever_wrote_them() {
    for (format, file) in [
        ("nodelink", "networkx-multigraph.json"),
        ("graphml", "networkx-multigraph.graphml"),
        ("graphml", "igraph.graphml"),
        ("gml", "igraph.gml"),
    ] {
        let network = export(format, file);
        assert_eq!(routingcost(&network, "MI", "RM"), Some(3.5), "{file}");
        assert_eq!(routingcost(&network, "FI", "MI"), Some(8.5), "{file}");
        assert_eq!(warned(&network), [("no-prefixes", None)], "{file}");
        let places = network.layout().places.iter().flatten();
        let latitudes: Vec<f64> = places.map(|place| place.latitude).collect();
        assert_eq!(latitudes, [45.46, 41.9], "{file}");
    }
}

#[test]
fn tuples_of_networkx_are_ids() {
    let network = export("nodelink", "networkx-grid.json");
    assert_eq!(network.pids().len(), 5);
    let corners: Vec<&str> = network.pids().iter().filter_map(|pid| pid.node.as_deref()).collect();
    assert_eq!(hopcount(&network, corners[0], corners[3]), Some(2.0));
    assert_eq!(hopcount(&network, corners[0], corners[1]), Some(1.0));
}

#[test]
fn nodes_are_called_as_yed_draws_them() {
    let network = export("graphml", "yed.graphml");
    let nodes: Vec<&str> = network.pids().iter().filter_map(|pid| pid.node.as_deref()).collect();
    assert_eq!(nodes, ["Milano", "Roma", "San Marino"]);
    assert_eq!(hopcount(&network, "San Marino", "Milano"), Some(2.0));
}
