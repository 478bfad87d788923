//! GraphML attributes: which key of a file means what, and what an element has of them.

use crate::draft::{DraftLink, DraftNode, LinkMetrics};
use crate::reader::number::{self, NumberError};

/// Bits per second in a megabit per second.
const BITS_PER_MEGABIT: f64 = 1e6;

/// A value that makes no sense, and the line on which it stands.
pub(crate) type Faulty = (u64, FieldError);

/// Why a value makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FieldError {
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error("{name} is `{text}`; expected 0 or 1")]
    NotAFlag { name: String, text: String },
}

/// What an attribute means to us, whatever its case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Label,
    Latitude,
    Longitude,
    /// 0: the node is external.
    Internal,
    /// 1: the node is external.
    External,
    Igp,
    /// igp too.
    Weight,
    /// igp too.
    Metric,
    /// Microseconds.
    Delay,
    /// Mbit/s.
    Capacity,
    /// bit/s.
    LinkSpeedRaw,
}

/// What an element is, and what a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Node,
    Edge,
    All,
    /// Graphs, ports and so on: never looked at.
    Other,
}

impl Domain {
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            Some("node") => Self::Node,
            Some("edge") => Self::Edge,
            None | Some("all") => Self::All,
            Some(_) => Self::Other,
        }
    }
}

impl Field {
    pub(crate) fn of(attribute_name: &str) -> Option<Self> {
        let field = match attribute_name.trim().to_ascii_lowercase().as_str() {
            "label" => Self::Label,
            "latitude" => Self::Latitude,
            "longitude" => Self::Longitude,
            "internal" => Self::Internal,
            "external" => Self::External,
            "igp" => Self::Igp,
            "weight" => Self::Weight,
            "metric" => Self::Metric,
            "delay" => Self::Delay,
            "capacity" => Self::Capacity,
            "linkspeedraw" => Self::LinkSpeedRaw,
            _ => return None,
        };
        Some(field)
    }
}

/// A declared key.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) domain: Domain,
    /// The attribute's name as the file spells it.
    pub(crate) name: String,
    /// The value of elements that give none.
    pub(crate) default: Option<String>,
    pub(crate) line: u64,
}

/// All keys of a file, in its order.
#[derive(Default)]
pub(crate) struct Keys(pub(crate) Vec<Key>);

impl Keys {
    pub(crate) fn find(&self, id: &str, domain: Domain) -> Option<&Key> {
        self.of(domain).find(|key| key.id == id)
    }

    /// The values of an element: its own, and the defaults of the others.
    pub(crate) fn complete<'a>(&'a self, domain: Domain, own: &'a Values) -> Complete<'a> {
        Complete { keys: self, domain, own }
    }

    fn of(&self, domain: Domain) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| key.domain == domain || key.domain == Domain::All)
    }
}

/// The values that an element gives itself: field, attribute name, text, line.
#[derive(Default)]
pub(crate) struct Values(pub(crate) Vec<(Field, String, String, u64)>);

/// The values of an element, defaults included.
pub(crate) struct Complete<'a> {
    keys: &'a Keys,
    domain: Domain,
    own: &'a Values,
}

impl Complete<'_> {
    /// Fills in what a node has.
    pub(crate) fn describe_node(&self, node: &mut DraftNode) -> Result<(), Faulty> {
        node.label = self.text(Field::Label).map_or("", |(_, text, _)| text).to_owned();
        node.latitude = self.number(Field::Latitude, number::latitude)?;
        node.longitude = self.number(Field::Longitude, number::longitude)?;
        let internal = self.flag(Field::Internal)?;
        let external = self.flag(Field::External)?;
        node.external = internal == Some(false) || external == Some(true);
        Ok(())
    }

    /// Fills in what a link has.
    pub(crate) fn describe_link(&self, link: &mut DraftLink) -> Result<(), Faulty> {
        let mut igp = None;
        for field in [Field::Igp, Field::Weight, Field::Metric] {
            let value = self.number(field, number::amount)?;
            igp = igp.or(value);
        }
        let raw = self.number(Field::LinkSpeedRaw, number::amount)?;
        let capacity = self.number(Field::Capacity, number::amount)?;
        link.metrics = LinkMetrics {
            igp,
            delay_us: self.number(Field::Delay, number::amount)?,
            capacity_mbps: capacity.or(raw.map(|bits| bits / BITS_PER_MEGABIT)),
        };
        Ok(())
    }

    fn text(&self, field: Field) -> Option<(&str, &str, u64)> {
        let own = self.own.0.iter().rev().find(|(known, ..)| *known == field);
        if let Some((_, name, text, line)) = own {
            return Some((name, text, *line));
        }
        let mut keys = self.keys.of(self.domain).filter(|key| Field::of(&key.name) == Some(field));
        keys.find_map(|key| key.default.as_deref().map(|text| (key.name.as_str(), text, key.line)))
    }

    fn number(
        &self,
        field: Field,
        check: fn(&str, f64) -> Result<f64, NumberError>,
    ) -> Result<Option<f64>, Faulty> {
        let Some((name, text, line)) = self.text(field) else { return Ok(None) };
        let value = number::from_text(name, text)
            .and_then(|value| value.map(|value| check(name, value)).transpose());
        value.map_err(|fault| (line, fault.into()))
    }

    fn flag(&self, field: Field) -> Result<Option<bool>, Faulty> {
        let Some((name, text, line)) = self.text(field) else { return Ok(None) };
        match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "0" | "0.0" | "false" => Ok(Some(false)),
            "1" | "1.0" | "true" => Ok(Some(true)),
            _ => {
                let fault = FieldError::NotAFlag { name: name.to_owned(), text: text.to_owned() };
                Err((line, fault))
            }
        }
    }
}
