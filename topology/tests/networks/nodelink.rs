//! networkx's node-link JSON.

use topology::{Kind, Weight, code};

use crate::files::{Files, hopcount, kind, node_of, noted, routingcost, warned, weighing};

fn nodelink(json: &str) -> Files {
    Files::new().with("nodelink", "g.json", json).with(
        "prefixes",
        "p.csv",
        "prefix,pop\n192.0.2.0/24,A\n",
    )
}

#[test]
fn ids_may_be_texts_whole_numbers_and_others() {
    let json = r#"{"directed": false, "multigraph": false, "graph": {"name": "x"},
        "nodes": [{"id": "a", "label": "A"}, {"id": 7, "name": "B"}, {"id": 1.5, "name": "C"},
                  {"id": 3.0, "label": "", "name": "D"}],
        "edges": [{"source": "a", "target": 7}, {"source": 7, "target": 1.5},
                  {"source": 1.50, "target": 3, "key": 0}]}"#;
    let network = nodelink(json).network();
    assert_eq!(warned(&network), []);
    assert_eq!(hopcount(&network, "A", "D"), Some(3.0));
}

#[test]
fn coordinates_come_in_any_case_or_as_a_pair() {
    let json = r#"{"nodes": [{"id": 1, "name": "A", "Latitude": "0", "LONGITUDE": 0},
        {"id": 2, "name": "B", "pos": [1.0, 0, 120.5]}, {"id": 3, "name": "C", "pos": null}],
        "links": [{"source": 1, "target": 2}]}"#;
    let network = nodelink(json).network();
    assert_eq!(routingcost(&network, "A", "B"), Some(111.195));
    assert!(noted(&network, "weight is distance"));
    assert_eq!(warned(&network), [(code::ISLAND, Some(2))]);
    assert_eq!(routingcost(&network, "A", "C"), None);
}

#[test]
fn metrics_and_marks_are_read() {
    let json = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "B", "Internal": 0},
        {"id": 3, "name": "C", "external": true}, {"id": 4, "name": "D", "Internal": "1"}],
        "links": [{"source": 1, "target": 2, "weight": 3},
        {"source": 1, "target": 3, "metric": 4.5},
        {"source": 1, "target": 4, "weight": 5, "dist": 99}]}"#;
    let network = nodelink(json).network();
    assert_eq!(kind(&network, "B"), Kind::External);
    assert_eq!(kind(&network, "C"), Kind::External);
    assert_eq!(kind(&network, "D"), Kind::Internal);
    assert_eq!(routingcost(&network, "A", "D"), Some(5.0));
    // Two ends, peers for want of rows; largest internal cost 5, unit 8.
    assert_eq!(routingcost(&network, "B", "C"), Some(15.5));
    assert_eq!(warned(&network), []);
}

/// As networkx writes what it read of the Topology Zoo's or an operator's GraphML.
#[test]
fn metrics_have_the_names_that_they_have_in_graphml() {
    let json = r#"{"nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}, {"id": 3, "name": "C"}],
        "links": [{"source": 1, "target": 2, "igp": 7, "weight": 3, "LinkSpeedRaw": 2.5e9},
        {"source": 2, "target": 3, "metric": 2, "linkspeedraw": "1e9", "capacity": 10000}]}"#;
    let network = nodelink(json).network();
    assert_eq!(routingcost(&network, "A", "C"), Some(9.0));
    // 100 Gbit/s by 2.5 and by 10.
    let network = nodelink(json).load(&weighing(Weight::InverseCapacity)).unwrap();
    assert_eq!(routingcost(&network, "A", "C"), Some(50.0));
}

#[test]
fn a_directed_graph_has_links_of_one_direction() {
    let json = r#"{"directed": true, "nodes": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}],
        "links": [{"source": 1, "target": 2, "weight": 1},
        {"source": 2, "target": 1, "weight": 2}]}"#;
    let network = nodelink(json).network();
    assert_eq!(routingcost(&network, "A", "B"), Some(1.0));
    assert_eq!(routingcost(&network, "B", "A"), Some(2.0));
    assert_eq!(warned(&network), []);
}

#[test]
fn what_makes_no_graph_is_refused_with_its_line() {
    let refusal = |json: &str| nodelink(json).refusal();
    assert!(refusal("{\"nodes\": [\n1,]").starts_with("g.json:2: is no node-link JSON"));
    assert!(refusal("[]").starts_with("g.json:1: is no node-link JSON"));
    assert!(refusal("{\"links\": []}").contains("missing field `nodes`"));
    assert!(refusal("{\"nodes\": []}").contains("neither `links` nor `edges`"));
    assert!(refusal("{\"nodes\": [], \"links\": [], \"edges\": []}").contains("has both"));
    assert_eq!(refusal("{\"nodes\": [], \"links\": []}"), "g.json: no graph has a node");
    let nodes = |node: &str, link: &str| {
        refusal(&format!(
            "{{\"nodes\": [{{\"id\": 1, \"name\": \"A\"}},\n{node}], \"links\": [\n{link}]}}"
        ))
    };
    assert_eq!(nodes("{}", ""), "g.json:2: node has no `id`");
    // One node, not two: networkx has them as equal.
    assert!(nodes("{\"id\": 1.0}", "").contains("2: node id `1` is also that of line 1"));
    assert!(nodes("{\"id\": [{}]}", "").contains("2: id is [{}]; expected a text, a number"));
    assert!(nodes("{\"id\": 1}", "").contains("2: node id `1` is also that of line 1"));
    assert!(nodes("{\"id\": 2, \"pos\": [1]}", "").contains("`pos` is [1]"));
    assert!(nodes("{\"id\": 2, \"pos\": [10, 95]}", "").contains("latitude is 95"));
    assert!(nodes("{\"id\": 2, \"pos\": [\"x\", 5]}", "").contains("pos is `x`"));
    let link = "{\"source\": 1, \"target\": 2, \"weight\": -1}";
    assert!(nodes("{\"id\": 2}", link).starts_with("g.json:3: weight is -1"));
    assert_eq!(nodes("{\"id\": 2}", "{\"source\": 1}"), "g.json:3: link has no `target`");
}

#[test]
fn links_to_nowhere_are_skipped() {
    let json = "{\"nodes\": [{\"id\": 1, \"name\": \"A\"}],\n\"links\": [\n\
        {\"source\": 1, \"target\": 9}]}";
    let network = nodelink(json).network();
    assert_eq!(warned(&network), [(code::DANGLING_LINK, Some(3))]);
}

/// networkx names nodes by their ids alone.
#[test]
fn lists_may_call_a_node_without_a_label_by_its_id() {
    let graph = r##"{"nodes": [{"id": "Milano"}, {"id": "Roma"}, {"id": 3}, {"id": 4, "label": "Roma"},
        {"id": 5, "label": "#x"}], "edges": [{"source": "Milano", "target": "Roma"},
        {"source": "Milano", "target": 4}, {"source": 3, "target": "Milano"}]}"##;
    let lists = |pop: &str| {
        Files::new()
            .with("nodelink", "g.json", graph)
            .with("prefixes", "p.csv", format!("prefix,pop\n192.0.2.0/24,{pop}\n"))
            .with(
                "neighbours",
                "n.csv",
                "as,name,relation,pop,external_node\n64510,a,peer,3,\n64511,b,peer,3,Milano\n",
            )
    };
    let of = |pop: &str| node_of(&lists(pop).network(), "192.0.2.1");
    for (pop, node) in
        [("Milano", "#Milano"), ("#Milano", "#Milano"), ("3", "#3"), ("Roma", "Roma")]
    {
        assert_eq!(of(pop).as_deref(), Some(node), "{pop}");
    }
    let network = lists("3").network();
    assert_eq!(hopcount(&network, "as64510", "#3"), Some(1.0));
    assert_eq!(kind(&network, "#Milano"), Kind::Neighbour);
    // `#x` is a label, and no node has the id `x`.
    assert!(lists("x").refusal().contains("unknown pop `x`"));
}
