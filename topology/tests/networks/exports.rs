//! Graphs as graph programs write them: `fixtures/exports`.

use topology::{Network, Options, Weight, code};

use crate::files::{Files, fixture, hopcount, noted, routingcost, warned, weighing};

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
        ("nodelink", "networkx-1.json"),
        ("graphml", "gephi.graphml"),
        ("gml", "gephi.gml"),
        ("graphml", "yfiles.graphml"),
        ("sndlib", "sndlib-native.txt"),
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

#[test]
fn groups_are_laid_flat_and_are_no_nodes_without_links() {
    let network = export("graphml", "yed-groups.graphml");
    let nodes: Vec<&str> = network.pids().iter().filter_map(|pid| pid.node.as_deref()).collect();
    assert_eq!(nodes, ["FI", "MI", "RM"]);
    assert_eq!(routingcost(&network, "FI", "MI"), Some(8.5));
    assert_eq!(routingcost(&network, "MI", "FI"), Some(8.5));
    let frames = [28, 13, 30].map(|line| (code::SKIPPED_ELEMENT, Some(line)));
    assert_eq!(warned(&network)[..3], frames);
    let network = export("gml", "yed.gml");
    assert_eq!(network.pids().len(), 4);
    assert_eq!(hopcount(&network, "MI", "FI"), Some(2.0));
    assert_eq!(warned(&network)[0], (code::SKIPPED_ELEMENT, Some(8)));
}

#[test]
fn a_group_with_a_link_is_a_node() {
    let text = "<graphml><graph edgedefault='undirected'>\
        <node id='g'><graph><node id='a'/></graph></node><node id='b'/>\
        <edge source='g' target='b'/><edge source='a' target='b'/></graph></graphml>";
    let network = Files::new().with("graphml", "g.graphml", text).network();
    assert_eq!(hopcount(&network, "#g", "#a"), Some(2.0));
}

#[test]
fn weights_that_are_all_the_same_are_none_to_gephi() {
    let text = "graph [ node [ id 0 label \"A\" ] node [ id 1 label \"B\" ]\n\
        node [ id 2 label \"C\" ] \
        edge [ source 0 target 1 value 1.0 ] edge [ source 1 target 2 value 1.0 ] ]";
    let network = Files::new().with("gml", "g.gml", text).network();
    assert!(noted(&network, "weight is hops"));
    let text = text.replacen("value 1.0", "value -2", 1);
    let refusal = Files::new().with("gml", "g.gml", text).refusal();
    assert_eq!(refusal, "g.gml:2: value is -2; expected a finite number, not below 0");
}

#[test]
fn sndlib_s_own_format_has_units_pixels_and_lines() {
    let source = fixture("sndlib", "exports/sndlib-native.txt").path;
    let text = std::fs::read_to_string(source).unwrap();
    let load = |text: &str| Files::new().with("sndlib", "n.txt", text).load(&Options::default());
    let network = load(&text).unwrap();
    assert!(noted(&network, "not used: 4"));
    // 100 Gbit/s divided by the 10 Gbit/s of L1; L2 has nothing installed.
    let options =
        Options { default_capacity_mbps: Some(1000.0), ..weighing(Weight::InverseCapacity) };
    let network = Files::new().with("sndlib", "n.txt", &text).load(&options).unwrap();
    assert_eq!(routingcost(&network, "MI", "RM"), Some(10.0));
    let told = text.replace("unit = ", "origin = \"A (and B)\" (of C)\n unit = ");
    let network = Files::new().with("sndlib", "n.txt", told).load(&options).unwrap();
    assert_eq!(routingcost(&network, "MI", "RM"), Some(10.0));
    let pixels = load(&text.replace("12.48", "412.0")).unwrap();
    assert!(noted(&pixels, "places are pixels"));
    let refused = |from: &str, to: &str| load(&text.replace(from, to)).err().unwrap_or_default();
    let unopened = refused("( MI RM ) 10.00", "MI RM 10.00");
    assert_eq!(unopened, "n.txt:25: expected (, found `MI`");
    assert!(refused("type: network", "type: solution").starts_with("n.txt:1: is no network"));
    assert!(refused("5.00 0.00 ( )", "x").contains("expected a number"));
    let (cut, _) = text.split_once("L2").unwrap();
    assert!(load(cut).err().unwrap_or_default().contains("is it complete?"));
}
