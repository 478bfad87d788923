//! What a network, a node and a link say (RFC 8345 §4, RFC 8346 §4), or in the models of the draft
//! before (draft-clemm-i2rs-yang-network-topo-01), which OpenDaylight has for BGP-LS.

use std::collections::HashSet;

use serde_json::value::RawValue;

use crate::draft::DraftNode;
use crate::reader::rfc8345::choose::Layer;
use crate::reader::rfc8345::object::{Faulty, Object};

/// The modules, as members name them.
pub(crate) const NETWORK: &str = "ietf-network";
/// Adds links to networks.
pub(crate) const TOPOLOGY: &str = "ietf-network-topology";
/// Adds attributes to networks of type L3 unicast.
pub(crate) const L3: &str = "ietf-l3-unicast-topology";

/// What the draft calls L3 unicast networks, and OpenDaylight those that it makes of BGP-LS.
const L3_OF_DRAFT: [&str; 2] = ["l3-unicast-igp-topology", "bgp-linkstate-topology"];

/// A network without what its nodes rest on.
pub(crate) fn layer(network: &Object<'_>) -> Result<Layer, Faulty> {
    let types = network.object(NETWORK, "network-types")?;
    let of_draft = network.object(TOPOLOGY, "topology-types")?;
    let id = match network.text(NETWORK, "network-id")? {
        Some(id) => Some(id),
        None => network.text(TOPOLOGY, "topology-id")?,
    };
    let mut layer = Layer {
        id: id.unwrap_or_default(),
        is_l3: types.is_some_and(|types| types.has(L3, "l3-unicast-topology"))
            || of_draft.is_some_and(|types| L3_OF_DRAFT.iter().any(|name| types.has(L3, name))),
        supporting: HashSet::new(),
    };
    references(network, "supporting-network", &mut layer.supporting)?;
    Ok(layer)
}

/// Adds the networks that a list of references names.
pub(crate) fn references(
    of: &Object<'_>,
    list: &str,
    into: &mut HashSet<String>,
) -> Result<(), Faulty> {
    for reference in of.objects(NETWORK, list)? {
        into.extend(reference.text(NETWORK, "network-ref")?);
    }
    Ok(())
}

/// The node, if it has an id, and its prefixes as they are written.
pub(crate) fn node<'a>(
    object: &Object<'a>,
) -> Result<(Option<DraftNode>, Vec<&'a RawValue>), Faulty> {
    let attributes = attributes(object, ["l3-node-attributes", "igp-node-attributes"])?;
    let (mut name, mut prefixes) = (None, Vec::new());
    if let Some(attributes) = attributes {
        name = attributes.text(L3, "name")?.filter(|name| !name.is_empty());
        prefixes = attributes.list(L3, "prefix")?;
    }
    let id = object.text(NETWORK, "node-id")?.filter(|id| !id.is_empty());
    let node = id.map(|id| {
        let label = name.unwrap_or_else(|| id.clone());
        DraftNode { id, label, ..DraftNode::default() }
    });
    Ok((node, prefixes))
}

/// Its id, both ends and its metric.
pub(crate) type LinkParts = (String, (Option<String>, Option<String>), Option<f64>);

/// What a link says; it may lack an end.
pub(crate) fn link(object: &Object<'_>) -> Result<LinkParts, Faulty> {
    let id = object.text(TOPOLOGY, "link-id")?.unwrap_or_default();
    let end = |side: &str, name: &str| match object.object(TOPOLOGY, side)? {
        Some(side) => side.text(TOPOLOGY, name),
        None => Ok(None),
    };
    let ends = (end("source", "source-node")?, end("destination", "dest-node")?);
    let mut igp = None;
    if let Some(attributes) = attributes(object, ["l3-link-attributes", "igp-link-attributes"])? {
        for name in ["metric1", "metric2", "metric"] {
            igp = igp.or(attributes.unsigned(L3, name)?);
        }
    }
    Ok((id, ends, igp.map(|metric| metric as f64)))
}

/// By the name in RFC 8346, or in the draft.
fn attributes<'a>(of: &Object<'a>, names: [&str; 2]) -> Result<Option<Object<'a>>, Faulty> {
    let [name, in_draft] = names;
    of.object(L3, if of.has(L3, name) { name } else { in_draft })
}
