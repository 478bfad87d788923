//! `sndlib`: a network of SNDlib (<http://sndlib.zib.de>, network format 1.0), as XML or in its
//! native format.
//!
//! ```text
//! network ─ networkStructure ┬ nodes[coordinatesType] ─ node[id] ─ coordinates ─ x, y
//!                            └ links ─ link[id] ─ source, target, preInstalledModule ─ capacity,
//!                                                 routingCost, setupCost, additionalModules
//! ```
//!
//! A node is called by its id. Geographical coordinates are x degrees east, y degrees north; pixels
//! are no coordinates. SNDlib's capacities have no unit: they are Mbit/s, unless `meta` names
//! another unit of bits. Only what is installed counts, not the modules that could be. The routing
//! cost is what a unit of flow costs on a link: its igp metric, if any link has one above 0. Links
//! go both ways, unless the file has for each link one that leads back. Demands and admissible
//! paths are not used.

mod native;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::draft::{Draft, DraftLink, DraftNode};
use crate::progress::Progress;
use crate::reader::number::{self, NumberError};
use crate::reader::xml::{self, Element, Xml};
use crate::refusal::LoadError;
use crate::report::Report;

/// Why a document is no network that can be read.
#[derive(Debug, thiserror::Error)]
enum SndlibError {
    #[error("holds no `networkStructure`")]
    NoStructure,
    #[error("holds a second `{0}`")]
    Second(String),
    #[error("node has no attribute `id`")]
    NoId,
    #[error("link has no `{0}`")]
    NoEnd(&'static str),
    #[error("coordinatesType is `{0}`; expected `geographical` or `pixel`")]
    Coordinates(String),
    #[error(transparent)]
    Number(#[from] NumberError),
}

/// Reads the file's network.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let text = xml::read_text(file, progress)?;
    let xml = Xml::new(&text, file);
    let draft = Draft::new(file);
    let mut parser = Parser { xml, draft, report, mbps: None, structure: false, unused: 0 };
    if text.starts_with(native::MAGIC) {
        parser.native(&text)?;
    } else {
        parser.document()?;
    }
    parser.finish();
    Ok(parser.draft)
}

struct Parser<'a> {
    xml: Xml<'a>,
    draft: Draft,
    report: &'a mut Report,
    /// How many Mbit/s the file's unit is, where it names one.
    mbps: Option<f64>,
    structure: bool,
    /// Demands, paths and modules that could be installed.
    unused: usize,
}

impl Parser<'_> {
    fn native(&mut self, text: &str) -> Result<(), LoadError> {
        let read = native::read(text, &mut self.draft);
        let rest = read.map_err(|(line, fault)| LoadError::at(self.draft.spot(line), fault))?;
        (self.unused, self.mbps) = (rest.unused, rest.unit.as_deref().and_then(megabits));
        if rest.pixels {
            self.note_pixels();
        }
        Ok(())
    }

    fn document(&mut self) -> Result<(), LoadError> {
        let line = self.xml.root("SNDlib network", "network")?;
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "networkStructure" if self.structure => {
                    return Err(self.xml.refused(child.line, SndlibError::Second(child.name)));
                }
                "networkStructure" => {
                    self.structure = true;
                    self.structure()?;
                }
                "meta" => self.meta()?,
                "demands" | "admissiblePaths" => self.count_unused()?,
                _ => self.pass_over(&child)?,
            }
        }
        self.xml.skip()?;
        let missing = || self.xml.refused(line, SndlibError::NoStructure);
        if self.structure { Ok(()) } else { Err(missing()) }
    }

    fn meta(&mut self) -> Result<(), LoadError> {
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "unit" => self.mbps = megabits(&self.xml.text()?),
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn structure(&mut self) -> Result<(), LoadError> {
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "nodes" => self.nodes(&child)?,
                "links" => self.links()?,
                "demands" | "admissiblePaths" => self.count_unused()?,
                _ => self.pass_over(&child)?,
            }
        }
        Ok(())
    }

    fn nodes(&mut self, element: &Element) -> Result<(), LoadError> {
        let geographical = match element.attribute("coordinatesType") {
            None | Some("geographical") => true,
            Some("pixel") => false,
            Some(other) => {
                let fault = SndlibError::Coordinates(other.to_owned());
                return Err(self.xml.refused(element.line, fault));
            }
        };
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "node" => self.node(&child, geographical)?,
                _ => self.pass_over(&child)?,
            }
        }
        if !geographical {
            self.note_pixels();
        }
        Ok(())
    }

    fn note_pixels(&mut self) {
        let file = self.draft.file.display();
        self.report.note(format!("{file}: places are pixels, not used as coordinates"));
    }

    fn node(&mut self, element: &Element, geographical: bool) -> Result<(), LoadError> {
        let line = element.line;
        let id = element.attribute("id").map(str::trim).filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| self.xml.refused(line, SndlibError::NoId))?.to_owned();
        let mut node = DraftNode { label: id.clone(), id, line, ..DraftNode::default() };
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "coordinates" if geographical => self.coordinates(&mut node)?,
                "coordinates" => self.xml.skip()?,
                _ => self.pass_over(&child)?,
            }
        }
        self.draft.nodes.push(node);
        Ok(())
    }

    fn coordinates(&mut self, node: &mut DraftNode) -> Result<(), LoadError> {
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "x" => node.longitude = self.number(&child, number::longitude)?,
                "y" => node.latitude = self.number(&child, number::latitude)?,
                _ => self.pass_over(&child)?,
            }
        }
        Ok(())
    }

    fn links(&mut self) -> Result<(), LoadError> {
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "link" => self.link(&child)?,
                _ => self.pass_over(&child)?,
            }
        }
        Ok(())
    }

    fn link(&mut self, element: &Element) -> Result<(), LoadError> {
        let line = element.line;
        let (mut source, mut target) = (String::new(), String::new());
        let mut link = DraftLink { line, ..DraftLink::default() };
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "source" => source = self.xml.text()?,
                "target" => target = self.xml.text()?,
                "preInstalledModule" => link.metrics.capacity_mbps = self.installed()?,
                "routingCost" => link.metrics.igp = self.number(&child, number::amount)?,
                "setupCost" => self.xml.skip()?,
                "additionalModules" => self.count_unused()?,
                _ => self.pass_over(&child)?,
            }
        }
        for (name, end) in [("source", &source), ("target", &target)] {
            if end.trim().is_empty() {
                return Err(self.xml.refused(line, SndlibError::NoEnd(name)));
            }
        }
        (link.from, link.to) = (source.trim().to_owned(), target.trim().to_owned());
        self.draft.links.push(link);
        Ok(())
    }

    /// A capacity of 0 says that nothing is installed yet.
    fn installed(&mut self) -> Result<Option<f64>, LoadError> {
        let mut capacity = None;
        while let Some(child) = self.xml.next_child()? {
            match child.name.as_str() {
                "capacity" => capacity = self.number(&child, number::amount)?,
                "cost" => self.xml.skip()?,
                _ => self.pass_over(&child)?,
            }
        }
        Ok(capacity.filter(|capacity| *capacity > 0.0))
    }

    fn number(
        &mut self,
        element: &Element,
        check: fn(&str, f64) -> Result<f64, NumberError>,
    ) -> Result<Option<f64>, LoadError> {
        let text = self.xml.text()?;
        let value = number::from_text(&element.name, &text)
            .and_then(|value| value.map(|value| check(&element.name, value)).transpose());
        value.map_err(|fault| self.xml.refused(element.line, SndlibError::Number(fault)))
    }

    /// Passes over the current element and counts what is right inside it.
    fn count_unused(&mut self) -> Result<(), LoadError> {
        while self.xml.next_child()?.is_some() {
            self.unused += 1;
            self.xml.skip()?;
        }
        Ok(())
    }

    fn pass_over(&mut self, element: &Element) -> Result<(), LoadError> {
        self.xml.pass_over(element, self.report)
    }

    /// What only the whole file tells: the unit, whether routing costs mean anything, and whether
    /// links have directions.
    fn finish(&mut self) {
        let links = &mut self.draft.links;
        let (mut costs, mut capacities) = (0, 0);
        for link in links.iter_mut() {
            costs += usize::from(link.metrics.igp.is_some_and(|cost| cost > 0.0));
            if let Some(capacity) = &mut link.metrics.capacity_mbps {
                *capacity *= self.mbps.unwrap_or(1.0);
                capacities += 1;
            }
        }
        if costs == 0 {
            links.iter_mut().for_each(|link| link.metrics.igp = None);
        }
        let directed = come_in_pairs(links);
        links.iter_mut().for_each(|link| link.directed = directed);
        let file = self.draft.file.display();
        let (nodes, links) = (self.draft.nodes.len(), self.draft.links.len());
        self.report.note(format!("{file}: nodes {nodes}, links {links}"));
        if capacities > 0 && self.mbps.is_none() {
            self.report.note(format!("{file}: capacities have no unit, taken as Mbit/s"));
        }
        if directed {
            self.report
                .note(format!("{file}: each link has one that leads back; directions count"));
        }
        if self.unused > 0 {
            let unused = self.unused;
            self.report.note(format!("{file}: demands, paths and modules not used: {unused}"));
        }
    }
}

/// Whether there is for each link one that leads back.
fn come_in_pairs(links: &[DraftLink]) -> bool {
    let ends: HashSet<_> =
        links.iter().map(|link| (link.from.as_str(), link.to.as_str())).collect();
    let answered = |link: &DraftLink| ends.contains(&(link.to.as_str(), link.from.as_str()));
    !links.is_empty() && links.iter().all(|link| link.from != link.to && answered(link))
}

/// How many Mbit/s a unit is, of those that SNDlib's files name.
fn megabits(unit: &str) -> Option<f64> {
    match unit.trim().to_ascii_uppercase().as_str() {
        "BITPERSEC" => Some(1e-6),
        "KBITPERSEC" => Some(1e-3),
        "MBITPERSEC" => Some(1.0),
        "GBITPERSEC" => Some(1e3),
        _ => None,
    }
}
