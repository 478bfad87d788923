//! Whether links of directed graphs lead one way: only if any of them has a metric.

use topology::code;

use crate::files::{Files, hopcount, noted, warned};

/// A → B → C and C → B, as each format writes it; `data` is what the first link says of itself.
fn graph(format: &str, data: &str) -> Files {
    let graph = match format {
        "nodelink" => format!(
            r#"{{"directed": true, "nodes": [{{"id": "A", "name": "A"}}, {{"id": "B", "name": "B"}},
            {{"id": "C", "name": "C"}}], "links": [{{"source": "A", "target": "B"{data}}},
            {{"source": "B", "target": "C"}}, {{"source": "C", "target": "B"}}]}}"#
        ),
        "gml" => format!(
            r#"graph [ directed 1 node [ id 1 label "A" ] node [ id 2 label "B" ]
            node [ id 3 label "C" ] edge [ source 1 target 2 {data} ]
            edge [ source 2 target 3 ] edge [ source 3 target 2 ] ]"#
        ),
        _ => format!(
            r#"<graphml><key id="label" for="node"/><key id="delay" for="edge"/>
            <key id="capacity" for="edge"/><graph edgedefault="directed">
            <node id="A"><data key="label">A</data></node>
            <node id="B"><data key="label">B</data></node>
            <node id="C"><data key="label">C</data></node>
            <edge source="A" target="B">{data}</edge>
            <edge source="B" target="C"/><edge source="C" target="B"/></graph></graphml>"#
        ),
    };
    Files::new().with(format, "g", graph).with("prefixes", "p.csv", "prefix,pop\n192.0.2.0/24,A\n")
}

#[test]
fn links_go_both_ways_where_no_link_has_a_metric() {
    for format in ["nodelink", "gml", "graphml"] {
        let network = graph(format, "").network();
        assert_eq!(warned(&network), [], "{format}");
        assert_eq!(hopcount(&network, "A", "C"), Some(2.0));
        assert_eq!(hopcount(&network, "C", "A"), Some(2.0));
        assert!(noted(&network, "directed, but no link has a metric; links go both ways"));
        assert!(noted(&network, "parallel links merged with others: 1"));
    }
}

#[test]
fn links_lead_one_way_where_one_link_has_a_metric_of_any_kind() {
    for (format, data) in [
        ("nodelink", ", \"weight\": 1"),
        ("nodelink", ", \"delay\": 1"),
        ("gml", "capacity 1"),
        ("graphml", "<data key=\"delay\">1</data>"),
        ("graphml", "<data key=\"capacity\">1</data>"),
    ] {
        let network = graph(format, data).network();
        assert_eq!(hopcount(&network, "A", "C"), Some(2.0), "{format} {data}");
        assert_eq!(hopcount(&network, "C", "A"), None);
        let warnings = warned(&network);
        assert!(warnings.contains(&(code::UNREACHABLE_PAIRS, None)), "{warnings:?}");
        assert!(!noted(&network, "links go both ways"));
    }
}
