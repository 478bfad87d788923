//! The operator's files, through the way that a server takes: file, graph, PIDs, costs, snapshot.

use std::sync::LazyLock;

use topology::{Format, Options, Source};

use crate::file;

/// What files that make no graph are placed on.
static GRAPH: LazyLock<Source> = LazyLock::new(|| Source {
    format: Format::Inventory,
    path: file::named("graph", include_bytes!("../../topology/fixtures/small.toml")),
});

/// What cost maps are for.
static NETWORK_MAP: LazyLock<Source> = LazyLock::new(|| Source {
    format: Format::Alto,
    path: file::named("map", include_bytes!("../../tests/fixtures/rfc7285/network-map.json")),
});

/// What is wrong with all files together has no place in one.
const OF_ALL: &str = "no network map among the `alto` sources";

/// Loads a network with this file in it.
///
/// # Panics
/// The network is not sound, or the refusal does not say where.
pub fn load(format: &str, bytes: &[u8]) {
    let format: Format = format.parse().expect("a format");
    let path = file::holding(bytes);
    let place = path.display().to_string();
    let mut sources = vec![Source { format, path }];
    if format == Format::Alto && bytes.windows(8).any(|name| name == b"cost-map") {
        sources.push(NETWORK_MAP.clone());
    } else if !format.is_graph() && format != Format::Alto {
        sources.push(GRAPH.clone());
    }
    match topology::load(&sources, &Options::default(), &()) {
        Ok(network) => {
            // RFC 7285 §11.2.2: every address of a family that is there has a PID.
            let snapshot = network.snapshot();
            if format != Format::Alto {
                assert!(snapshot.pid_of([192, 0, 2, 1].into()).is_some());
            }
            assert_eq!(network.pids().len(), snapshot.pids().len());
        }
        Err(error) => {
            let told = error.to_string();
            assert!(told.contains(&place) || told == OF_ALL, "no place: {told}");
        }
    }
}
