//! The case of the endpoint cost service (RFC 7285 §11.5.1): from the bytes of a query to those of
//! its answer.

use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cli::bench::case::Case;
use crate::cli::bench::workload::{METRIC, Workload};
use crate::maps::version::Version;
use crate::resource::{Answer, endpoint_cost};
use crate::settings::View;

/// Queries of one size: many enough that none is still in the nearest cache.
const QUERIES: usize = 16;

/// Queries for the costs from one IPv4 address to so many others; nothing where the workload has no
/// IPv4 addresses or no endpoint cost service.
pub(in crate::cli::bench) fn case(workload: &Workload, candidates: usize) -> Option<Case<'_>> {
    let queries = queries(workload, candidates);
    let again = queries.clone();
    let version = Version::of(vec![Arc::clone(&workload.network)], 0);
    let resource = Arc::clone(version.with_id("endpoint-cost")?);
    let client = *workload.ipv4.first()?;
    let ours = move |query: &[u8]| match endpoint_cost::answer(
        &resource,
        View::Full,
        client,
        usize::MAX,
        query,
    ) {
        Ok(Answer::Bytes(bytes)) => bytes.len(),
        _ => 0,
    };
    let bytes = queries.iter().map(|query| ours(query) as u64).sum();
    Some(Case {
        name: format!("ECS 1 x {candidates}, body to answer"),
        unit: "candidate",
        candidates: None,
        plain_name: "serde_json Value, tree bitmap, f64 row",
        units: (queries.len() * candidates) as u64,
        bytes: Some(bytes),
        ours: Box::new(move || {
            queries.iter().for_each(|query| {
                black_box(ours(query));
            });
        }),
        plain: Box::new(move || {
            again.iter().for_each(|query| {
                black_box(plainly(workload, query));
            });
        }),
    })
}

/// Bodies as `serde_json` writes them.
fn queries(workload: &Workload, candidates: usize) -> Vec<Vec<u8>> {
    let typed = |address: &IpAddr| Value::String(alto::address::format(*address));
    let query = |addresses: &[IpAddr]| {
        let body = json!({
            "cost-type": {"cost-mode": "numerical", "cost-metric": METRIC},
            "endpoints": {
                "srcs": [typed(&addresses[0])],
                "dsts": addresses[1..].iter().map(typed).collect::<Vec<_>>(),
            },
        });
        body.to_string().into_bytes()
    };
    workload.ipv4.chunks_exact(candidates + 1).take(QUERIES).map(query).collect()
}

/// The same as somebody would write it who does not measure. Nothing where the query is none.
fn plainly(workload: &Workload, query: &[u8]) -> Option<Vec<u8>> {
    let query: Value = serde_json::from_slice(query).ok()?;
    let pid = |typed: &Value| {
        let address: IpAddr = typed.as_str()?.split_once(':')?.1.parse().ok()?;
        workload.plain.pid_of(address)
    };
    let endpoints = query.get("endpoints")?;
    let mut map = Map::new();
    for source in endpoints.get("srcs")?.as_array()? {
        let Some(from) = pid(source) else { continue };
        let mut row = Map::new();
        for destination in endpoints.get("dsts")?.as_array()? {
            let Some(to) = pid(destination) else { continue };
            let cost = workload.costs[from.index()][to.index()];
            row.insert(destination.as_str()?.to_owned(), json!(cost));
        }
        map.insert(source.as_str()?.to_owned(), Value::Object(row));
    }
    let meta = json!({"cost-type": query.get("cost-type")?});
    serde_json::to_vec(&json!({"meta": meta, "endpoint-cost-map": map})).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::workload::Size;

    #[test]
    fn both_ways_give_the_same_costs() {
        let workload = Workload::synthetic(Size { pids: 40, part: 5_000, ..Size::QUICK }, 3);
        let workload = workload.unwrap();
        let version = Version::of(vec![Arc::clone(&workload.network)], 0);
        let resource = version.with_id("endpoint-cost").unwrap();
        let client = workload.ipv4[0];
        let queries = queries(&workload, 100);
        assert_eq!(queries.len(), QUERIES);
        for query in queries {
            let answer = endpoint_cost::answer(resource, View::Full, client, usize::MAX, &query);
            let Ok(Answer::Bytes(ours)) = answer else { panic!("no bytes") };
            let ours: Value = serde_json::from_slice(&ours).unwrap();
            let plain: Value =
                serde_json::from_slice(&plainly(&workload, &query).unwrap()).unwrap();
            let costs = |of: &Value| of["endpoint-cost-map"].as_object().unwrap().clone();
            for (ours, plain) in costs(&ours).values().zip(costs(&plain).values()) {
                let (ours, plain) = (ours.as_object().unwrap(), plain.as_object().unwrap());
                assert!(ours.len() > 90 && ours.len() == plain.len());
                for (to, cost) in ours {
                    assert_eq!(cost.as_f64(), plain[to].as_f64(), "{to}");
                }
            }
        }
    }
}
