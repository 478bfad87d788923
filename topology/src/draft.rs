//! What a reader hands over: one file's content, before anything is named or connected.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use netmap::IpNet;

use crate::relation::Relation;
use crate::report::{Report, code};
use crate::spot::Spot;

/// The content of one file. Most formats fill only a part of it.
pub(crate) struct Draft {
    pub(crate) file: Arc<Path>,
    /// The operator's own AS and the line that says so.
    pub(crate) asn: Option<(u32, u64)>,
    pub(crate) nodes: Vec<DraftNode>,
    pub(crate) links: Vec<DraftLink>,
    /// Whether an end of a link may also be the key of a node of another file.
    pub(crate) links_by_key: bool,
    pub(crate) neighbours: Vec<NeighbourRow>,
    pub(crate) prefixes: PrefixRows,
}

impl Draft {
    pub(crate) fn new(file: &Arc<Path>) -> Self {
        Self {
            file: Arc::clone(file),
            asn: None,
            nodes: Vec::new(),
            links: Vec::new(),
            links_by_key: false,
            neighbours: Vec::new(),
            prefixes: PrefixRows::default(),
        }
    }

    pub(crate) fn spot(&self, line: u64) -> Spot {
        Spot::line(&self.file, line)
    }

    /// Ends the reading of a graph of generic nodes and links. Such files are often directed only
    /// because of the tool that wrote them: where no link has a metric, directions say nothing.
    pub(crate) fn finish_graph(mut self, report: &mut Report) -> Self {
        self.drop_frames(report);
        let (file, nodes, links) = (self.file.display(), self.nodes.len(), self.links.len());
        report.note(format!("{file}: nodes {nodes}, links {links}"));
        let bare = self.links.iter().all(|link| link.metrics == LinkMetrics::default());
        if bare && self.links.iter().any(|link| link.directed) {
            report.note(format!("{file}: directed, but no link has a metric; links go both ways"));
            self.links.iter_mut().for_each(|link| link.directed = false);
        }
        self
    }

    /// A frame that a drawing has around other nodes is a node itself only where a link ends at it.
    fn drop_frames(&mut self, report: &mut Report) {
        if !self.nodes.iter().any(|node| node.frame) {
            return;
        }
        let links = self.links.iter();
        let ends: HashSet<_> = links.flat_map(|link| [&link.from, &link.to]).collect();
        let (file, nodes) = (&self.file, &mut self.nodes);
        nodes.retain(|node| {
            let kept = !node.frame || ends.contains(&node.id);
            if !kept {
                let name = if node.label.trim().is_empty() { &node.id } else { &node.label };
                let message = format!("`{name}` is drawn around others and has no link: no node");
                report.warn(code::SKIPPED_ELEMENT, &Spot::line(file, node.line), message);
            }
            kept
        });
    }
}

/// A node as a graph file has it.
#[derive(Default)]
pub(crate) struct DraftNode {
    /// By which links of the same file name it, as written; unique within the file.
    pub(crate) id: String,
    /// May be empty, padded with blanks, or shared with other nodes.
    pub(crate) label: String,
    pub(crate) external: bool,
    /// It is drawn around other nodes.
    pub(crate) frame: bool,
    /// Degrees north, within ±90.
    pub(crate) latitude: Option<f64>,
    /// Degrees east, within ±180.
    pub(crate) longitude: Option<f64>,
    pub(crate) line: u64,
}

/// A link as a graph file has it.
#[derive(Default)]
pub(crate) struct DraftLink {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Only from `from` to `to`.
    pub(crate) directed: bool,
    pub(crate) metrics: LinkMetrics,
    pub(crate) line: u64,
}

/// What a file says about a link: finite numbers, not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LinkMetrics {
    pub(crate) igp: Option<f64>,
    pub(crate) delay_us: Option<f64>,
    pub(crate) capacity_mbps: Option<f64>,
}

/// A network that the operator meets, and where.
pub(crate) struct NeighbourRow {
    pub(crate) asn: u32,
    /// May be empty.
    pub(crate) name: String,
    pub(crate) relation: Relation,
    /// Key of the node where it is met.
    pub(crate) pop: String,
    /// Key of the node that stands for it in the graph; empty: a node `as<AS>` does.
    pub(crate) external_node: String,
    pub(crate) spot: Spot,
}

/// Which of two sources is right about a prefix that both have: the later of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Precedence {
    /// Prefixes inside a graph file.
    #[default]
    Graph,
    /// What a routing table says about origins.
    Table,
    /// The operator's own list, which must be right in itself.
    List,
    /// A geofeed: where the addresses are used.
    Feed,
}

/// Many prefixes on few nodes: node keys are kept once.
#[derive(Default)]
pub(crate) struct PrefixRows {
    pub(crate) precedence: Precedence,
    /// Node keys, as the rows name them.
    pub(crate) pops: Vec<String>,
    pub(crate) rows: Vec<PrefixRow>,
    /// What the source knows of and has on no node, that of a wider prefix of its own neither.
    pub(crate) nowhere: Vec<IpNet>,
}

/// One prefix, without host bits, and the node that it is on.
#[derive(Clone, Copy)]
pub(crate) struct PrefixRow {
    pub(crate) prefix: IpNet,
    /// Index into the keys.
    pub(crate) pop: u32,
    pub(crate) origin_as: Option<u32>,
    /// What it costs from there, by a graph; the node with the lowest keeps a shared prefix.
    pub(crate) metric: Option<u64>,
    pub(crate) line: u64,
}
