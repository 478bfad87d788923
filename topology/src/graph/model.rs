//! The graph itself: nodes by key, and links between them.

use std::collections::{HashMap, HashSet};

use crate::graph::link::Link;
use crate::graph::node::{Node, NodeIndex};

/// Smallest similarity (0 to 1) at which a key is offered instead of an unknown one.
const SIMILAR: f64 = 0.75;

/// Nodes and links of all graph sources together.
#[derive(Default)]
pub(crate) struct Graph {
    pub(in crate::graph) nodes: Vec<Node>,
    pub(in crate::graph) links: Vec<Link>,
    by_key: HashMap<String, NodeIndex>,
    /// Labels that are no key because several nodes have them, and what those are called now.
    pub(in crate::graph) shared_labels: HashMap<String, Vec<String>>,
    /// Keys `#id` of nodes that have no label.
    pub(in crate::graph) unlabelled: HashSet<String>,
}

impl Graph {
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    pub(in crate::graph) fn push_node(&mut self, node: Node) -> NodeIndex {
        let index = self.nodes.len() as NodeIndex;
        self.by_key.insert(node.key.clone(), index);
        self.nodes.push(node);
        index
    }

    pub(crate) fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }

    pub(crate) fn find(&self, key: &str) -> Option<NodeIndex> {
        self.by_key.get(key).copied()
    }

    /// The node that an operator's list means: by its key, else by the id of a node without a
    /// label.
    pub(crate) fn find_named(&self, name: &str) -> Option<NodeIndex> {
        let by_id = || self.find(self.unlabelled.get(&format!("#{name}"))?);
        self.find(name).or_else(by_id)
    }

    /// What to say after `unknown node KEY`: nothing, or what may have been meant.
    pub(crate) fn hint(&self, key: &str) -> String {
        if let Some(keys) = self.shared_labels.get(key) {
            return format!("; several nodes have that label, use `{}`", keys.join("` or `"));
        }
        let similar = self.nodes.iter().map(|node| {
            let likeness = strsim::jaro_winkler(&node.key.to_lowercase(), &key.to_lowercase());
            (likeness, &node.key)
        });
        let best = similar.max_by(|one, two| one.0.total_cmp(&two.0).then(two.1.cmp(one.1)));
        match best {
            Some((likeness, known)) if likeness >= SIMILAR => format!("; is it `{known}`?"),
            _ => String::new(),
        }
    }
}
