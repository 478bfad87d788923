//! GraphML as the Topology Zoo and others write it.

use topology::{Kind, Weight, code};

use crate::files::{
    Files, hopcount, kind, noted, routingcost, warned, weighing, without_penalties,
};

const KEYS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- label for nodes is n0; the graph's own is g0 -->
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="label" for="graph" id="g0" />
  <key attr.name="label" attr.type="string" for="node" id="n0" />
  <key attr.name="Latitude" attr.type="double" for="node" id="n1" />
  <key attr.name="Longitude" attr.type="double" for="node" id="n2" />
  <key attr.name="Internal" attr.type="int" for="node" id="n3" ><default>1</default></key>
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="e0" />
  <key attr.name="weight" for="edge" id="e1" />
"#;

fn graphml(graph: &str) -> Files {
    let prefixes = "prefix,pop\n192.0.2.0/24,A\n";
    Files::new()
        .with("graphml", "g.graphml", format!("{KEYS}{graph}\n</graphml>\n"))
        .with("prefixes", "p.csv", prefixes)
}

fn node(id: &str, data: &str) -> String {
    format!("<node id=\"{id}\">{data}</node>\n")
}

const AB: &str = "<node id=\"a\"><data key=\"n0\">A</data></node>
<node id=\"b\"><data key=\"n0\">B</data></node>\n";

#[test]
fn labels_are_found_by_attribute_name_and_decoded() {
    let graph = [
        "<graph edgedefault=\"undirected\"><data key=\"g0\">not a label</data>",
        &node("0", "<data key=\"n0\">A</data>"),
        &node("1", "<data key=\"n0\"> 1&amp;1 <![CDATA[<V>]]>&#233;</data>"),
        &node("2", "<data key=\"n0\">X</data><data key=\"n3\">0</data>"),
        "<edge source=\"0\" target=\"1\"/><edge source=\"1\" target=\"2\"><desc>d</desc></edge>",
        "</graph>",
    ];
    let network = graphml(&graph.concat()).network();
    assert_eq!(warned(&network), []);
    assert_eq!(hopcount(&network, "A", "1&1 <V>é"), Some(1.0));
    assert_eq!(kind(&network, "X"), Kind::External);
    assert_eq!(kind(&network, "A"), Kind::Internal);
    assert!(noted(&network, "counted as peers for want of a neighbour row: X"));
    assert!(noted(&network, "weight is hops"));
}

#[test]
fn namespace_prefixes_and_any_line_ending_are_fine() {
    let text = "<g:graphml xmlns:g=\"http://graphml.graphdrawing.org/xmlns\">\r\n\
        <g:key id=\"k\" for=\"all\" attr.name=\"label\"/><g:graph edgedefault=\"undirected\">\r\n\
        <g:node id=\"1\"><g:data key=\"k\">A</g:data></g:node></g:graph></g:graphml>";
    let files = Files::new().with("graphml", "g.graphml", text).with(
        "prefixes",
        "p.csv",
        "prefix,pop\n192.0.2.0/24,A\n",
    );
    assert_eq!(warned(&files.network()), []);
}

#[test]
fn metrics_and_capacities_come_from_edges() {
    let graph = format!(
        "<graph edgedefault=\"undirected\">{AB}<edge source=\"a\" target=\"b\">\
         <data key=\"e0\">2500000000.0</data><data key=\"e1\">7.0005</data></edge></graph>"
    );
    let network = graphml(&graph).network();
    assert!(noted(&network, "weight is igp"));
    assert_eq!(routingcost(&network, "A", "B"), Some(7.001));
    let network = graphml(&graph).load(&weighing(Weight::InverseCapacity)).unwrap();
    assert_eq!(routingcost(&network, "A", "B"), Some(40.0));
}

#[test]
fn directed_edges_lead_one_way() {
    let graph = format!(
        "<graph edgedefault=\"directed\">{AB}<edge source=\"a\" target=\"b\">\
         <data key=\"e1\">3</data></edge></graph>"
    );
    let network = graphml(&graph).network();
    assert_eq!(routingcost(&network, "A", "B"), Some(3.0));
    assert_eq!(routingcost(&network, "B", "A"), None);
    assert_eq!(warned(&network), [(code::UNREACHABLE_PAIRS, None)]);
    let graph = format!(
        "<graph edgedefault=\"undirected\">{AB}\
         <edge source=\"a\" target=\"b\" directed=\"true\"><data key=\"e1\">3</data></edge>\
         <edge source=\"b\" target=\"a\" directed=\"true\"><data key=\"e1\">4</data></edge></graph>"
    );
    let network = graphml(&graph).network();
    assert_eq!(routingcost(&network, "B", "A"), Some(4.0));
    assert_eq!(warned(&network), []);
}

#[test]
fn labels_that_are_shared_or_empty_take_the_id() {
    let graph = [
        "<graph>\n",
        &node("0", "<data key=\"n0\">A</data>"),
        &node("3", "<data key=\"n0\">GEANT</data>"),
        &node("46", "<data key=\"n0\">GEANT </data>"),
        &node("x y", ""),
        "<edge source=\"0\" target=\"3\"/><edge source=\"0\" target=\"46\"/>",
        "<edge source=\"0\" target=\"x y\"/></graph>",
    ];
    let network = graphml(&graph.concat()).network();
    let expected = [
        (code::DUPLICATE_LABEL, Some(13)),
        (code::DUPLICATE_LABEL, Some(14)),
        (code::EMPTY_LABEL, Some(15)),
    ];
    assert_eq!(warned(&network), expected);
    let pids: Vec<&str> = network.pids().iter().map(|entry| entry.pid.as_str()).collect();
    assert_eq!(pids, ["A", "GEANT_3", "GEANT_46", "_x_y", "default"]);
}

#[test]
fn what_links_cannot_mean_is_skipped() {
    let graph = format!(
        "<graph>{AB}<edge source=\"a\" target=\"b\"/>\n<edge source=\"a\" target=\"zz\"/>\n\
         <edge source=\"a\" target=\"a\"/>\n<hyperedge><endpoint node=\"a\"/></hyperedge>\n\
         <node id=\"c\"><port name=\"p\"/><data key=\"n0\">C</data></node>\n\
         <edge source=\"b\" target=\"c\"><data key=\"none\">1</data></edge></graph>"
    );
    let network = graphml(&graph).network();
    let expected = [
        (code::SKIPPED_ELEMENT, Some(16)),
        (code::SKIPPED_ELEMENT, Some(17)),
        (code::SKIPPED_ELEMENT, Some(18)),
        (code::DANGLING_LINK, Some(14)),
        (code::SELF_LOOP, Some(15)),
    ];
    assert_eq!(warned(&network), expected);
}

#[test]
fn numbers_without_sense_are_refused_with_their_line() {
    let refusal = |data: &str| graphml(&format!("<graph>\n{}</graph>", node("1", data))).refusal();
    let message = refusal("\n<data key=\"n1\">north</data>");
    assert_eq!(message, "g.graphml:13: Latitude is `north`; expected a number");
    assert!(refusal("<data key=\"n1\">90.5</data>").contains("12: Latitude is 90.5"));
    assert!(refusal("<data key=\"n2\">inf</data>").contains("12: Longitude is inf"));
    assert!(refusal("<data key=\"n3\">maybe</data>").contains("12: Internal is `maybe`"));
    let edge = format!(
        "<graph>{AB}\n<edge source=\"a\" target=\"b\"><data key=\"e1\">-3</data></edge></graph>"
    );
    assert!(graphml(&edge).refusal().starts_with("g.graphml:14: weight is -3"));
}

#[test]
fn half_a_position_is_none() {
    let graph = format!(
        "<graph>{}</graph>",
        node("1", "<data key=\"n0\">A</data><data key=\"n1\">4</data>")
    );
    assert_eq!(warned(&graphml(&graph).network()), [(code::HALF_COORDINATES, Some(11))]);
}

#[test]
fn other_documents_are_refused() {
    let refusal = |text: &str| Files::new().with("graphml", "g.graphml", text).refusal();
    assert!(
        refusal("<html/>").starts_with("g.graphml:1: is no GraphML: the root element is `html`")
    );
    assert!(refusal("{}").contains("is no GraphML"));
    assert!(refusal("").ends_with("is empty"));
    assert!(refusal("<graphml></graphml>").contains("holds no `graph`"));
    assert!(
        refusal("<graphml>\n<graph></graph>\n<graph/></graphml>").contains(":3: holds a second")
    );
    assert!(refusal("<graphml>\n<graph>\n<node id=\"1\">").contains("ends inside an element"));
    assert!(
        refusal("<graphml>\n<graph></node></graphml>")
            .starts_with("g.graphml:2: is no well-formed")
    );
    assert!(
        refusal("<graphml><graph><node/></graph></graphml>")
            .contains("`node` has no attribute `id`")
    );
    assert!(
        refusal(
            "<graphml><graph><node id=\"1\"/><edge source=\"1\" target=\"1\"><graph/></edge>\
             </graph></graphml>"
        )
        .contains("nested in the edge `1`–`1`")
    );
    let deep = format!("<graphml>{}", "<data>".repeat(100));
    assert!(refusal(&deep).contains("nest more than 64 deep"));
    let entity = "<!DOCTYPE g [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n\
        <graphml><key id=\"k\" for=\"node\" attr.name=\"label\"/><graph><node id=\"1\">\
        <data key=\"k\">&x;</data></node></graph></graphml>";
    assert!(refusal(entity).contains(":2: entity `&x;` is unknown"));
    let same = "<graphml><graph>\n<node id=\"1\"/>\n<node id=\"1\"/></graph></graphml>";
    assert!(refusal(same).starts_with("g.graphml:3: node id `1` is also that of line 2"));
}

#[test]
fn coordinates_make_distance_the_weight() {
    let place = |id: &str, label: &str, latitude: f64| {
        node(
            id,
            &format!(
                "<data key=\"n0\">{label}</data><data key=\"n1\">{latitude}</data>\
                 <data key=\"n2\">0</data>"
            ),
        )
    };
    let graph = [
        "<graph>",
        &place("1", "A", 0.0),
        &place("2", "B", 1.0),
        &node("3", "<data key=\"n0\">C</data>"),
        "<edge source=\"1\" target=\"2\"/><edge source=\"2\" target=\"3\"/></graph>",
    ];
    let network = graphml(&graph.concat()).load(&without_penalties()).unwrap();
    // One degree on a sphere of 6371.0088 km.
    assert_eq!(routingcost(&network, "A", "B"), Some(111.195));
    assert_eq!(routingcost(&network, "A", "C"), Some(111.195));
    assert_eq!(warned(&network), [(code::MISSING_COORDINATES, Some(13))]);
}
