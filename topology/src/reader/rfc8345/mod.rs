//! `rfc8345`: the L3 unicast network of a document in JSON (RFC 7951) of the network models of
//! RFC 8345 and RFC 8346.
//!
//! ```text
//! ietf-network:networks ─ network ┬ network-types ─ l3-unicast-topology
//!   (or one `network` alone)      ├ supporting-network ─ network-ref
//!                                 ├ node ─ node-id, supporting-node, l3-node-attributes
//!                                 └ link ─ source, destination, l3-link-attributes
//! ```
//!
//! A node is called by its `name` in l3-node-attributes, else by its node-id; its prefixes have
//! metrics. Links lead one way (RFC 8345 §4.2); `metric1`, else `metric2`, is the igp metric.

mod choose;
mod object;
mod parts;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::draft::{Draft, DraftLink, DraftNode, LinkMetrics, PrefixRow};
use crate::graph::name_nodes;
use crate::placement::prefix;
use crate::progress::Progress;
use crate::reader::rfc8345::choose::{ChoiceError, Layer};
use crate::reader::rfc8345::object::{Faulty, Object, ObjectError};
use crate::reader::rfc8345::parts::{L3, NETWORK, TOPOLOGY};
use crate::reader::{json, open};
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::spot::LineCursor;

/// Most networks that a document may hold.
const NETWORKS_MAX: usize = 4_096;
/// How many envelopes may be around the networks.
const ENVELOPES_MAX: usize = 3;

/// What may be around the networks: a whole datastore (RFC 8040 §3.3), instance data (RFC 9195).
const ENVELOPES: [(&str, &str); 3] = [
    ("ietf-restconf", "data"),
    ("ietf-yang-instance-data", "instance-data-set"),
    ("ietf-yang-instance-data", "content-data"),
];

/// Why a document has no network that can be read.
#[derive(Debug, thiserror::Error)]
enum Rfc8345Error {
    #[error("is no JSON object: {0}")]
    Json(String),
    #[error("is XML; write it as JSON (RFC 7951)")]
    Xml,
    #[error("has no member `ietf-network:networks`")]
    NoNetworks,
    #[error("holds {0} networks; at most {NETWORKS_MAX} are read")]
    TooManyNetworks(usize),
    #[error("network has no `network-id`")]
    NoNetworkId,
    #[error("network-id `{0}` occurs twice")]
    TwiceNetworkId(String),
    #[error("node has no `node-id`")]
    NoNodeId,
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Reads the network `wanted`, else the only L3 unicast network that rests on no other one.
pub(crate) fn read(
    file: &Arc<Path>,
    wanted: Option<&str>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let text = open::read_text(file, progress)?;
    let lines = LineCursor::new(&text);
    let mut parser = Parser { text: &text, lines, draft: Draft::new(file), report };
    let networks = parser.networks()?;
    let (index, id) = parser.choose(&networks, wanted)?;
    let network = &networks[index];
    let nodes = network.list(NETWORK, "node").map_err(|fault| parser.faulty(fault))?;
    let links = network.list(TOPOLOGY, "link").map_err(|fault| parser.faulty(fault))?;
    parser.nodes(&nodes)?;
    for raw in links {
        parser.link(raw)?;
    }
    parser.warn_one_way();
    let Draft { nodes, links, prefixes, .. } = &parser.draft;
    let (nodes, links, prefixes) = (nodes.len(), links.len(), prefixes.rows.len());
    let (file, of) = (file.display(), networks.len());
    let counts = format!("nodes {nodes}, links {links}, prefixes {prefixes}");
    parser.report.note(format!("{file}: network `{id}` of {of}: {counts}"));
    Ok(parser.draft)
}

struct Parser<'a> {
    text: &'a str,
    lines: LineCursor<'a>,
    draft: Draft,
    report: &'a mut Report,
}

impl<'a> Parser<'a> {
    fn networks(&mut self) -> Result<Vec<Object<'a>>, LoadError> {
        let raw: &RawValue = serde_json::from_str(self.text).map_err(|error| {
            let spot = self.draft.spot(error.line() as u64);
            match self.text.trim_start().starts_with('<') {
                true => LoadError::at(spot, Rfc8345Error::Xml),
                false => LoadError::at(spot, Rfc8345Error::Json(json::without_place(&error))),
            }
        })?;
        let mut object = self.object("document", raw)?;
        for _ in 0..ENVELOPES_MAX {
            let inner = |(module, name)| object.member(module, name).map(|raw| (name, raw));
            let Some((name, raw)) = ENVELOPES.into_iter().find_map(inner) else { break };
            if object.member(NETWORK, "networks").is_some() {
                break;
            }
            object = self.object(name, raw)?;
        }
        // By the RFC, or by the draft before.
        let models = [(NETWORK, "networks", "network"), (TOPOLOGY, "network-topology", "topology")];
        let of = |object: &Object<'_>, name| object.member(NETWORK, name).is_some();
        let found = models.into_iter().find(|(_, all, one)| of(&object, all) || of(&object, one));
        let Some((module, all, one)) = found else {
            return Err(self.refused(raw, Rfc8345Error::NoNetworks));
        };
        if let Some(raw) = object.member(module, all) {
            object = self.object(all, raw)?;
        }
        let networks = object.list(module, one).map_err(|fault| self.faulty(fault))?;
        if networks.len() > NETWORKS_MAX {
            return Err(self.refused(raw, Rfc8345Error::TooManyNetworks(networks.len())));
        }
        networks.into_iter().map(|raw| self.object("network", raw)).collect()
    }

    /// The index and the id of the network to read.
    fn choose(
        &mut self,
        networks: &[Object<'a>],
        wanted: Option<&str>,
    ) -> Result<(usize, String), LoadError> {
        let mut layers = Vec::new();
        let mut ids = HashSet::new();
        for network in networks {
            let layer = parts::layer(network).map_err(|fault| self.faulty(fault))?;
            let fault = match layer.id.as_str() {
                "" => Some(Rfc8345Error::NoNetworkId),
                id if !ids.insert(id.to_owned()) => {
                    Some(Rfc8345Error::TwiceNetworkId(id.to_owned()))
                }
                _ => None,
            };
            if let Some(fault) = fault {
                return Err(self.refused_at(network.offset(), fault));
            }
            layers.push(layer);
        }
        let several = layers.iter().filter(|layer| layer.is_l3).count() > 1;
        if wanted.is_none() && several {
            for (layer, network) in layers.iter_mut().zip(networks) {
                self.supporting_nodes(network, layer)?;
            }
        }
        let index = match wanted {
            Some(wanted) => choose::by_name(&layers, wanted),
            None => choose::lowest(&layers),
        };
        let index = index.map_err(|fault| self.refused_at(0, fault.into()))?;
        Ok((index, layers.swap_remove(index).id))
    }

    fn supporting_nodes(
        &mut self,
        network: &Object<'a>,
        layer: &mut Layer,
    ) -> Result<(), LoadError> {
        for raw in network.list(NETWORK, "node").map_err(|fault| self.faulty(fault))? {
            let node = self.object("node", raw)?;
            let supporting = parts::references(&node, "supporting-node", &mut layer.supporting);
            supporting.map_err(|fault| self.faulty(fault))?;
        }
        Ok(())
    }

    /// All nodes first: what a node is called depends on the others.
    fn nodes(&mut self, raws: &[&'a RawValue]) -> Result<(), LoadError> {
        let mut prefixes = Vec::new();
        for raw in raws {
            let line = self.line(raw);
            let object = self.object("node", raw)?;
            let (node, of_node) = parts::node(&object).map_err(|fault| self.faulty(fault))?;
            let Some(node) = node else { return Err(self.refused(raw, Rfc8345Error::NoNodeId)) };
            self.draft.nodes.push(DraftNode { line, ..node });
            prefixes.push(of_node);
        }
        let named = name_nodes(&self.draft.nodes).map_err(|(index, fault)| {
            LoadError::at(self.draft.spot(self.draft.nodes[index].line), fault)
        })?;
        for (named, prefixes) in named.into_iter().zip(prefixes) {
            if !prefixes.is_empty() {
                self.prefixes(named.key, &prefixes)?;
            }
        }
        Ok(())
    }

    fn prefixes(&mut self, key: String, raws: &[&'a RawValue]) -> Result<(), LoadError> {
        let pop = self.draft.prefixes.pops.len() as u32;
        for raw in raws {
            let line = self.line(raw);
            let spot = self.draft.spot(line);
            let (text, metric) = self.prefix(raw)?;
            match prefix::read(&text, &spot, self.report) {
                Ok(prefix) => {
                    let row = PrefixRow { prefix, pop, origin_as: None, metric, line };
                    self.draft.prefixes.rows.push(row);
                }
                Err(fault) => {
                    let message = format!("prefix of {key} skipped: {fault}");
                    self.report.warn(code::SKIPPED_PREFIX, &spot, message);
                }
            }
        }
        self.draft.prefixes.pops.push(key);
        Ok(())
    }

    /// A prefix and its metric; some write the prefix alone.
    fn prefix(&mut self, raw: &'a RawValue) -> Result<(String, Option<u64>), LoadError> {
        if let Ok(text) = serde_json::from_str::<String>(raw.get()) {
            return Ok((text, None));
        }
        let object = self.object("prefix", raw)?;
        let text = object.text(L3, "prefix").map_err(|fault| self.faulty(fault))?;
        let metric = object.unsigned(L3, "metric").map_err(|fault| self.faulty(fault))?;
        Ok((text.unwrap_or_default(), metric))
    }

    fn link(&mut self, raw: &'a RawValue) -> Result<(), LoadError> {
        let line = self.line(raw);
        let object = self.object("link", raw)?;
        let (id, ends, igp) = parts::link(&object).map_err(|fault| self.faulty(fault))?;
        let (Some(from), Some(to)) = ends else {
            let message = format!("link `{id}` skipped: it lacks `source-node` or `dest-node`");
            self.report.warn(code::DANGLING_LINK, &self.draft.spot(line), message);
            return Ok(());
        };
        let metrics = LinkMetrics { igp, ..LinkMetrics::default() };
        self.draft.links.push(DraftLink { from, to, directed: true, metrics, line });
        Ok(())
    }

    /// Links of which the document has one direction only.
    fn warn_one_way(&mut self) {
        let Self { draft, report, .. } = self;
        let ids: HashSet<_> = draft.nodes.iter().map(|node| node.id.as_str()).collect();
        let pairs: HashSet<_> =
            draft.links.iter().map(|link| (link.from.as_str(), link.to.as_str())).collect();
        for DraftLink { from, to, line, .. } in &draft.links {
            let there = ids.contains(from.as_str()) && ids.contains(to.as_str());
            if there && !pairs.contains(&(to.as_str(), from.as_str())) {
                let message =
                    format!("link {from}→{to} has none that leads back; paths use it one way");
                report.warn(code::ONE_WAY_LINK, &draft.spot(*line), message);
            }
        }
    }

    fn object(&mut self, name: &str, raw: &'a RawValue) -> Result<Object<'a>, LoadError> {
        Object::read(self.text, name, raw).map_err(|fault| self.faulty(fault))
    }

    fn line(&mut self, raw: &RawValue) -> u64 {
        self.lines.line_at(json::offset(self.text, raw.get()))
    }

    fn faulty(&mut self, (offset, fault): Faulty) -> LoadError {
        self.refused_at(offset, fault.into())
    }

    fn refused(&mut self, raw: &RawValue, fault: Rfc8345Error) -> LoadError {
        self.refused_at(json::offset(self.text, raw.get()), fault)
    }

    fn refused_at(&mut self, offset: usize, fault: Rfc8345Error) -> LoadError {
        let line = self.lines.line_at(offset);
        LoadError::at(self.draft.spot(line), fault)
    }
}
