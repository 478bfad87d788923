//! `nodelink`: a graph as networkx's node-link JSON: `nodes`, `links` or `edges`, ends by `id`.
//!
//! Ids are texts, numbers or lists of these (networkx's tuples); where no node has one it is the
//! node's number, from 0, as networkx has it; networkx 1 named ends by that number even where nodes
//! have an id. `NaN` is a value that is not known. Labels come from
//! `label` or `name`, coordinates from `latitude` and `longitude` (or `lat`, `lon`; any case) or
//! `pos` = [longitude, latitude], link metrics from `igp`, `weight` or `metric`, `delay` (µs),
//! `capacity` (Mbit/s) and `LinkSpeedRaw` (bit/s). Nodes are external where `Internal` is 0 or `external` is true.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::{Draft, DraftLink, DraftNode, LinkMetrics};
use crate::progress::Progress;
use crate::reader::field::BITS_PER_MEGABIT;
use crate::reader::number::{self, NumberError};
use crate::reader::{json, open};
use crate::refusal::LoadError;
use crate::report::Report;
use crate::spot::LineCursor;

/// Why a document is no graph that can be read.
#[derive(Debug, thiserror::Error)]
enum NodelinkError {
    #[error("is no node-link JSON: {0}")]
    Json(String),
    #[error("has neither `links` nor `edges`")]
    NoLinks,
    #[error("has both `links` and `edges`; keep one")]
    TwoLinks,
    #[error("node has no `id`")]
    NoId,
    #[error("link has no `{0}`")]
    NoEnd(&'static str),
    #[error("{name} is {value}; expected a text, a number or a list of these")]
    BadId { name: String, value: String },
    #[error("`{name}` is {value}; expected {expected}")]
    BadValue { name: String, value: String, expected: &'static str },
    #[error(transparent)]
    Number(#[from] NumberError),
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(default)]
    directed: bool,
    #[serde(borrow)]
    nodes: Vec<&'a RawValue>,
    #[serde(borrow)]
    links: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    edges: Option<Vec<&'a RawValue>>,
}

/// The members of a node or a link, as they are written.
type Members<'a> = HashMap<String, &'a RawValue>;

/// Reads the file's graph.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let text = json::without_nan(open::read_text(file, progress)?);
    let mut draft = Draft::new(file);
    let document: Document<'_> = serde_json::from_str(&text).map_err(|error| {
        let spot = draft.spot(error.line() as u64);
        LoadError::at(spot, NodelinkError::Json(json::without_place(&error)))
    })?;
    let links = match (document.links, document.edges) {
        (Some(links), None) | (None, Some(links)) => links,
        (None, None) => return Err(LoadError::at(draft.spot(1), NodelinkError::NoLinks)),
        (Some(_), Some(_)) => return Err(LoadError::at(draft.spot(1), NodelinkError::TwoLinks)),
    };
    let mut lines = LineCursor::new(&text);
    let mut line_of = |raw: &RawValue| lines.line_at(json::offset(&text, raw.get()));
    let mut ids = HashMap::new();
    let has_no_id = |raw: &&RawValue| members(raw).is_ok_and(|members| !members.contains_key("id"));
    let numbered = document.nodes.iter().all(has_no_id);
    for (number, raw) in document.nodes.into_iter().enumerate() {
        let line = line_of(raw);
        let (key, mut node) = node(raw, numbered.then_some(number), line)
            .map_err(|fault| LoadError::at(draft.spot(line), fault))?;
        // Of 1 and 1.0 the second is told to be the first again.
        node.id.clone_from(ids.entry(key).or_insert_with(|| node.id.clone()));
        draft.nodes.push(node);
    }
    if name_places(&links, &ids) {
        ids = (0..)
            .zip(&draft.nodes)
            .map(|(at, node): (usize, _)| (at.to_string(), node.id.clone()))
            .collect();
    }
    for raw in links {
        let line = line_of(raw);
        let mut link = link(raw, &ids).map_err(|fault| LoadError::at(draft.spot(line), fault))?;
        link.line = line;
        link.directed = document.directed;
        draft.links.push(link);
    }
    Ok(draft.finish_graph(report))
}

/// Whether no end of a link is a node's id and all are places of nodes, from 0.
fn name_places(links: &[&RawValue], ids: &HashMap<String, String>) -> bool {
    let ends = |raw: &&RawValue| {
        let members = members(raw).ok()?;
        let end = |name: &'static str| identifier(name, members.get(name)?).ok();
        Some([end("source")?.0, end("target")?.0])
    };
    let places = |ends: [String; 2]| {
        ends.iter()
            .all(|end| !ids.contains_key(end) && end.parse().is_ok_and(|at: usize| at < ids.len()))
    };
    !links.is_empty() && links.iter().all(|raw| ends(raw).is_some_and(places))
}

/// The node, and by what links name it.
fn node(
    raw: &RawValue,
    number: Option<usize>,
    line: u64,
) -> Result<(String, DraftNode), NodelinkError> {
    let members = members(raw)?;
    let (key, id) = match (members.get("id"), number) {
        (Some(id), _) => identifier("id", id)?,
        (None, Some(number)) => (number.to_string(), number.to_string()),
        (None, None) => return Err(NodelinkError::NoId),
    };
    let text = |name| match member(&members, name) {
        Some(raw) => text(name, raw),
        None => Ok(String::new()),
    };
    let mut label = text("label")?;
    if label.trim().is_empty() {
        label = text("name")?;
    }
    let (mut latitude, mut longitude) = (
        first_amount(&members, &["latitude", "lat"])?,
        first_amount(&members, &["longitude", "lon", "lng"])?,
    );
    if latitude.is_none() && longitude.is_none() {
        (longitude, latitude) = position(&members)?;
    }
    let internal = flag(&members, "internal")?;
    let external = flag(&members, "external")?;
    let node = DraftNode {
        id,
        label,
        external: internal == Some(false) || external == Some(true),
        latitude: latitude.map(|value| number::latitude("latitude", value)).transpose()?,
        longitude: longitude.map(|value| number::longitude("longitude", value)).transpose()?,
        line,
        ..DraftNode::default()
    };
    Ok((key, node))
}

fn link(raw: &RawValue, ids: &HashMap<String, String>) -> Result<DraftLink, NodelinkError> {
    let members = members(raw)?;
    let end = |name: &'static str| {
        let raw = members.get(name).ok_or(NodelinkError::NoEnd(name))?;
        let (key, id) = identifier(name, raw)?;
        Ok::<_, NodelinkError>(ids.get(&key).cloned().unwrap_or(id))
    };
    let metric = |name| {
        let value = amount(&members, name)?;
        value.map(|value| number::amount(name, value)).transpose().map_err(NodelinkError::from)
    };
    let (igp, weight, plain) = (metric("igp")?, metric("weight")?, metric("metric")?);
    let (capacity, bits) = (metric("capacity")?, metric("LinkSpeedRaw")?);
    let metrics = LinkMetrics {
        igp: igp.or(weight).or(plain),
        delay_us: metric("delay")?,
        capacity_mbps: capacity.or(bits.map(|bits| bits / BITS_PER_MEGABIT)),
    };
    Ok(DraftLink { from: end("source")?, to: end("target")?, metrics, ..DraftLink::default() })
}

fn members<'a>(raw: &'a RawValue) -> Result<Members<'a>, NodelinkError> {
    serde_json::from_str(raw.get())
        .map_err(|error| NodelinkError::Json(json::without_place(&error)))
}

/// A member by its name in any case, the exact one first; `null` is none.
fn member<'a>(members: &Members<'a>, name: &str) -> Option<&'a RawValue> {
    let other = || {
        let others = members.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        others.min_by_key(|(known, _)| known.as_str()).map(|(_, raw)| raw)
    };
    members.get(name).or_else(other).copied().filter(|raw| raw.get() != "null")
}

/// What links compare (1 and 1.0 are one id), and the id as it is written.
fn identifier(name: &str, raw: &RawValue) -> Result<(String, String), NodelinkError> {
    let value = parsed(raw)?;
    let written = match &value {
        Value::String(text) => text.clone(),
        Value::Array(_) => value.to_string(),
        _ => raw.get().to_owned(),
    };
    let key = match &value {
        Value::Array(list) => {
            let parts = list.iter().map(|part| Some(format!("{:?}", plain(part)?)));
            parts.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty()).map(|parts| {
                // In quotes, so that no text looks like a list.
                format!("[{}]", parts.join(","))
            })
        }
        one => plain(one),
    };
    let bad = || NodelinkError::BadId { name: name.to_owned(), value: shown(raw) };
    Ok((key.ok_or_else(bad)?, written))
}

/// A text, or a number in its shortest form.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|value| value.fract() == 0.0);
            Some(match whole {
                Some(whole) if !(number.is_i64() || number.is_u64()) => format!("{whole:.0}"),
                _ => number.to_string(),
            })
        }
        _ => None,
    }
}

fn text(name: &str, raw: &RawValue) -> Result<String, NodelinkError> {
    match parsed(raw)? {
        Value::String(text) => Ok(text),
        Value::Number(_) => Ok(raw.get().to_owned()),
        _ => Err(bad_value(name, raw, "a text")),
    }
}

/// The number that the first of some names has.
fn first_amount(members: &Members<'_>, names: &[&str]) -> Result<Option<f64>, NodelinkError> {
    names.iter().find_map(|name| amount(members, name).transpose()).transpose()
}

/// A number, or a text that is one.
fn amount(members: &Members<'_>, name: &str) -> Result<Option<f64>, NodelinkError> {
    let Some(raw) = member(members, name) else { return Ok(None) };
    number_in(name, raw, &parsed(raw)?)
}

fn number_in(name: &str, raw: &RawValue, value: &Value) -> Result<Option<f64>, NodelinkError> {
    match value {
        Value::Number(value) => Ok(value.as_f64()),
        Value::String(text) => Ok(number::from_text(name, text)?),
        _ => Err(bad_value(name, raw, "a number")),
    }
}

/// `pos`: longitude, then latitude; a height may follow (RFC 7946 §3.1.1).
fn position(members: &Members<'_>) -> Result<(Option<f64>, Option<f64>), NodelinkError> {
    let Some(raw) = member(members, "pos") else { return Ok((None, None)) };
    match parsed(raw)? {
        Value::Array(pair) if matches!(pair.len(), 2 | 3) => {
            Ok((number_in("pos", raw, &pair[0])?, number_in("pos", raw, &pair[1])?))
        }
        _ => Err(bad_value("pos", raw, "[longitude, latitude]")),
    }
}

/// True, 1, `"1"`; false, 0, `"0"`.
fn flag(members: &Members<'_>, name: &str) -> Result<Option<bool>, NodelinkError> {
    let Some(raw) = member(members, name) else { return Ok(None) };
    let flag = match parsed(raw)? {
        Value::Bool(flag) => Some(flag),
        Value::Number(number) => {
            number.as_f64().filter(|n| *n == 0.0 || *n == 1.0).map(|n| n == 1.0)
        }
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" => return Ok(None),
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            _ => None,
        },
        _ => None,
    };
    flag.map(Some).ok_or_else(|| bad_value(name, raw, "0 or 1, or false or true"))
}

fn parsed(raw: &RawValue) -> Result<Value, NodelinkError> {
    serde_json::from_str(raw.get())
        .map_err(|error| NodelinkError::Json(json::without_place(&error)))
}

fn bad_value(name: &str, raw: &RawValue, expected: &'static str) -> NodelinkError {
    NodelinkError::BadValue { name: name.to_owned(), value: shown(raw), expected }
}

/// The start of a value.
fn shown(raw: &RawValue) -> String {
    const SHOWN_CHARS: usize = 60;
    raw.get().chars().take(SHOWN_CHARS).collect()
}
