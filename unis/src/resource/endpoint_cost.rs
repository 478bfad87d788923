//! `POST …/endpoint-cost`: the cost from every source to every destination (RFC 7285 §11.5.1).

use std::net::IpAddr;

use alto::address::{self, TypedAddress};
use alto::cost::CostType;
use alto::request::EndpointCostQuery;
use alto::write;
use netmap::{Pid, Snapshot};

use crate::maps::table::Resource;
use crate::resource::cost_query::{self, CostQuery, push_cost};
use crate::resource::{Answer, Refusal};
use crate::settings::View;

/// Bytes set aside for one pair of an answer.
const PAIR_BYTES: usize = 40;

/// Answers a query of a client at `client`, which stands for an empty list of sources or
/// destinations (§11.5.1.3).
///
/// # Errors
/// A body that is no such query, a cost type that is not offered, more than `max_pairs` pairs.
pub fn answer(
    resource: &Resource,
    view: View,
    client: IpAddr,
    max_pairs: usize,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let EndpointCostQuery { cost_type, constraints, srcs, dsts } = EndpointCostQuery::parse(body)?;
    let network = &resource.network;
    let query = cost_query::resolve(network, view, &cost_type, constraints.as_deref())?;
    let (srcs, dsts) = (or_client(srcs, client), or_client(dsts, client));
    let pairs = srcs.len().saturating_mul(dsts.len());
    if pairs > max_pairs {
        let (sources, destinations) = (srcs.len(), dsts.len());
        return Err(Refusal::TooManyPairs { sources, destinations, limit: max_pairs });
    }
    let snapshot = network.snapshot();
    let from = pids(snapshot, &srcs);
    let to = pids(snapshot, &dsts);

    let mut out = Vec::with_capacity(256 + pairs * PAIR_BYTES);
    out.extend_from_slice(b"{\"meta\":{\"cost-type\":");
    write::push_cost_type(&mut out, &CostType { description: None, ..cost_type.clone() });
    out.extend_from_slice(b"},\"endpoint-cost-map\":{");
    let mut first = true;
    for (source, pid) in srcs.iter().zip(from) {
        let Some(pid) = pid else { continue };
        if push_source(&mut out, &query, &cost_type, first, (source, pid), (&dsts, &to)) {
            first = false;
        }
    }
    out.extend_from_slice(b"}}");
    Ok(Answer::Bytes(out))
}

/// Appends one source with its destinations; nothing at all if no pair is left (§11.5.1.6).
fn push_source(
    out: &mut Vec<u8>,
    query: &CostQuery<'_>,
    cost_type: &CostType,
    first: bool,
    (source, from): (&TypedAddress, Pid),
    (destinations, to): (&[TypedAddress], &[Option<Pid>]),
) -> bool {
    let begin = out.len();
    if !first {
        out.push(b',');
    }
    write::push_string(out, &source.text);
    out.extend_from_slice(b":{");
    let empty = out.len();
    let (row, table) = (query.matrix.row(from), query.matrix.table());
    for (destination, pid) in destinations.iter().zip(to) {
        let Some(ordinal) = pid.and_then(|pid| row.ordinal(pid)) else { continue };
        if query.allowed.as_ref().is_some_and(|allowed| !allowed[ordinal as usize]) {
            continue;
        }
        if out.len() > empty {
            out.push(b',');
        }
        write::push_string(out, &destination.text);
        out.push(b':');
        push_cost(out, table, cost_type.mode, ordinal);
    }
    if out.len() == empty {
        out.truncate(begin);
        return false;
    }
    out.push(b'}');
    true
}

/// An empty list stands for the client's own address.
fn or_client(endpoints: Vec<TypedAddress>, client: IpAddr) -> Vec<TypedAddress> {
    if !endpoints.is_empty() {
        return endpoints;
    }
    let address = client.to_canonical();
    vec![TypedAddress { text: address::format(address), address }]
}

fn pids(snapshot: &Snapshot, endpoints: &[TypedAddress]) -> Vec<Option<Pid>> {
    let addresses: Vec<IpAddr> = endpoints.iter().map(|endpoint| endpoint.address).collect();
    let mut pids = Vec::with_capacity(addresses.len());
    snapshot.pids_of(&addresses, &mut pids);
    pids
}
