//! A reload after one link's cost changed: the same bytes and tags as a server that starts over the
//! new files, from the old costs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use system_tests::unis::{self, Unis};
use system_tests::{data, http};

/// Id, tag and bytes.
type Map = (String, String, Vec<u8>);

/// Every map.
fn maps(server: &Unis) -> Vec<Map> {
    let directory = http::get(&server.url).json();
    let resources = directory["resources"].as_object().unwrap();
    let maps = resources.iter().filter(|(_, resource)| {
        resource["media-type"]
            .as_str()
            .is_some_and(|kind| kind.contains("networkmap") || kind.contains("costmap"))
            && resource["accepts"].is_null()
    });
    maps.map(|(id, resource)| {
        let answer = http::get(resource["uri"].as_str().unwrap());
        assert_eq!(answer.status, 200, "{id}");
        let tag = answer.header("etag").unwrap_or_default().to_owned();
        (id.clone(), tag, answer.body)
    })
    .collect()
}

/// The German network in a folder of its own, a link of whose graph can be changed.
struct Germany {
    folder: tempfile::TempDir,
    graph: String,
}

impl Germany {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut graph = String::new();
        for file in ["germany50.json", "prefixes.csv", "neighbours.csv"] {
            let text =
                std::fs::read_to_string(data::project("topology/fixtures/germany50").join(file));
            let text = text.unwrap();
            std::fs::write(folder.path().join(file), &text).unwrap();
            if file == "germany50.json" {
                graph = text;
            }
        }
        Self { folder, graph }
    }

    fn sources(&self) -> Vec<String> {
        let files = [
            ("nodelink", "germany50.json"),
            ("prefixes", "prefixes.csv"),
            ("neighbours", "neighbours.csv"),
        ];
        let path = |file: &str| self.folder.path().join(file).display().to_string();
        files.map(|(format, file)| format!("{format}={}", path(file))).to_vec()
    }

    /// Writes the graph with an igp metric on every link: its place in the file, but for one.
    fn write(&self, changed: usize, metric: usize) {
        let mut graph: serde_json::Value = serde_json::from_str(&self.graph).unwrap();
        let key = if graph["links"].is_array() { "links" } else { "edges" };
        for (at, link) in graph[key].as_array_mut().unwrap().iter_mut().enumerate() {
            link["weight"] = if at == changed { metric } else { at + 20 }.into();
        }
        unis::replace(&self.folder.path().join("germany50.json"), &graph.to_string()).unwrap();
    }
}

#[test]
fn after_one_link_changed_a_reload_serves_what_a_cold_start_serves() {
    let germany = Germany::new();
    germany.write(0, 20);
    let by_hand = ["--set", "reload-poll-seconds=0", "--set", "routingcost.weight=igp"];
    let running = Unis::plain(&germany.sources(), &by_hand).unwrap();
    let mut before = maps(&running);
    for (link, metric) in [(3, 1), (3, 90), (40, 61), (40, 1)] {
        germany.write(link, metric);
        running.signal("HUP").unwrap();
        let line = running.wait_for_log("map reloaded").unwrap();
        assert!(line.contains("0 searched"), "not from the old costs: {line}");
        let after = maps(&running);
        let cold = Unis::plain(&germany.sources(), &by_hand).unwrap();
        assert_eq!(after.len(), 5, "the network map and two cost maps of two metrics");
        assert_eq!(after, maps(&cold), "link {link} at {metric}");
        let moved = |id: &str| {
            let tag = |maps: &[Map]| {
                maps.iter().find(|(other, ..)| other == id).map(|(_, tag, _)| tag.clone())
            };
            tag(&before) != tag(&after)
        };
        assert!(moved("cost-map-routingcost-numerical"), "link {link} at {metric}");
        assert!(!moved("network-map") && !moved("cost-map-hopcount-numerical"));
        before = after;
    }
}
