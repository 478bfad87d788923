//! Request for part of a cost map (RFC 7285 §11.3.2.3).

use crate::constraint::Constraint;
use crate::cost::CostType;
use crate::fault::Fault;
use crate::json::{self, Json};
use crate::request::fields::Fields;
use crate::request::parts::{constraints, cost_type, pids, push_constraints};
use crate::write::{push_cost_type, push_name, push_strings};

/// Which costs of a cost map are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct CostMapFilter {
    /// The costs' type; without description.
    pub cost_type: CostType,
    /// What every cost of the answer must meet; none where the request is silent about it, which
    /// is not the same as an empty list where constraints may not be given.
    pub constraints: Option<Vec<Constraint>>,
    /// The pairs; none for all.
    pub pids: Option<PidFilter>,
}

/// Which pairs of PIDs are wanted: each source with each destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PidFilter {
    /// Sources, each once, known or not; empty for all.
    pub srcs: Vec<String>,
    /// Destinations, each once, known or not; empty for all.
    pub dsts: Vec<String>,
}

impl CostMapFilter {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Fault> {
        let body = json::parse(body)?;
        let body = Fields::of_body(&body)?;
        Ok(Self {
            cost_type: cost_type(body.require("cost-type")?)?,
            constraints: constraints(&body)?,
            pids: body.find("pids").map(PidFilter::read).transpose()?,
        })
    }

    /// Writes the body of a request.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = b"{".to_vec();
        push_name(&mut out, "cost-type");
        push_cost_type(&mut out, &self.cost_type);
        push_constraints(&mut out, self.constraints.as_deref());
        if let Some(pids) = &self.pids {
            out.extend_from_slice(br#","pids":{"srcs":"#);
            push_strings(&mut out, &pids.srcs);
            out.extend_from_slice(br#","dsts":"#);
            push_strings(&mut out, &pids.dsts);
            out.push(b'}');
        }
        out.push(b'}');
        out
    }
}

impl PidFilter {
    fn read(value: &Json) -> Result<Self, Fault> {
        let fields = Fields::of("pids", value)?;
        let (srcs, dsts) = (fields.require("srcs")?, fields.require("dsts")?);
        Ok(Self { srcs: pids(&fields, "srcs", srcs)?, dsts: pids(&fields, "dsts", dsts)? })
    }
}
