//! The quick way through a well-formed endpoint cost query: one pass over the bytes, no tree.
//!
//! At the least doubt (an error, an escape, an unknown or repeated member, nothing to rank) it
//! gives up, and the exact way decides. So what it accepts must be what the exact way accepts,
//! which a property test holds it to; what it gives up on costs time only.

use crate::address;
use crate::constraint::Constraint;
use crate::cost::{CostType, Mode};
use crate::request::endpoints::Endpoints;
use crate::request::packed_query::PackedQuery;
use crate::request::parts::read_metric;
use crate::request::quad::quad;
use crate::request::quads::{self, IPV4};
use crate::request::scan::Scan;

/// Reads a body, or gives up.
pub(crate) fn endpoint_cost_query(body: &[u8]) -> Option<PackedQuery<'_>> {
    let (mut kind, mut limits, mut endpoints) = (None, None, None);
    let mut scan = Scan::new(body);
    scan.object(|scan, name| match name {
        "cost-type" => put(&mut kind, cost_type(scan)?),
        "constraints" => put(&mut limits, constraints(scan)?),
        "endpoints" => put(&mut endpoints, both(scan)?),
        _ => None,
    })?;
    let (srcs, dsts) = endpoints?;
    let query = PackedQuery { cost_type: kind?, constraints: limits, srcs, dsts };
    let asks = !query.srcs.is_empty() || !query.dsts.is_empty();
    (asks && scan.is_at_end()).then_some(query)
}

fn cost_type(scan: &mut Scan<'_>) -> Option<CostType> {
    let (mut metric, mut mode) = (None, None);
    scan.object(|scan, name| match name {
        "cost-metric" => put(&mut metric, read_metric(scan.text()?)?),
        "cost-mode" => put(&mut mode, Mode::parse(scan.text()?)?),
        _ => None,
    })?;
    Some(CostType::new(metric?, mode?))
}

fn constraints(scan: &mut Scan<'_>) -> Option<Vec<Constraint>> {
    let mut all = Vec::new();
    scan.array(|scan| {
        all.push(Constraint::parse(scan.text()?).ok()?);
        Some(())
    })?;
    Some(all)
}

/// Sources and destinations; one of them may be absent.
fn both<'a>(scan: &mut Scan<'a>) -> Option<(Endpoints<'a>, Endpoints<'a>)> {
    let (mut srcs, mut dsts) = (None, None);
    scan.object(|scan, name| match name {
        "srcs" => put(&mut srcs, list(scan)?),
        "dsts" => put(&mut dsts, list(scan)?),
        _ => None,
    })?;
    let none = Endpoints::over(scan.body)?;
    Some((srcs.unwrap_or_else(|| none.clone()), dsts.unwrap_or(none)))
}

fn list<'a>(scan: &mut Scan<'a>) -> Option<Endpoints<'a>> {
    let mut endpoints = Endpoints::over(scan.body)?;
    scan.array(|scan| {
        if endpoints.is_full() {
            endpoints.reserve_for(scan.rest().len());
        }
        endpoint(scan, &mut endpoints)?;
        scan.at = quads::follow(scan.body, scan.at, &mut endpoints);
        Some(())
    })?;
    Some(endpoints.without_repeats())
}

fn endpoint(scan: &mut Scan<'_>, endpoints: &mut Endpoints<'_>) -> Option<()> {
    let begin = scan.at;
    if scan.rest().starts_with(IPV4) {
        let (address, bytes) = quad(scan.body, begin + IPV4.len())?;
        scan.at = begin + IPV4.len() + bytes + 1;
        endpoints.push_v4(address, begin, scan.at - begin);
    } else {
        let address = address::parse(scan.text()?).ok()?;
        endpoints.push(address, begin, scan.at - begin);
    }
    Some(())
}

/// Keeps a member's value; a second one is a doubt.
fn put<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}
