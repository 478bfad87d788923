//! `graphml`: a graph as GraphML, with the attributes of the Internet Topology Zoo (`label`,
//! `Latitude`, `Longitude`, `Internal`, `LinkSpeedRaw`) and, on edges, `igp`, `weight` or
//! `metric`, `delay` (µs) and `capacity` (Mbit/s). What counts is an attribute's name, whatever
//! the id of its key. A node without `label` takes its `name`, or the first label that yEd draws.
//! Graphs inside nodes, as yEd writes groups, are laid flat.

mod keys;

use std::path::Path;
use std::sync::Arc;

use crate::draft::{Draft, DraftLink, DraftNode};
use crate::progress::Progress;
use crate::reader::field::{Faulty, Field, FieldValue, Values};
use crate::reader::graphml::keys::{Domain, Key, Keys};
use crate::reader::xml::{self, Element, Item, Xml};
use crate::refusal::LoadError;
use crate::report::{Report, code};

/// Why a document is no graph that can be read.
#[derive(Debug, thiserror::Error)]
enum GraphmlError {
    #[error("holds no `graph`")]
    NoGraph,
    #[error("holds a second graph; write each graph to a file of its own")]
    SecondGraph,
    #[error("a graph is nested in {0}; only nodes hold graphs")]
    NestedGraph(String),
    #[error("`{element}` has no attribute `{attribute}`")]
    NoAttribute { element: String, attribute: &'static str },
    #[error("{attribute} is `{value}`; expected {expected}")]
    BadAttribute { attribute: &'static str, value: String, expected: &'static str },
}

/// Reads the file's one graph.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let text = xml::read_text(file, progress)?;
    let xml = Xml::new(&text, file);
    let draft = Draft::new(file);
    let mut parser = Parser { xml, keys: Keys::default(), draft, report, directed: false };
    parser.document()?;
    Ok(parser.draft.finish_graph(parser.report))
}

struct Parser<'a> {
    xml: Xml<'a>,
    keys: Keys,
    draft: Draft,
    report: &'a mut Report,
    /// What links are that do not say.
    directed: bool,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), LoadError> {
        let line = self.xml.root("GraphML", "graphml")?;
        let mut graphs = 0;
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "key" => self.key(&child)?,
                "graph" if graphs > 0 => {
                    return Err(self.xml.refused(child.line, GraphmlError::SecondGraph));
                }
                "graph" => {
                    graphs += 1;
                    self.graph(&child)?;
                }
                _ => self.pass_over(&child)?,
            }
        }
        self.xml.skip()?;
        if graphs == 0 { Err(self.xml.refused(line, GraphmlError::NoGraph)) } else { Ok(()) }
    }

    fn key(&mut self, element: &Element) -> Result<(), LoadError> {
        let id = self.required(element, "id")?;
        let name = element.attribute("attr.name").unwrap_or(&id).to_owned();
        let domain = Domain::of(element.attribute("for"));
        let mut default = None;
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "default" => default = Some(self.xml.text()?),
                _ => self.xml.skip()?,
            }
        }
        // yEd's key for the drawing of a node, and that of its successors for labels alone.
        let drawing =
            element.attribute("yfiles.type") == Some("nodegraphics") || name == "NodeLabels";
        self.keys.0.push(Key { id, domain, name, default, drawing, line: element.line });
        Ok(())
    }

    /// All nodes and edges of a graph, those of graphs inside its nodes too.
    fn graph(&mut self, element: &Element) -> Result<(), LoadError> {
        let around = self.directed;
        self.directed = match element.attribute("edgedefault") {
            Some("directed") => true,
            None => around,
            Some("undirected") => false,
            Some(value) => {
                let (attribute, value) = ("edgedefault", value.to_owned());
                let expected = "`directed` or `undirected`";
                let fault = GraphmlError::BadAttribute { attribute, value, expected };
                return Err(self.xml.refused(element.line, fault));
            }
        };
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "node" => self.node(&child)?,
                "edge" => self.edge(&child)?,
                _ => self.pass_over(&child)?,
            }
        }
        self.directed = around;
        Ok(())
    }

    fn node(&mut self, element: &Element) -> Result<(), LoadError> {
        let id = self.required(element, "id")?;
        let at = self.draft.nodes.len();
        let own = self.values(Domain::Node, &format!("node `{id}`"))?;
        let frame = self.draft.nodes.len() > at;
        let mut node = DraftNode { id, frame, line: element.line, ..DraftNode::default() };
        let described = own.describe_node(&mut node);
        described.map_err(|fault| self.faulty(fault))?;
        self.draft.nodes.insert(at, node);
        Ok(())
    }

    fn edge(&mut self, element: &Element) -> Result<(), LoadError> {
        let from = self.required(element, "source")?;
        let to = self.required(element, "target")?;
        let directed = match element.attribute("directed") {
            None => self.directed,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(value) => {
                let (attribute, value) = ("directed", value.to_owned());
                let expected = "`true` or `false`";
                let fault = GraphmlError::BadAttribute { attribute, value, expected };
                return Err(self.xml.refused(element.line, fault));
            }
        };
        let own = self.values(Domain::Edge, &format!("the edge `{from}`–`{to}`"))?;
        let line = element.line;
        let mut link = DraftLink { from, to, directed, line, ..DraftLink::default() };
        let described = own.describe_link(&mut link);
        described.map_err(|fault| self.faulty(fault))?;
        self.draft.links.push(link);
        Ok(())
    }

    /// The data of the current element, to its end, and the defaults of what it leaves out.
    fn values(&mut self, domain: Domain, whose: &str) -> Result<Values, LoadError> {
        let mut values = self.keys.defaults(domain);
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "data" => {
                    let id = self.required(&child, "key")?;
                    if self.keys.find(&id, domain).is_some_and(|key| key.drawing) {
                        let (field, name, line) = (Field::Name, "NodeLabel".to_owned(), child.line);
                        if let Some(text) = self.drawn_label()? {
                            values.0.push(FieldValue { field, name, text, line });
                        }
                        continue;
                    }
                    let text = self.xml.text()?;
                    let Some(key) = self.keys.find(&id, domain) else {
                        let message =
                            format!("data of {whose} has the key `{id}`, which no `key` declares");
                        let spot = self.draft.spot(child.line);
                        self.report.warn(code::SKIPPED_ELEMENT, &spot, message);
                        continue;
                    };
                    if let Some(field) = Field::of(&key.name) {
                        let (name, line) = (key.name.clone(), child.line);
                        values.0.push(FieldValue { field, name, text, line });
                    }
                }
                "graph" if domain == Domain::Node => self.graph(&child)?,
                "graph" => {
                    let fault = GraphmlError::NestedGraph(whose.to_owned());
                    return Err(self.xml.refused(child.line, fault));
                }
                _ => self.pass_over(&child)?,
            }
        }
        Ok(values)
    }

    /// The first label inside the current element, which ends with that.
    fn drawn_label(&mut self) -> Result<Option<String>, LoadError> {
        let mut label = None;
        let mut open = 1;
        while open > 0 {
            match self.xml.next()? {
                Item::Start(child)
                    if label.is_none() && ["NodeLabel", "Label.Text"].contains(&&*child.name) =>
                {
                    label = Some(self.xml.text()?.split_whitespace().collect::<Vec<_>>().join(" "));
                }
                Item::Start(_) => open += 1,
                Item::End => open -= 1,
                Item::Text(_) => {}
                Item::Eof => break,
            }
        }
        Ok(label)
    }

    /// Passes over an element, without a word only where nothing is lost.
    fn pass_over(&mut self, element: &Element) -> Result<(), LoadError> {
        match element.name.as_str() {
            "data" | "desc" => self.xml.skip(),
            _ => self.xml.pass_over(element, self.report),
        }
    }

    fn required(&self, element: &Element, attribute: &'static str) -> Result<String, LoadError> {
        let missing = || {
            let element_name = element.name.clone();
            let fault = GraphmlError::NoAttribute { element: element_name, attribute };
            self.xml.refused(element.line, fault)
        };
        element.attribute(attribute).map(str::to_owned).ok_or_else(missing)
    }

    fn faulty(&self, (line, fault): Faulty) -> LoadError {
        self.xml.refused(line, fault)
    }
}
