//! `POST …/endpoint-property`: the PID of each endpoint in each network map asked for (RFC 7285
//! §11.4.1).

use std::net::IpAddr;
use std::sync::Arc;

use alto::fault::Fault;
use alto::request::EndpointPropertyQuery;
use alto::write;

use crate::maps::network::ServedNetwork;
use crate::maps::version::Version;
use crate::resource::network_map::version_tag;
use crate::resource::{Answer, Refusal};

/// Answers a query. An endpoint without a PID keeps its member, without that property (§11.4.1.6).
///
/// # Errors
/// A body that is no such query, or a property other than `MAP.pid` of a map of this server.
pub fn answer(version: &Version, body: &[u8]) -> Result<Answer, Refusal> {
    let query = EndpointPropertyQuery::parse(body)?;
    let mut asked: Vec<(String, &Arc<ServedNetwork>)> = Vec::with_capacity(query.properties.len());
    for property in &query.properties {
        let text = property.to_string();
        let network = version
            .networks()
            .iter()
            .find(|network| {
                property.name == "pid"
                    && property.resource.as_deref() == Some(&*network.id("network-map"))
            })
            .ok_or_else(|| Fault::invalid_value("properties", text.as_str()))?;
        asked.push((text, network));
    }
    let addresses: Vec<IpAddr> = query.endpoints.iter().map(|endpoint| endpoint.address).collect();
    let columns: Vec<_> = asked
        .iter()
        .map(|(_, network)| {
            let mut pids = Vec::new();
            network.snapshot().pids_of(&addresses, &mut pids);
            pids
        })
        .collect();

    let mut out = Vec::with_capacity(64 * (addresses.len() + 4));
    out.extend_from_slice(b"{\"meta\":{\"dependent-vtags\":[");
    for (index, (_, network)) in asked.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write::push_vtag(&mut out, &version_tag(network));
    }
    out.extend_from_slice(b"]},\"endpoint-properties\":{");
    for (row, endpoint) in query.endpoints.iter().enumerate() {
        if row > 0 {
            out.push(b',');
        }
        write::push_string(&mut out, &endpoint.text);
        out.extend_from_slice(b":{");
        let known = asked.iter().zip(&columns).filter_map(|((property, network), pids)| {
            Some((property, network.snapshot().pids().name(pids[row]?)))
        });
        for (index, (property, pid)) in known.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write::push_string(&mut out, property);
            out.push(b':');
            write::push_string(&mut out, pid.as_str());
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"}}");
    Ok(Answer::Bytes(out))
}
