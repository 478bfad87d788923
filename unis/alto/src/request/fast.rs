//! The quick way through a well-formed endpoint cost query: one pass, straight to addresses.
//!
//! At the least doubt (an error, an unknown or repeated member, nothing to rank) it gives up, and
//! the exact way decides. So what it accepts must be what the exact way accepts, which a property
//! test holds it to; what it gives up on costs time only.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::address::TypedAddress;
use crate::constraint::Constraint;
use crate::cost::{CostType, Mode};
use crate::request::parts::{distinct_addresses, read_metric};

/// What an endpoint cost query holds.
pub(crate) struct Query {
    pub(crate) cost_type: CostType,
    pub(crate) constraints: Option<Vec<Constraint>>,
    pub(crate) srcs: Vec<TypedAddress>,
    pub(crate) dsts: Vec<TypedAddress>,
}

/// Reads a body, or gives up.
pub(crate) fn endpoint_cost_query(body: &[u8]) -> Option<Query> {
    let mut input = serde_json::Deserializer::from_slice(body);
    let query = Object(QueryVisitor).deserialize(&mut input).ok()?;
    input.end().ok()?;
    (!query.srcs.is_empty() || !query.dsts.is_empty()).then_some(query)
}

/// Reads an object by a visitor. Derived readers would take an array for a struct as well.
struct Object<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Object<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<V::Value, D::Error> {
        input.deserialize_map(self.0)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "kebab-case")]
enum QueryMember {
    CostType,
    Constraints,
    Endpoints,
}

struct QueryVisitor;

impl<'de> Visitor<'de> for QueryVisitor {
    type Value = Query;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an endpoint cost query")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Query, A::Error> {
        let (mut cost_type, mut constraints, mut endpoints) = (None, None, None);
        while let Some(member) = object.next_key()? {
            match member {
                QueryMember::CostType => {
                    put(&mut cost_type, object.next_value_seed(Object(CostTypeVisitor))?)?;
                }
                QueryMember::Constraints => {
                    put(&mut constraints, object.next_value_seed(List::of(read_constraint))?)?;
                }
                QueryMember::Endpoints => {
                    put(&mut endpoints, object.next_value_seed(Object(EndpointsVisitor))?)?;
                }
            }
        }
        let (srcs, dsts) = given(endpoints)?;
        Ok(Query {
            cost_type: given(cost_type)?,
            constraints,
            srcs: distinct_addresses(srcs),
            dsts: distinct_addresses(dsts),
        })
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "kebab-case")]
enum CostTypeMember {
    CostMetric,
    CostMode,
}

struct CostTypeVisitor;

impl<'de> Visitor<'de> for CostTypeVisitor {
    type Value = CostType;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a cost type")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<CostType, A::Error> {
        let (mut metric, mut mode) = (None, None);
        while let Some(member) = object.next_key()? {
            match member {
                CostTypeMember::CostMetric => {
                    put(&mut metric, object.next_value_seed(Text::of(read_metric))?)?;
                }
                CostTypeMember::CostMode => {
                    put(&mut mode, object.next_value_seed(Text::of(Mode::parse))?)?;
                }
            }
        }
        Ok(CostType::new(given(metric)?, given(mode)?))
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "kebab-case")]
enum EndpointsMember {
    Srcs,
    Dsts,
}

struct EndpointsVisitor;

impl<'de> Visitor<'de> for EndpointsVisitor {
    type Value = (Vec<TypedAddress>, Vec<TypedAddress>);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("sources and destinations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let (mut srcs, mut dsts) = (None, None);
        while let Some(member) = object.next_key()? {
            let list = object.next_value_seed(List::of(read_address))?;
            match member {
                EndpointsMember::Srcs => put(&mut srcs, list)?,
                EndpointsMember::Dsts => put(&mut dsts, list)?,
            }
        }
        Ok((srcs.unwrap_or_default(), dsts.unwrap_or_default()))
    }
}

fn read_address(text: &str) -> Option<TypedAddress> {
    TypedAddress::parse(text).ok()
}

fn read_constraint(text: &str) -> Option<Constraint> {
    Constraint::parse(text).ok()
}

/// Reads a string by a function that knows its grammar.
struct Text<T> {
    read: fn(&str) -> Option<T>,
}

impl<T> Text<T> {
    fn of(read: fn(&str) -> Option<T>) -> Self {
        Self { read }
    }
}

impl<'de, T> DeserializeSeed<'de> for Text<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<T, D::Error> {
        input.deserialize_str(self)
    }
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(doubt)
    }
}

/// Reads an array of strings, each as [`Text`].
struct List<T> {
    read: fn(&str) -> Option<T>,
}

impl<T> List<T> {
    fn of(read: fn(&str) -> Option<T>) -> Self {
        Self { read }
    }
}

impl<'de, T> DeserializeSeed<'de> for List<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Vec<T>, D::Error> {
        input.deserialize_seq(self)
    }
}

impl<'de, T> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element_seed(Text::of(self.read))? {
            items.push(item);
        }
        Ok(items)
    }
}

/// Keeps a member's value; a second one is a doubt.
fn put<T, E: Error>(slot: &mut Option<T>, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() {
        return Err(doubt());
    }
    Ok(())
}

/// A required member's value.
fn given<T, E: Error>(slot: Option<T>) -> Result<T, E> {
    slot.ok_or_else(doubt)
}

/// Nobody reads this: the exact way finds the words.
fn doubt<E: Error>() -> E {
    E::custom("not plainly well formed")
}
