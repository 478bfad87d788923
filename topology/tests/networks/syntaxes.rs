//! One network in several syntaxes: the same PIDs, prefixes and costs.

use serde_json::{Value, json};
use topology::{Network, Options, Weight};

use crate::files::{Files, fixture, warned, weighing};

/// The 50 cities: name, longitude, latitude; and links by index.
struct Cities {
    nodes: Vec<(String, f64, f64)>,
    links: Vec<(usize, usize)>,
}

fn cities() -> Cities {
    let text = std::fs::read_to_string(fixture("nodelink", "germany50/germany50.json").path);
    let graph: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let list = |name: &str| graph[name].as_array().unwrap().clone();
    let index = |link: &Value, end: &str| {
        list("nodes").iter().position(|node| node["id"] == link[end]).unwrap()
    };
    let node = |node: &Value| {
        let degrees = |at: usize| node["pos"][at].as_f64().unwrap();
        (node["name"].as_str().unwrap().to_owned(), degrees(0), degrees(1))
    };
    let links = if graph["edges"].is_array() { list("edges") } else { list("links") };
    Cities {
        nodes: list("nodes").iter().map(node).collect(),
        links: links.iter().map(|link| (index(link, "source"), index(link, "target"))).collect(),
    }
}

fn gml(Cities { nodes, links }: &Cities) -> String {
    let nodes = nodes.iter().enumerate().map(|(id, (name, longitude, latitude))| {
        format!("  node [ id {id} label \"{name}\" Longitude {longitude} Latitude {latitude} ]\n")
    });
    let links = links.iter().map(|(from, to)| format!("  edge [ source {from} target {to} ]\n"));
    format!("graph [\n{}{}]\n", nodes.collect::<String>(), links.collect::<String>())
}

fn sndlib(Cities { nodes, links }: &Cities) -> String {
    let nodes_text = nodes.iter().map(|(name, x, y)| {
        format!("<node id=\"{name}\"><coordinates><x>{x}</x><y>{y}</y></coordinates></node>\n")
    });
    let links = links.iter().enumerate().map(|(id, (from, to))| {
        let (from, to) = (&nodes[*from].0, &nodes[*to].0);
        format!("<link id=\"L{id}\"><source>{from}</source><target>{to}</target></link>\n")
    });
    format!(
        "<network><networkStructure><nodes coordinatesType=\"geographical\">{}</nodes>\
         <links>{}</links></networkStructure></network>",
        nodes_text.collect::<String>(),
        links.collect::<String>()
    )
}

fn rfc8345(Cities { nodes, links }: &Cities) -> String {
    let nodes: Vec<Value> = nodes
        .iter()
        .enumerate()
        .map(|(id, (name, ..))| {
            json!({"node-id": format!("n{id}"), "l3-node-attributes": {"name": name}})
        })
        .collect();
    let both = links.iter().flat_map(|(from, to)| [(from, to), (to, from)]);
    let links: Vec<Value> = both
        .map(|(from, to)| {
            json!({"source": {"source-node": format!("n{from}")},
                "destination": {"dest-node": format!("n{to}")}})
        })
        .collect();
    let types = json!({"l3-unicast-topology": {}});
    let network = json!({"network-id": "de", "network-types": types, "node": nodes, "link": links});
    json!({"networks": {"network": [network]}}).to_string()
}

fn load(format: &str, text: &str, options: &Options) -> Network {
    let csv = |name: &str| {
        std::fs::read_to_string(fixture("prefixes", &format!("germany50/{name}")).path).unwrap()
    };
    let network = Files::new()
        .with(format, "graph", text)
        .with("prefixes", "p.csv", csv("prefixes.csv"))
        .with("neighbours", "n.csv", csv("neighbours.csv"))
        .load(options)
        .unwrap();
    assert_eq!(warned(&network), [], "{format}");
    network
}

#[test]
fn germany50_is_the_same_network_in_every_syntax() {
    let cities = cities();
    let path = fixture("nodelink", "germany50/germany50.json").path;
    let original = std::fs::read_to_string(path).unwrap();
    let texts = [("gml", gml(&cities)), ("sndlib", sndlib(&cities)), ("rfc8345", rfc8345(&cities))];
    for weight in [Weight::Distance, Weight::Hops] {
        let options = weighing(weight);
        let expected = load("nodelink", &original, &options);
        for (format, text) in &texts {
            if *format == "rfc8345" && weight == Weight::Distance {
                continue; // The model has no coordinates.
            }
            let network = load(format, text, &options);
            let (one, other) = (network.snapshot(), expected.snapshot());
            assert_eq!(one.network_tag(), other.network_tag(), "{format}");
            for metric in ["routingcost", "hopcount"] {
                assert_eq!(one.cost_tag(metric), other.cost_tag(metric), "{format} {weight}");
            }
        }
    }
}
