//! Request for costs between endpoints (RFC 7285 §11.5.1.3).

use crate::address::TypedAddress;
use crate::constraint::Constraint;
use crate::cost::CostType;
use crate::fault::Fault;
use crate::json::{self, Json};
use crate::request::fields::Fields;
use crate::request::parts::{addresses, constraints, cost_type, push_constraints};
use crate::write::{push_cost_type, push_name, push_strings};

/// Between which endpoints which costs are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointCostQuery {
    /// The costs' type; without description.
    pub cost_type: CostType,
    /// What every cost of the answer must meet; none where the request is silent about it.
    pub constraints: Option<Vec<Constraint>>,
    /// Sources, each address once, by the text that came first; empty for the client itself.
    pub srcs: Vec<TypedAddress>,
    /// Destinations, as the sources. Never both lists are empty in a request that was read.
    pub dsts: Vec<TypedAddress>,
}

impl EndpointCostQuery {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it (§8.5.2).
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let body = json::parse(body)?;
        let body = Fields::of_body(&body)?;
        let (kind, endpoints) = (body.require("cost-type")?, body.require("endpoints")?);
        let cost_type = cost_type(kind)?;
        let constraints = constraints(&body)?;
        let (srcs, dsts) = read_endpoints(endpoints)?;
        Ok(Self { cost_type, constraints, srcs, dsts })
    }

    /// Writes the body of a request.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        push_name(&mut out, "cost-type");
        push_cost_type(&mut out, &self.cost_type);
        push_constraints(&mut out, self.constraints.as_deref());
        out.extend_from_slice(br#","endpoints":{"srcs":"#);
        push_strings(&mut out, self.srcs.iter().map(|typed| typed.text.as_str()));
        out.extend_from_slice(br#","dsts":"#);
        push_strings(&mut out, self.dsts.iter().map(|typed| typed.text.as_str()));
        out.extend_from_slice(b"}}");
        out
    }
}

/// Reads `endpoints`. One list may be absent or empty, both may not.
fn read_endpoints(value: &Json) -> Result<(Vec<TypedAddress>, Vec<TypedAddress>), Fault> {
    let fields = Fields::of("endpoints", value)?;
    let (srcs, dsts) = (fields.find("srcs"), fields.find("dsts"));
    if srcs.is_none() && dsts.is_none() {
        return Err(Fault::missing(fields.path_of("srcs")));
    }
    let read = |name, value: Option<&Json>| match value {
        Some(value) => addresses(&fields, name, value),
        None => Ok(Vec::new()),
    };
    let (srcs, dsts) = (read("srcs", srcs)?, read("dsts", dsts)?);
    if srcs.is_empty() && dsts.is_empty() {
        return Err(Fault::invalid_value("endpoints", value.to_string()));
    }
    Ok((srcs, dsts))
}
