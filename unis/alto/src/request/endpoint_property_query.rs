//! Request for properties of endpoints (RFC 7285 §11.4.1.3).

use crate::address::TypedAddress;
use crate::fault::Fault;
use crate::json;
use crate::name::PropertyName;
use crate::request::fields::Fields;
use crate::request::parts::{addresses, distinct};
use crate::write::{push_name, push_strings};

/// Which properties of which endpoints are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPropertyQuery {
    /// The properties, each once, on offer or not; at least one.
    pub properties: Vec<PropertyName>,
    /// The endpoints, each address once, by the text that came first; at least one.
    pub endpoints: Vec<TypedAddress>,
}

impl EndpointPropertyQuery {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let body = json::parse(body)?;
        let body = Fields::of_body(&body)?;
        let (properties, endpoints) = (body.require("properties")?, body.require("endpoints")?);
        let read_property = |text: &str| PropertyName::parse(text).ok();
        let properties = distinct(body.list("properties", properties, read_property)?);
        refuse_empty("properties", &properties)?;
        let endpoints = addresses(&body, "endpoints", endpoints)?;
        refuse_empty("endpoints", &endpoints)?;
        Ok(Self { properties, endpoints })
    }

    /// Writes the body of a request.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        push_name(&mut out, "properties");
        push_strings(&mut out, self.properties.iter().map(PropertyName::to_string));
        out.push(b',');
        push_name(&mut out, "endpoints");
        push_strings(&mut out, self.endpoints.iter().map(|typed| typed.text.as_str()));
        out.push(b'}');
        out
    }
}

/// Both lists are `<1..*>`: at least one element.
fn refuse_empty<T>(field: &str, items: &[T]) -> Result<(), Fault> {
    if items.is_empty() {
        return Err(Fault::invalid_value(field, "[]"));
    }
    Ok(())
}
