//! XML as operators' files need it: elements, attributes, text, each with its line.
//!
//! Entities beyond XML's own five and character references are refused, nothing outside the file
//! is ever read, and elements nest only so deep.

use std::path::Path;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::progress::Progress;
use crate::reader::open;
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::spot::{LineCursor, Spot};

/// How deep elements may nest.
const DEPTH_MAX: usize = 64;
/// How many attributes an element may have.
const ATTRIBUTES_MAX: usize = 256;
/// Where a declaration of the encoding ends at the latest.
const DECLARATION_BYTES_MAX: usize = 256;

/// Why a text is no XML that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("is no well-formed XML: {0}")]
    Malformed(String),
    #[error("entity `&{0};` is unknown; only amp, lt, gt, quot, apos and character references are")]
    Entity(String),
    #[error("elements nest more than {DEPTH_MAX} deep")]
    TooDeep,
    #[error("element has more than {ATTRIBUTES_MAX} attributes")]
    TooManyAttributes,
    #[error("the file ends inside an element; is it complete?")]
    CutOff,
    #[error("is no {format}: the root element is `{found}`; expected `{expected}`")]
    Root { format: &'static str, found: String, expected: &'static str },
}

/// The whole file as text: UTF-8, or ISO 8859-1 where the file declares it and is no UTF-8.
pub(crate) fn read_text(file: &Arc<Path>, progress: &dyn Progress) -> Result<String, LoadError> {
    let bytes = open::read_bytes(file, progress)?;
    if declares_latin1(&bytes) && std::str::from_utf8(&bytes).is_err() {
        return Ok(open::latin1(&bytes));
    }
    open::text(bytes, file)
}

fn declares_latin1(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let Some(end) = head.windows(2).position(|pair| pair == b"?>") else { return false };
    let declaration = head[..end].to_ascii_lowercase();
    let names: [&[u8]; 2] = [b"iso-8859-1", b"latin1"];
    declaration.starts_with(b"<?xml")
        && names.iter().any(|name| declaration.windows(name.len()).any(|part| part == *name))
}

/// What comes next.
pub(crate) enum Item {
    Start(Element),
    Text(String),
    End,
    Eof,
}

/// A start tag.
pub(crate) struct Element {
    /// Without namespace prefix.
    pub(crate) name: String,
    attributes: Vec<(String, String)>,
    /// From 1.
    pub(crate) line: u64,
}

impl Element {
    /// The attribute's value, entities resolved. Names are without namespace prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Walks through a document.
pub(crate) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    file: Arc<Path>,
    lines: LineCursor<'a>,
    depth: usize,
}

impl<'a> Xml<'a> {
    pub(crate) fn new(text: &'a str, file: &Arc<Path>) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, file: Arc::clone(file), lines: LineCursor::new(text), depth: 0 }
    }

    /// The next element, text or end; comments, declarations and instructions are passed over.
    pub(crate) fn next(&mut self) -> Result<Item, LoadError> {
        loop {
            let line = self.lines.line_at(self.reader.buffer_position() as usize);
            let event = self.reader.read_event().map_err(|error| {
                let line = self.lines.line_at(self.reader.error_position() as usize);
                self.refused(line, XmlError::Malformed(error.to_string()))
            })?;
            let item = match event {
                Event::Start(tag) => self.start(&tag, line).map(Item::Start),
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Ok(Item::End)
                }
                Event::Text(text) => text.decode().map(|text| Item::Text(text.into())).map_err(bad),
                Event::CData(text) => {
                    text.decode().map(|text| Item::Text(text.into())).map_err(bad)
                }
                Event::GeneralRef(entity) => resolved(&entity).map(Item::Text),
                Event::Eof if self.depth > 0 => Err(XmlError::CutOff),
                Event::Eof => Ok(Item::Eof),
                Event::Empty(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_) => continue,
            };
            return item.map_err(|fault| self.refused(line, fault));
        }
    }

    /// Enters the root element, which has to have this name; its line.
    pub(crate) fn root(
        &mut self,
        format: &'static str,
        expected: &'static str,
    ) -> Result<u64, LoadError> {
        let root = self.next_child()?;
        let (found, line) = root.map_or((String::new(), 1), |root| (root.name, root.line));
        if found == expected {
            return Ok(line);
        }
        Err(self.refused(line, XmlError::Root { format, found, expected }))
    }

    /// Passes over an element that means nothing, with a warning.
    pub(crate) fn pass_over(
        &mut self,
        element: &Element,
        report: &mut Report,
    ) -> Result<(), LoadError> {
        let message = format!("`{}` has no meaning here; skipped", element.name);
        report.warn(code::SKIPPED_ELEMENT, &Spot::line(&self.file, element.line), message);
        self.skip()
    }

    /// The next start tag inside the current element; `None` at its end (or the document's).
    pub(crate) fn next_child(&mut self) -> Result<Option<Element>, LoadError> {
        loop {
            match self.next()? {
                Item::Start(element) => return Ok(Some(element)),
                Item::Text(_) => {}
                Item::End | Item::Eof => return Ok(None),
            }
        }
    }

    /// The text directly inside the current element, to its end.
    pub(crate) fn text(&mut self) -> Result<String, LoadError> {
        let mut text = String::new();
        loop {
            match self.next()? {
                Item::Start(_) => self.skip()?,
                Item::Text(more) => text.push_str(&more),
                Item::End | Item::Eof => return Ok(text),
            }
        }
    }

    /// Passes over the rest of the current element.
    pub(crate) fn skip(&mut self) -> Result<(), LoadError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// An error on a line of this document.
    pub(crate) fn refused(
        &self,
        line: u64,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LoadError {
        LoadError::at(Spot::line(&self.file, line), cause)
    }

    fn start(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<Element, XmlError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            if attributes.len() == ATTRIBUTES_MAX {
                return Err(XmlError::TooManyAttributes);
            }
            let attribute = attribute.map_err(bad)?;
            let key = String::from_utf8_lossy(attribute.key.local_name().as_ref()).into_owned();
            attributes.push((key, attribute.unescape_value().map_err(bad)?.into_owned()));
        }
        Ok(Element { name, attributes, line })
    }
}

fn resolved(entity: &BytesRef<'_>) -> Result<String, XmlError> {
    if let Some(character) = entity.resolve_char_ref().map_err(bad)? {
        return Ok(character.to_string());
    }
    let name = entity.decode().map_err(bad)?;
    let text = resolve_predefined_entity(&name);
    text.map(str::to_owned).ok_or_else(|| XmlError::Entity(name.into_owned()))
}

fn bad(error: impl std::fmt::Display) -> XmlError {
    XmlError::Malformed(error.to_string())
}
