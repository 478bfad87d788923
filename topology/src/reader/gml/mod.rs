//! `gml`: a graph in the Graph Modelling Language, as the Internet Topology Zoo, networkx, igraph,
//! Gephi and yEd write it. Attributes have the names of `graphml` in any case; a node without
//! `label` takes its `name`. `value` on edges, as Gephi writes weights, is the last name of the igp
//! metric, and none where it is the same on all edges, as Gephi has it unasked.

mod entity;
mod pairs;

use std::path::Path;
use std::sync::Arc;

use crate::draft::{Draft, DraftLink, DraftNode};
use crate::progress::Progress;
use crate::reader::field::{Field, FieldValue, Values};
use crate::reader::gml::pairs::{Pairs, Value, is};
use crate::reader::{number, open};
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::spot::{LineCursor, Spot};

/// Why a document is no graph that can be read.
#[derive(Debug, thiserror::Error)]
enum GmlError {
    #[error("holds no `graph`")]
    NoGraph,
    #[error("holds a second graph; write each graph to a file of its own")]
    SecondGraph,
    #[error("a graph is nested in {0}; flatten it, hierarchies of graphs are not read")]
    NestedGraph(&'static str),
    #[error("{element} has no `{key}`")]
    NoKey { element: &'static str, key: &'static str },
    #[error("`{key}` is {value}; expected {expected}")]
    BadValue { key: String, value: String, expected: &'static str },
}

/// Reads the file's one graph.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let draft = Draft::new(file);
    let text = read_text(&draft, progress, report)?;
    let mut parser = Parser { pairs: Pairs::new(&text), draft, weights: Vec::new() };
    parser.document()?;
    Ok(parser.draft.finish_graph(report))
}

/// GML is ASCII by its specification; programs write UTF-8 or, the old ones, ISO 8859-1.
fn read_text(
    draft: &Draft,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<String, LoadError> {
    let bytes = open::read_bytes(&draft.file, progress)?;
    let Err(error) = std::str::from_utf8(&bytes) else { return open::text(bytes, &draft.file) };
    let text = open::latin1(&bytes);
    // Up to there it is ASCII or UTF-8, which has as many line ends in ISO 8859-1.
    let before = open::latin1(&bytes[..error.valid_up_to()]);
    let line = LineCursor::new(&before).line_at(before.len());
    let message = "is not UTF-8 text; read as ISO 8859-1";
    report.warn(code::NOT_UTF_8, &draft.spot(line), message);
    Ok(text)
}

struct Parser<'a> {
    pairs: Pairs<'a>,
    draft: Draft,
    /// `value` of each link, and its line.
    weights: Vec<Option<(f64, u64)>>,
}

/// What a list says about a node or a link.
#[derive(Default)]
struct Element {
    id: Option<String>,
    source: Option<String>,
    target: Option<String>,
    /// yEd: it is drawn around other nodes.
    group: bool,
    /// Gephi: the weight of an edge, and its line.
    weight: Option<(f64, u64)>,
    values: Values,
}

impl Element {
    /// Whether a key matters, so that it must not have a list.
    fn wants(key: &str) -> bool {
        Field::of(key).is_some() || ["id", "source", "target"].iter().any(|known| is(key, known))
    }

    fn set(&mut self, key: &str, value: &Value<'_>, line: u64) {
        match key.to_ascii_lowercase().as_str() {
            "id" => self.id = Some(identifier(value)),
            "source" => self.source = Some(identifier(value)),
            "target" => self.target = Some(identifier(value)),
            "isgroup" => self.group = identifier(value) == "1",
            "value" => self.weight = identifier(value).parse().ok().map(|weight| (weight, line)),
            _ => {
                if let (Some(field), Some(text)) = (Field::of(key), known(value)) {
                    let name = key.to_owned();
                    self.values.0.push(FieldValue { field, name, text, line });
                }
            }
        }
    }
}

impl<'a> Parser<'a> {
    fn document(&mut self) -> Result<(), LoadError> {
        let mut graphs = 0;
        while let Some((key, value, line)) = self.next()? {
            match value {
                Value::List if is(key, "graph") && graphs > 0 => {
                    return Err(self.refused(line, GmlError::SecondGraph));
                }
                Value::List if is(key, "graph") => {
                    graphs += 1;
                    self.graph()?;
                }
                Value::List => self.skip()?,
                _ => {}
            }
        }
        if graphs == 0 { Err(self.refused(1, GmlError::NoGraph)) } else { Ok(()) }
    }

    fn graph(&mut self) -> Result<(), LoadError> {
        let mut directed = false;
        while let Some((key, value, line)) = self.next()? {
            match value {
                Value::List if is(key, "node") => self.node(line)?,
                Value::List if is(key, "edge") => self.edge(line)?,
                Value::List if is(key, "graph") => {
                    return Err(self.refused(line, GmlError::NestedGraph("another")));
                }
                Value::List => self.skip()?,
                value if is(key, "node") || is(key, "edge") => {
                    return Err(self.bad_value(line, key, &value, "a list in [ ]"));
                }
                value if is(key, "directed") => directed = self.flag(line, key, &value)?,
                _ => {}
            }
        }
        for link in &mut self.draft.links {
            link.directed = directed;
        }
        self.take_weights()
    }

    /// Makes igp metrics of the links' weights, where they differ and no link has a metric.
    fn take_weights(&mut self) -> Result<(), LoadError> {
        let links = &mut self.draft.links;
        let weight_of = |weight: &Option<(f64, u64)>| weight.map(|(weight, _)| weight);
        let differ = self.weights.windows(2).any(|two| weight_of(&two[0]) != weight_of(&two[1]));
        if !differ || links.iter().any(|link| link.metrics.igp.is_some()) {
            return Ok(());
        }
        for (link, weight) in links.iter_mut().zip(&self.weights) {
            let Some((weight, line)) = *weight else { continue };
            let checked = number::amount("value", weight);
            let spot = Spot::line(&self.draft.file, line);
            let checked = checked.map_err(|fault| LoadError::at(spot, fault));
            link.metrics.igp = Some(checked?);
        }
        Ok(())
    }

    fn node(&mut self, line: u64) -> Result<(), LoadError> {
        let Element { id, group, values, .. } = self.element("a node")?;
        let id = self.required("node", "id", id, line)?;
        let mut node = DraftNode { id, frame: group, line, ..DraftNode::default() };
        values.describe_node(&mut node).map_err(|(line, fault)| self.refused(line, fault))?;
        if node.label.contains(['\n', '\r']) {
            node.label = node.label.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        self.draft.nodes.push(node);
        Ok(())
    }

    fn edge(&mut self, line: u64) -> Result<(), LoadError> {
        let Element { source, target, weight, values, .. } = self.element("an edge")?;
        let from = self.required("edge", "source", source, line)?;
        let to = self.required("edge", "target", target, line)?;
        let mut link = DraftLink { from, to, line, ..DraftLink::default() };
        values.describe_link(&mut link).map_err(|(line, fault)| self.refused(line, fault))?;
        self.draft.links.push(link);
        self.weights.push(weight);
        Ok(())
    }

    /// The pairs of the current list, to its end.
    fn element(&mut self, whose: &'static str) -> Result<Element, LoadError> {
        let mut element = Element::default();
        while let Some((key, value, line)) = self.next()? {
            match value {
                Value::List if is(key, "graph") => {
                    return Err(self.refused(line, GmlError::NestedGraph(whose)));
                }
                Value::List if Element::wants(key) => {
                    return Err(self.bad_value(line, key, &value, "a number or a text"));
                }
                Value::List => self.skip()?,
                value => element.set(key, &value, line),
            }
        }
        Ok(element)
    }

    fn next(&mut self) -> Result<Option<(&'a str, Value<'a>, u64)>, LoadError> {
        let pair = self.pairs.next().map_err(|(line, fault)| self.refused(line, fault))?;
        Ok(pair.map(|pair| (pair.key, pair.value, pair.line)))
    }

    fn skip(&mut self) -> Result<(), LoadError> {
        self.pairs.skip().map_err(|(line, fault)| self.refused(line, fault))
    }

    fn flag(&self, line: u64, key: &str, value: &Value<'_>) -> Result<bool, LoadError> {
        match identifier(value).to_ascii_lowercase().as_str() {
            "0" | "false" => Ok(false),
            "1" | "true" => Ok(true),
            _ => Err(self.bad_value(line, key, value, "0 or 1")),
        }
    }

    fn required(
        &self,
        element: &'static str,
        key: &'static str,
        value: Option<String>,
        line: u64,
    ) -> Result<String, LoadError> {
        value.ok_or_else(|| self.refused(line, GmlError::NoKey { element, key }))
    }

    fn bad_value(
        &self,
        line: u64,
        key: &str,
        value: &Value<'_>,
        expected: &'static str,
    ) -> LoadError {
        let value = match value {
            Value::List => "a list".to_owned(),
            value => format!("`{}`", identifier(value)),
        };
        self.refused(line, GmlError::BadValue { key: key.to_owned(), value, expected })
    }

    fn refused(
        &self,
        line: u64,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LoadError {
        LoadError::at(self.draft.spot(line), cause)
    }
}

/// What links compare: a text as it stands, a whole number in its shortest form.
fn identifier(value: &Value<'_>) -> String {
    let number = match value {
        Value::Text(text) => return text.clone(),
        Value::Number(number) => *number,
        Value::List => "",
    };
    let whole = number.parse::<f64>().ok().filter(|value| value.fract() == 0.0);
    match (number.parse::<i128>(), whole) {
        (Ok(integer), _) => integer.to_string(),
        (_, Some(whole)) => format!("{whole:.0}"),
        _ => number.to_owned(),
    }
}

/// The text of a value; `None` for the `NaN` that programs write for what they do not know.
fn known(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) if number.parse::<f64>().is_ok_and(f64::is_nan) => None,
        Value::Number(number) => Some((*number).to_owned()),
        Value::List => None,
    }
}
