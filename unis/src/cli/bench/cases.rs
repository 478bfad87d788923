//! The cases: our way and the plain way of each, over one workload.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::IpAddr;

use alto::cost::{CostType, Mode};
use netmap::workload::{Plain, Request, plain_rank};
use netmap::{CostMatrix, Parts, Pid, Snapshot, rank};

use crate::cli::bench::case::Case;
use crate::cli::bench::ecs;
use crate::cli::bench::workload::{METRIC, Workload};
use crate::resource::chunks::Chunks;
use crate::resource::cost_map::{CostMapChunks, Selection};

/// Addresses looked up at once.
const BATCH: usize = 1_000;
/// Candidates of a request.
const CANDIDATES: [usize; 4] = [10, 100, 1_000, 10_000];
/// Candidates of a query of the endpoint cost service.
const ECS_CANDIDATES: [usize; 3] = [10, 100, 1_000];

/// Every case that the workload has something for.
pub(in crate::cli::bench) fn all(workload: &Workload) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (family, addresses) in [("IPv4", &workload.ipv4), ("IPv6", &workload.ipv6)] {
        if !addresses.is_empty() {
            cases.push(look_up(workload, family, addresses, false));
            cases.push(look_up(workload, family, addresses, true));
        }
    }
    if let Some(matrix) = workload.network.snapshot().matrix(METRIC) {
        cases.extend(CANDIDATES.map(|candidates| ranking(workload, matrix, candidates)));
        cases.extend(ECS_CANDIDATES.into_iter().filter_map(|many| ecs::case(workload, many)));
        cases.push(cost_map(workload, matrix));
    }
    cases.push(build(workload));
    cases
}

fn look_up<'a>(
    workload: &'a Workload,
    family: &str,
    addresses: &'a [IpAddr],
    batched: bool,
) -> Case<'a> {
    let snapshot = workload.network.snapshot();
    let (mut found, mut plainly) = (Vec::new(), Vec::new());
    let ours = move || {
        for batch in addresses.chunks(BATCH) {
            if batched {
                snapshot.pids_of(batch, &mut found);
            } else {
                found.clear();
                found.extend(batch.iter().map(|address| snapshot.pid_of(*address)));
            }
            black_box(&found);
        }
    };
    let plain = move || {
        for batch in addresses.chunks(BATCH) {
            plainly.clear();
            plainly.extend(batch.iter().map(|address| workload.plain.pid_of(*address)));
            black_box(&plainly);
        }
    };
    Case {
        name: format!("look-up {family}, {}", if batched { "batched" } else { "single" }),
        unit: "address",
        candidates: None,
        plain_name: "tree bitmap",
        units: addresses.len() as u64,
        bytes: None,
        ours: Box::new(ours),
        plain: Box::new(plain),
    }
}

fn ranking<'a>(workload: &'a Workload, matrix: &'a CostMatrix, candidates: usize) -> Case<'a> {
    let requests: Vec<Request> = workload.requests(candidates);
    let again = requests.clone();
    let units = requests.iter().map(|(_, candidates)| candidates.len() as u64).sum();
    let mut pids = Vec::new();
    let ours = move || {
        for (source, candidates) in &requests {
            workload.network.snapshot().pids_of(candidates, &mut pids);
            black_box(rank(matrix.row(*source), &pids));
        }
    };
    let plain = move || {
        for (source, candidates) in &again {
            let row = &workload.costs[source.index()];
            black_box(plain_rank(&workload.plain, row, candidates));
        }
    };
    Case {
        name: format!("rank {candidates} candidates"),
        unit: "candidate",
        candidates: Some(candidates),
        plain_name: "tree bitmap, f64 row, sort",
        units,
        bytes: None,
        ours: Box::new(ours),
        plain: Box::new(plain),
    }
}

fn cost_map<'a>(workload: &'a Workload, matrix: &'a CostMatrix) -> Case<'a> {
    let names = workload.network.snapshot().pids();
    let sources: Vec<Pid> = names.iter().map(|(pid, _)| pid).take(workload.size.map_rows).collect();
    let row = |from: &Pid| {
        let costs = names
            .iter()
            .filter_map(|(to, name)| Some((name.as_str(), matrix.cost(*from, to)?.value())));
        (names.name(*from).as_str(), costs.collect::<BTreeMap<_, _>>())
    };
    let plainly: BTreeMap<_, _> = sources.iter().map(row).collect();
    let units = plainly.values().map(|row| row.len() as u64).sum();
    let mut body = Vec::new();
    let mut render = move || {
        body.clear();
        let cost_type =
            CostType { metric: METRIC.to_owned(), mode: Mode::Numerical, description: None };
        let all = Selection::all(&workload.network);
        let selection = Selection { sources: sources.clone(), ..all };
        let mut chunks = CostMapChunks::new(&workload.network, cost_type, selection);
        while chunks.next(&mut body) {}
        black_box(&body).len()
    };
    let bytes = render() as u64;
    let ours = move || {
        render();
    };
    let plain = move || {
        let _ = black_box(serde_json::to_vec(&plainly));
    };
    Case {
        name: "cost map, numerical".to_owned(),
        unit: "pair",
        candidates: None,
        plain_name: "serde_json of nested maps",
        units,
        bytes: Some(bytes),
        ours: Box::new(ours),
        plain: Box::new(plain),
    }
}

fn build(workload: &Workload) -> Case<'_> {
    let snapshot = workload.network.snapshot();
    let ours = || {
        let parts = Parts {
            pids: snapshot.pids().iter().map(|(_, name)| name.clone()).collect(),
            prefixes: workload.prefixes.clone(),
            matrices: snapshot.matrices().iter().map(|matrix| (**matrix).clone()).collect(),
        };
        let _ = black_box(Snapshot::build(parts));
    };
    let plain = || {
        black_box(Plain::new(&workload.prefixes));
    };
    Case {
        name: "build".to_owned(),
        unit: "prefix",
        candidates: None,
        plain_name: "tree bitmap alone",
        units: workload.prefixes.len() as u64,
        bytes: None,
        ours: Box::new(ours),
        plain: Box::new(plain),
    }
}
