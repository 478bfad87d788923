//! Networks from texts, and what tests ask of them.

use std::path::PathBuf;

use netmap::Pid;
use topology::{Kind, Network, Options, Penalties, Source, Weight};

/// A folder for the files of one test.
pub(crate) struct Files {
    dir: tempfile::TempDir,
    sources: Vec<Source>,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), sources: Vec::new() }
    }

    /// Writes one more source, as `graphml`, `name.graphml`.
    pub(crate) fn with(mut self, format: &str, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        self.sources.push(Source { format: format.parse().unwrap(), path });
        self
    }

    pub(crate) fn load(&self, options: &Options) -> Result<Network, String> {
        let folder = format!("{}/", self.dir.path().display());
        topology::load(&self.sources, options, &())
            .map_err(|error| error.to_string().replace(&folder, ""))
    }

    pub(crate) fn load_beside(&self, options: &Options, old: &Network) -> Result<Network, String> {
        topology::load_beside(&self.sources, options, &(), Some(old))
            .map_err(|error| error.to_string())
    }

    pub(crate) fn network(&self) -> Network {
        self.load(&Options::default()).unwrap()
    }

    pub(crate) fn refusal(&self) -> String {
        match self.load(&Options::default()) {
            Ok(_) => panic!("accepted"),
            Err(message) => message,
        }
    }
}

/// A file of this package's fixtures.
pub(crate) fn fixture(format: &str, path: &str) -> Source {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path);
    Source { format: format.parse().unwrap(), path }
}

pub(crate) fn weighing(weight: Weight) -> Options {
    Options { weight: Some(weight), ..without_penalties() }
}

pub(crate) fn without_penalties() -> Options {
    let penalties = Penalties { customer: 0.0, peer: 0.0, transit: 0.0 };
    Options { penalties, ..Options::default() }
}

/// The PID of a node.
pub(crate) fn pid(network: &Network, node: &str) -> Pid {
    let index = network.pids().iter().position(|entry| entry.node.as_deref() == Some(node));
    Pid::new(index.unwrap_or_else(|| panic!("no node {node}")) as u32)
}

/// What it costs from node to node.
pub(crate) fn cost(network: &Network, metric: &str, from: &str, to: &str) -> Option<f64> {
    let matrix = network.snapshot().matrix(metric).unwrap();
    matrix.cost(pid(network, from), pid(network, to)).map(|cost| cost.value())
}

pub(crate) fn routingcost(network: &Network, from: &str, to: &str) -> Option<f64> {
    cost(network, "routingcost", from, to)
}

pub(crate) fn hopcount(network: &Network, from: &str, to: &str) -> Option<f64> {
    cost(network, "hopcount", from, to)
}

/// Codes and lines of all warnings, in order.
pub(crate) fn warned(network: &Network) -> Vec<(&'static str, Option<u64>)> {
    network.warnings().iter().map(|warning| (warning.code, warning.line)).collect()
}

pub(crate) fn noted(network: &Network, what: &str) -> bool {
    network.notes().iter().any(|note| note.contains(what))
}

/// The node whose PID an address is in; `None`: the default PID.
pub(crate) fn node_of(network: &Network, address: &str) -> Option<String> {
    let pid = network.snapshot().pid_of(address.parse().unwrap()).unwrap();
    network.pids()[pid.index()].node.clone()
}

pub(crate) fn kind(network: &Network, node: &str) -> Kind {
    network.pids()[pid(network, node).index()].kind
}
