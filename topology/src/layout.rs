//! Where PIDs lie and which links join them, for a drawing. Only the operator sees it.

use netmap::Pid;

use crate::graph::Graph;

/// The graph as PIDs: for a drawing, not for costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// By PID; `None` where no place is known, and for the default PID.
    pub places: Vec<Option<Place>>,
    /// Links between PIDs, each pair once, the lower PID first, ascending.
    pub links: Vec<(Pid, Pid)>,
}

/// A place on the earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl Layout {
    /// The layout of a graph; `pids_of_nodes[node]`.
    pub(crate) fn of(graph: &Graph, pids_of_nodes: &[Pid], pid_count: usize) -> Self {
        let mut places = vec![None; pid_count];
        for (node, pid) in graph.nodes().iter().zip(pids_of_nodes) {
            places[pid.index()] = node.position.map(|position| Place {
                latitude: position.latitude,
                longitude: position.longitude,
            });
        }
        let pid = |node: u32| pids_of_nodes[node as usize];
        let ends = graph.links().iter().map(|link| (pid(link.from), pid(link.to)));
        let mut links: Vec<_> = ends.map(|(a, b)| (a.min(b), a.max(b))).collect();
        links.sort_unstable();
        links.dedup();
        Self { places, links }
    }
}
