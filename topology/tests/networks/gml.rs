//! GML, as the Internet Topology Zoo, networkx, igraph, Gephi and yEd write it.

use topology::{Kind, Network, Weight, code};

use crate::files::{Files, hopcount, kind, noted, routingcost, warned, weighing};

fn gml(text: impl AsRef<[u8]>) -> Files {
    Files::new().with("gml", "g.gml", text).with(
        "prefixes",
        "p.csv",
        "prefix,pop\n192.0.2.0/24,A\n",
    )
}

fn keys(network: &Network) -> Vec<&str> {
    network.pids().iter().filter_map(|entry| entry.node.as_deref()).collect()
}

/// Two nodes one degree of longitude apart on the equator, and an external one.
const ZOO: &str = r#"graph [
  directed 0
  DateObtained "11/12/10"
  label "AT&#38;T (c) &quot;x&quot;"
  multigraph 1
  node [
    id 0
    label "A"
    Country "Austria"
    Longitude 0.00000
    Internal 1
    Latitude 0.0
  ]
  node [ id 1 label "K&#246;ln " Longitude 1 Internal 1 Latitude 0 ]
  node [ id 2 label "MIX" Internal 0 Latitude 0 Longitude 1 ]
  edge [ source 0 target 1 key 0 LinkSpeedRaw 2500000000.0 LinkLabel "2.5 Gbps" ]
  edge [ source 0 target 1 key 1 LinkSpeedRaw 10000000000.0 ]
  edge [ source 1 target 2 LinkSpeedRaw 1e9 ]
]
"#;

#[test]
fn the_topology_zoo_has_places_marks_and_speeds() {
    let network = gml(ZOO).load(&weighing(Weight::Distance)).unwrap();
    assert_eq!(warned(&network), []);
    assert_eq!(keys(&network), ["A", "Köln", "MIX"]);
    assert_eq!(kind(&network, "MIX"), Kind::External);
    // One degree on a sphere of 6371.0088 km.
    assert_eq!(routingcost(&network, "A", "Köln"), Some(111.195));
    assert!(noted(&network, "parallel links merged with others: 1"));
    let network = gml(ZOO).load(&weighing(Weight::InverseCapacity)).unwrap();
    // 100 Gbit/s by 2.5 + 10, and by 1.
    assert_eq!(routingcost(&network, "A", "Köln"), Some(8.0));
    assert_eq!(routingcost(&network, "A", "MIX"), Some(108.0));
}

#[test]
fn networkx_writes_comments_directions_and_metrics() {
    let text = "# exported\nCreator \"me\"\nVERSION 1\nGraph\n[ # a comment\n  Directed 1\n\
        node [ ID 0 label \"A\" tag [ x 1 y [ z 2 ] ] Latitude NAN Longitude nan ]\n\
        node [ id +1 Label \"B\" list \"_networkx_list_start\" list 1 list 2 ]\n\
        edge [ source 0.0 target 01 Weight 3 delay 100 capacity 10 ]\n\
        edge [ source \"1\" target \"0\" METRIC 4.5 delay 200 ]\n]\n";
    let network = gml(text).network();
    assert_eq!(warned(&network), []);
    assert_eq!(routingcost(&network, "A", "B"), Some(3.0));
    assert_eq!(routingcost(&network, "B", "A"), Some(4.5));
    let network = gml(text).load(&weighing(Weight::Delay)).unwrap();
    assert_eq!(routingcost(&network, "B", "A"), Some(200.0));
}

#[test]
fn igraph_writes_names_and_gephi_graphics_and_edge_ids() {
    let igraph = "Creator \"igraph version 0.10\"\nVersion 1\ngraph\n[\n  directed 0\n  node\n  [\n\
        id 0\n    name \"A\"\n  ]\n  node\n  [\n    id 1\n    name \"two\n    lines\"\n  ]\n  edge\n\
        [\n    source 0\n    target 1\n  ]\n]\n";
    let network = gml(igraph).network();
    assert_eq!(warned(&network), []);
    assert_eq!(keys(&network), ["A", "two lines"]);
    let gephi = "graph\n[\n  Creator \"Gephi\"\n  directed 0\n  node\n  [\n    id \"a\"\n    label \
        \"A\"\n    graphics\n    [\n      x -12.5\n      fill \"#FF0000\"\n    ]\n  ]\n  node [ id \
        b label \"\" ]\n]\n";
    assert_eq!(
        gml(gephi).refusal(),
        "g.gml:15: `id` is `b`; expected a number, a text in quotes or a list in [ ]"
    );
    let gephi = gephi.replace("id b label \"\"", "id \"b\" label \"\"");
    let edge = "]\n  edge [ id 7 source \"a\" target \"b\" value 1.0 ]\n]\n";
    let network = gml(gephi.replace("]\n]\n", edge)).network();
    assert_eq!(warned(&network), [(code::EMPTY_LABEL, Some(15))]);
    assert_eq!(keys(&network), ["A", "#b"]);
}

#[test]
fn shared_labels_take_ids_and_links_to_nowhere_are_skipped() {
    let text = "graph [ node [ id 1 label \"A\" ]\nnode [ id 2 label 7 ]\nnode [ id 3 label 7 ]\n\
        edge [ source 1 target 2 ]\nedge [ source 2 target 3 ]\nedge [ source 1 target 9 ]\n\
        edge [ source 1 target 1 ] ]";
    let network = gml(text).network();
    let expected = [
        (code::DUPLICATE_LABEL, Some(2)),
        (code::DUPLICATE_LABEL, Some(3)),
        (code::DANGLING_LINK, Some(6)),
        (code::SELF_LOOP, Some(7)),
    ];
    assert_eq!(warned(&network), expected);
    assert_eq!(keys(&network), ["7#2", "7#3", "A"]);
    assert_eq!(hopcount(&network, "A", "7#3"), Some(2.0));
}

#[test]
fn a_file_of_an_old_program_is_read_as_iso_8859_1() {
    let text = b"graph [ node [ id 1 label \"A\" ]\nnode [ id 2 label \"K\xf6ln\" ]\n\
        edge [ source 1 target 2 ] ]";
    let network = gml(text).network();
    assert_eq!(warned(&network), [(code::NOT_UTF_8, Some(2))]);
    assert_eq!(keys(&network), ["A", "Köln"]);
    let network = gml("\u{feff}graph [ node [ id 1 label \"A\" ] ]").network();
    assert_eq!(warned(&network), []);
}

#[test]
fn what_makes_no_graph_is_refused_with_its_line() {
    let refusal = |text: &str| gml(text).refusal();
    assert_eq!(refusal(""), "g.gml: is empty");
    assert_eq!(refusal("Creator \"x\""), "g.gml:1: holds no `graph`");
    assert_eq!(refusal("graph 1"), "g.gml:1: holds no `graph`");
    assert!(refusal("<graphml/>").starts_with("g.gml:1: is no GML: expected a key"));
    assert!(refusal("graph [ ]\ngraph [ ]").starts_with("g.gml:2: holds a second graph"));
    assert!(refusal("graph [ ]\n]").starts_with("g.gml:2: `]` closes no list"));
    assert!(refusal("graph [ graph [ ] ]").contains("nested in another"));
    assert!(
        refusal("graph [\nnode [ id 1 graph [ ] ] ]").contains("2: a graph is nested in a node")
    );
    assert!(refusal("graph [\ndirected 2 ]").ends_with("2: `directed` is `2`; expected 0 or 1"));
    assert!(refusal("graph [\nnode 1 ]").ends_with("2: `node` is `1`; expected a list in [ ]"));
    let graph = |inside: &str| refusal(&format!("graph [ node [ id 1 ]\n{inside} ]"));
    assert_eq!(graph("node [ label \"A\" ]"), "g.gml:2: node has no `id`");
    assert_eq!(graph("edge [ source 1 ]"), "g.gml:2: edge has no `target`");
    assert!(graph("node [ id 1.0 ]").contains("2: node id `1` is also that of line 1"));
    assert!(graph("node [ id [ ] ]").contains("`id` is a list; expected a number or a text"));
    assert!(graph("node [ id 2\nlatitude 90.5 ]").contains("3: latitude is 90.5"));
    assert!(graph("node [ id 2 Longitude \"east\" ]").contains("2: Longitude is `east`"));
    assert!(graph("node [ id 2 Internal 3 ]").contains("2: Internal is `3`; expected 0 or 1"));
    assert!(graph("edge [ source 1 target 1 weight -1 ]").contains("2: weight is -1"));
    assert!(graph("edge [ source 1 target 1 weight INF ]").contains("2: weight is inf"));
    assert!(refusal("graph [ node [ id 1").contains("ends inside a list"));
    assert!(refusal("graph [\nnode [ id 1 label \"A").contains("2: a text in quotes starts here"));
}
