//! Where PIDs lie and which links join them, for a drawing. Only the operator sees it.

use netmap::Pid;

use crate::graph::{Graph, NodeIndex, Position};
use crate::made::Made;

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
    /// The layout of a graph.
    pub(crate) fn of(graph: &Graph, made: &Made) -> Self {
        let place = |node: &Option<NodeIndex>| {
            let Position { latitude, longitude } = graph.node((*node)?).position?;
            Some(Place { latitude, longitude })
        };
        let places = made.nodes_of_pids.iter().map(place).collect();
        let pid = |node: NodeIndex| made.pids_of_nodes[node as usize];
        let ends = graph.links().iter().map(|link| (pid(link.from), pid(link.to)));
        let mut links: Vec<_> = ends.map(|(a, b)| (a.min(b), a.max(b))).collect();
        links.retain(|(one, two)| one != two);
        links.sort_unstable();
        links.dedup();
        Self { places, links }
    }
}
