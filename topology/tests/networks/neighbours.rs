//! Rows about neighbour networks.
//!
//! ```text
//!   A ──2── B ──2── C        X: external, on A
//!   │               │
//!   X               (as1 .. where rows say)
//! ```

use topology::{Kind, Network, code};

use crate::files::{Files, hopcount, kind, noted, routingcost, warned};

const GRAPH: &str = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"},
    {"id": 3, "name": "C"}, {"id": 4, "name": "X", "external": true}],
    "links": [{"source": 1, "target": 2, "weight": 2}, {"source": 2, "target": 3, "weight": 2},
    {"source": 1, "target": 4, "weight": 2}]}"#;
const HEADER: &str = "as,name,relation,pop,external_node\n";

fn files(graph: &str, rows: &str) -> Files {
    Files::new()
        .with("neighbours", "n.csv", format!("{HEADER}{rows}"))
        .with("nodelink", "g.json", graph)
        .with("prefixes", "p.csv", "prefix,pop\n192.0.2.0/24,A\n")
}

fn load(rows: &str) -> Network {
    files(GRAPH, rows).network()
}

#[test]
fn a_row_without_external_node_adds_an_as_at_no_cost_and_one_hop() {
    let network = load("1,One,customer,C,\n1,One,customer,A,\n2,Two,peer,C,\n");
    assert_eq!(warned(&network), []);
    assert_eq!(kind(&network, "as1"), Kind::Neighbour);
    assert_eq!(routingcost(&network, "A", "as1"), Some(0.0));
    assert_eq!(hopcount(&network, "A", "as1"), Some(1.0));
    // No path runs through as1: A to C is 4 by B.
    assert_eq!(routingcost(&network, "A", "C"), Some(4.0));
    assert_eq!(routingcost(&network, "as1", "as2"), Some(8.0));
    assert_eq!(hopcount(&network, "as1", "as2"), Some(2.0));
}

#[test]
fn an_exchange_takes_its_dearest_relation() {
    let network = load("1,One,customer,A,X\n2,Two,transit,A,X\n3,Three,peer,A,X\n");
    assert_eq!(warned(&network), []);
    assert_eq!(kind(&network, "X"), Kind::External);
    // 2 and twice the unit 8.
    assert_eq!(routingcost(&network, "A", "X"), Some(18.0));
    assert_eq!(hopcount(&network, "C", "X"), Some(3.0));
}

#[test]
fn an_external_node_without_a_row_counts_as_a_peer() {
    let network = load("");
    assert_eq!(routingcost(&network, "A", "X"), Some(10.0));
    assert_eq!(warned(&network), []);
}

#[test]
fn a_node_that_a_row_names_becomes_an_end() {
    let network = load("1,One,customer,A,B\n9,Nine,customer,A,X\n");
    assert_eq!(kind(&network, "B"), Kind::Neighbour);
    assert_eq!(routingcost(&network, "A", "B"), Some(2.0));
    assert_eq!(routingcost(&network, "A", "C"), None);
    assert!(noted(&network, "made ends because neighbour rows name them: B"));
    assert_eq!(warned(&network), [(code::ISLAND, Some(2))]);
}

#[test]
fn a_graph_node_keyed_as_an_as_is_that_neighbour() {
    let graph = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "as1"},
        {"id": 3, "name": "B"}], "links": [{"source": 1, "target": 2, "weight": 70},
        {"source": 1, "target": 3, "weight": 2}]}"#;
    let network = files(graph, "1,One,transit,B,\n2,Two,peer,B,as1\n").network();
    assert_eq!(warned(&network), []);
    assert_eq!(network.pids().len(), 4);
    assert_eq!(kind(&network, "as1"), Kind::Neighbour);
    // The attachment of 70 counts for nothing; 2 × 4 for the transit.
    assert_eq!(routingcost(&network, "A", "as1"), Some(8.0));
    assert_eq!(routingcost(&network, "A", "B"), Some(2.0));
}

#[test]
fn ends_beside_each_other_reach_each_other_directly() {
    let graph = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "as1"},
        {"id": 3, "name": "as2"}, {"id": 4, "name": "X", "external": true}],
        "links": [{"source": 1, "target": 2}, {"source": 2, "target": 3},
        {"source": 1, "target": 4, "weight": 7}]}"#;
    let network = files(graph, "").network();
    assert_eq!(warned(&network), [(code::UNATTACHED_END, Some(2))]);
    assert_eq!(hopcount(&network, "as1", "as2"), Some(1.0));
    assert_eq!(hopcount(&network, "A", "as2"), None);
}

#[test]
fn rows_that_name_unknown_nodes_are_skipped_and_warned_about() {
    let rows = "1,One,peer,Z,\n2,Two,peer,A,Y\n3,Three,peer,Z,X\n4,Four,peer,,\n5,Five,peer,,X\n";
    let network = load(rows);
    let expected = [2, 5, 3, 4].map(|line| (code::DANGLING_NEIGHBOUR, Some(line)));
    assert_eq!(warned(&network), expected);
    assert_eq!(network.pids().len(), 5);
    assert!(noted(&network, "skipped neighbour rows: 4"));
}

#[test]
fn a_neighbour_is_no_place_to_meet_another_whatever_the_order_of_the_rows() {
    for (rows, line) in
        [("2,Two,peer,as1,\n1,One,peer,A,\n", 2), ("1,One,peer,A,\n2,Two,peer,as1,\n", 3)]
    {
        let network = load(rows);
        assert_eq!(warned(&network), [(code::DANGLING_NEIGHBOUR, Some(line))]);
        let message = &network.warnings()[0].message;
        assert_eq!(message, "neighbour as2 skipped here: `as1` is a neighbour, not a pop");
    }
}

#[test]
fn contradictions_about_one_as_are_warned_about() {
    let network = load("1,One,peer,A,\n1,Uno,transit,C,\n1,,peer,B,\n9,N,peer,A,X\n");
    let expected = [(code::CONTRADICTING_RELATIONS, Some(3)), (code::CONTRADICTING_NAMES, Some(3))];
    assert_eq!(warned(&network), expected);
    // The dearest counts: 2 × 8.
    assert_eq!(routingcost(&network, "A", "as1"), Some(16.0));
}

#[test]
fn an_as_that_meets_nobody_inside_is_warned_about() {
    let network = load("1,One,peer,X,\n9,N,peer,A,X\n");
    assert_eq!(warned(&network), [(code::UNATTACHED_END, Some(2))]);
}

#[test]
fn malformed_rows_are_refused_with_their_line() {
    let refusal = |rows: &str| files(GRAPH, rows).refusal();
    assert!(refusal("AS1,One,peer,A,\n").starts_with("n.csv:2: as: `AS1` is no AS number"));
    assert!(refusal("1,One,friend,A,\n").starts_with("n.csv:2: unknown relation `friend`"));
    assert!(refusal("1,One,peer,A\n").starts_with("n.csv:2: row has 4 fields; the header has 5"));
}
