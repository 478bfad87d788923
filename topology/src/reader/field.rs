//! What nodes and links of a graph file have, by the names that graph formats share: those of the
//! Internet Topology Zoo and, on links, `igp`, `weight` or `metric`, `delay` and `capacity`.

use crate::draft::{DraftLink, DraftNode, LinkMetrics};
use crate::reader::number::{self, NumberError};

/// Bits per second in a megabit per second.
pub(crate) const BITS_PER_MEGABIT: f64 = 1e6;

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
    /// The label of a node that has none.
    Name,
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

impl Field {
    pub(crate) fn of(attribute_name: &str) -> Option<Self> {
        let field = match attribute_name.trim().to_ascii_lowercase().as_str() {
            "label" => Self::Label,
            "name" => Self::Name,
            "latitude" | "lat" => Self::Latitude,
            "longitude" | "lon" | "lng" => Self::Longitude,
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

/// One value.
pub(crate) struct FieldValue {
    pub(crate) field: Field,
    /// The attribute's name as the file spells it.
    pub(crate) name: String,
    pub(crate) text: String,
    /// From 1.
    pub(crate) line: u64,
}

/// The values of one element. Of several for a field the last stands.
#[derive(Default)]
pub(crate) struct Values(pub(crate) Vec<FieldValue>);

impl Values {
    /// Fills in what a node has.
    pub(crate) fn describe_node(&self, node: &mut DraftNode) -> Result<(), Faulty> {
        let names = [Field::Label, Field::Name].into_iter().filter_map(|field| self.of(field));
        let label = names.map(|value| &value.text).find(|text| !text.trim().is_empty());
        node.label = label.cloned().unwrap_or_default();
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

    fn of(&self, field: Field) -> Option<&FieldValue> {
        self.0.iter().rev().find(|value| value.field == field)
    }

    fn number(
        &self,
        field: Field,
        check: fn(&str, f64) -> Result<f64, NumberError>,
    ) -> Result<Option<f64>, Faulty> {
        let Some(FieldValue { name, text, line, .. }) = self.of(field) else { return Ok(None) };
        let value = number::from_text(name, text)
            .and_then(|value| value.map(|value| check(name, value)).transpose());
        value.map_err(|fault| (*line, fault.into()))
    }

    fn flag(&self, field: Field) -> Result<Option<bool>, Faulty> {
        let Some(FieldValue { name, text, line, .. }) = self.of(field) else { return Ok(None) };
        match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "0" | "0.0" | "false" => Ok(Some(false)),
            "1" | "1.0" | "true" => Ok(Some(true)),
            _ => {
                let fault = FieldError::NotAFlag { name: name.clone(), text: text.clone() };
                Err((*line, fault))
            }
        }
    }
}
