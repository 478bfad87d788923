//! `POST …/endpoint-cost`: the cost from every source to every destination (RFC 7285 §11.5.1).

use std::net::IpAddr;

use alto::cost::Mode;
use alto::pairs::{PairWriter, Part};
use alto::request::{Addresses, Endpoints, PackedQuery};
use alto::write;
use netmap::{Pid, Snapshot};

use crate::maps::table::Resource;
use crate::resource::cost_query::{self, CostQuery, Digits};
use crate::resource::pairs::PairBound;
use crate::resource::{Answer, Refusal};
use crate::settings::View;

/// Bytes set aside for what stands before the costs.
const META_BYTES: usize = 256;
/// Bytes set aside for a cost, a colon and a comma.
const COST_BYTES: usize = 12;

/// Answers a query of a client at `client`, which stands for an empty list of sources or
/// destinations (§11.5.1.3).
///
/// # Errors
/// A body that is no such query, a cost type that is not offered, more pairs than `bound` lets in.
pub fn answer(
    resource: &Resource,
    view: View,
    client: IpAddr,
    bound: impl PairBound,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let PackedQuery { cost_type, constraints, srcs, dsts } = PackedQuery::parse(body)?;
    let network = &resource.network;
    let query = cost_query::resolve(network, view, &cost_type, constraints.as_deref())?;
    let (srcs, dsts) = (or_client(srcs, client), or_client(dsts, client));
    bound.admit(srcs.len(), dsts.len())?;
    let snapshot = network.snapshot();
    let (from, to) = (pids(snapshot, &srcs), pids(snapshot, &dsts));

    let row_bytes = dsts.text_bytes() + dsts.len() * COST_BYTES;
    let room = srcs.text_bytes() + srcs.len() * row_bytes;
    let mut out = Vec::with_capacity(META_BYTES + room);
    out.extend_from_slice(b"{\"meta\":{\"cost-type\":");
    write::push_cost_type(&mut out, &cost_type);
    out.extend_from_slice(b"},\"endpoint-cost-map\":{");
    let mut out = PairWriter::after(out, room);
    let empty = out.len();
    for (index, pid) in from.into_iter().enumerate() {
        let Some(pid) = pid else { continue };
        let begin = out.len();
        out.push(srcs.quoted(index));
        out.push(b":{");
        if push_destinations(&mut out, &query, pid, &dsts, &to) {
            out.push(b"},");
        } else {
            // Nothing at all of a source of which no pair is left (§11.5.1.6).
            out.truncate(begin);
        }
    }
    if out.len() > empty {
        out.truncate(out.len() - 1);
    }
    out.push(b"}}");
    Ok(Answer::Bytes(out.finish()))
}

/// Appends the costs from one source; whether there is one.
fn push_destinations(
    out: &mut PairWriter,
    query: &CostQuery<'_>,
    from: Pid,
    destinations: &Endpoints<'_>,
    to: &[Option<Pid>],
) -> bool {
    let empty = out.len();
    let (row, table) = (query.matrix.row(from), query.matrix.table());
    let (texts, allowed) = (table.texts().as_bytes(), query.allowed.as_deref());
    for (name, pid) in destinations.parts().zip(to) {
        let Some(ordinal) = pid.and_then(|pid| row.ordinal(pid)) else { continue };
        if allowed.is_some_and(|allowed| !allowed[ordinal as usize]) {
            continue;
        }
        match query.mode {
            Mode::Numerical => {
                let place = table.place(ordinal);
                let number = Part { base: texts, begin: place.start, bytes: place.len() };
                out.push_pair(name, number);
            }
            Mode::Ordinal => out.push_pair(name, Digits::of(ordinal).part()),
        }
    }
    let any = out.len() > empty;
    if any {
        out.truncate(out.len() - 1);
    }
    any
}

/// An empty list stands for the client's own address.
fn or_client(endpoints: Endpoints<'_>, client: IpAddr) -> Endpoints<'_> {
    if endpoints.is_empty() { Endpoints::one(client) } else { endpoints }
}

fn pids(snapshot: &Snapshot, endpoints: &Endpoints<'_>) -> Vec<Option<Pid>> {
    let mut pids = Vec::new();
    match endpoints.addresses() {
        Addresses::V4(addresses) => snapshot.pids_of_ipv4(addresses, &mut pids),
        Addresses::Any(addresses) => snapshot.pids_of(addresses, &mut pids),
    }
    pids
}
