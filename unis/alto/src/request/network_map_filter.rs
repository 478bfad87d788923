//! Request for part of a network map (RFC 7285 §11.3.1.3).

use crate::fault::Fault;
use crate::json;
use crate::name::is_address_type;
use crate::request::fields::Fields;
use crate::request::parts::{distinct, pids};
use crate::write::{push_name, push_strings};

/// Which PIDs and address types of a network map are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkMapFilter {
    /// The PIDs, each once, known or not; empty for all.
    pub pids: Vec<String>,
    /// The address types, each once, known or not; empty for all.
    pub address_types: Vec<String>,
}

impl NetworkMapFilter {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let body = json::parse(body)?;
        let body = Fields::of_body(&body)?;
        let pids = pids(&body, "pids", body.require("pids")?)?;
        let address_types = match body.find("address-types") {
            Some(types) => body.list("address-types", types, read_address_type)?,
            None => Vec::new(),
        };
        Ok(Self { pids, address_types: distinct(address_types) })
    }

    /// Writes the body of a request.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        push_name(&mut out, "pids");
        push_strings(&mut out, &self.pids);
        if !self.address_types.is_empty() {
            out.push(b',');
            push_name(&mut out, "address-types");
            push_strings(&mut out, &self.address_types);
        }
        out.push(b'}');
        out
    }
}

fn read_address_type(text: &str) -> Option<String> {
    is_address_type(text).then(|| text.to_owned())
}
