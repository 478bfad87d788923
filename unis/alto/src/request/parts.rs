//! Members that several requests share: cost type, constraints, lists without repeats.

use std::net::IpAddr;

use crate::address::TypedAddress;
use crate::constraint::Constraint;
use crate::cost::{CostType, Mode};
use crate::distinct::{remove, repeats};
use crate::fault::Fault;
use crate::json::Json;
use crate::name::{CostMetric, is_pid_name};
use crate::request::fields::Fields;
use crate::write::{push_name, push_strings};

/// Reads `cost-type`; its description is ignored, whatever it is (RFC 7285 §11.3.2.3).
pub(crate) fn cost_type(value: &Json) -> Result<CostType, Fault> {
    let fields = Fields::of("cost-type", value)?;
    let metric = fields.require("cost-metric")?;
    let mode = fields.require("cost-mode")?;
    Ok(CostType {
        metric: fields.text("cost-metric", metric, read_metric)?,
        mode: fields.text("cost-mode", mode, Mode::parse)?,
        description: None,
    })
}

/// Reads a cost metric's name (§10.6).
pub(crate) fn read_metric(text: &str) -> Option<String> {
    CostMetric::parse(text).ok().map(String::from)
}

/// Reads `constraints` where they are given.
pub(crate) fn constraints(body: &Fields<'_>) -> Result<Option<Vec<Constraint>>, Fault> {
    let read = |value| body.list("constraints", value, |text| Constraint::parse(text).ok());
    body.find("constraints").map(read).transpose()
}

/// Reads a list of PID names; a text that can name no PID is a wrong value (§10.1).
pub(crate) fn pids(fields: &Fields<'_>, name: &str, value: &Json) -> Result<Vec<String>, Fault> {
    let pids = fields.list(name, value, |text| is_pid_name(text).then(|| text.to_owned()))?;
    Ok(distinct(pids))
}

/// Reads a list of typed addresses.
pub(crate) fn addresses(
    fields: &Fields<'_>,
    name: &str,
    value: &Json,
) -> Result<Vec<TypedAddress>, Fault> {
    let addresses = fields.list(name, value, |text| TypedAddress::parse(text).ok())?;
    Ok(distinct_addresses(addresses))
}

/// The items without repeats, in their order.
pub(crate) fn distinct<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    let again = repeats(items.iter());
    remove(&mut items, &again);
    items
}

/// The endpoints without repeats: two texts of one address are one endpoint (§10.4), which keeps
/// the text that came first.
pub(crate) fn distinct_addresses(mut addresses: Vec<TypedAddress>) -> Vec<TypedAddress> {
    let again = repeats(addresses.iter().map(|typed| sort_key(typed.address)));
    remove(&mut addresses, &again);
    addresses
}

/// One number per endpoint: IPv4 takes the place of the mapped addresses, which do not occur.
pub(crate) fn sort_key(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Appends `,"constraints":[…]` where there are constraints to speak of.
pub(crate) fn push_constraints(out: &mut Vec<u8>, constraints: Option<&[Constraint]>) {
    if let Some(constraints) = constraints {
        out.push(b',');
        push_name(out, "constraints");
        push_strings(out, constraints.iter().map(Constraint::to_string));
    }
}
