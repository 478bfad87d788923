//! A request's ranking, from addresses to the ordered list: 1,000 candidates, 30 % of them IPv6,
//! 5,000 PIDs, another source each time; against the plain way of tree bitmap, row of `f64` and
//! sort.

mod table;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use netmap::workload::{Dice, Plain, cost_rows, pid_names, plain_rank, requests};
use netmap::{Cost, CostMatrix, MatrixBuilder, MatrixError, Parts, Snapshot, rank};

use crate::table::PIDS;

/// How many candidates a request has.
const CANDIDATES: usize = 1_000;
/// How many different requests go by.
const REQUESTS: usize = 256;
/// The metric.
const METRIC: &str = "routingcost";

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    ranking(&mut criterion);
    criterion.final_summary();
}

fn ranking(criterion: &mut Criterion) {
    let prefixes = table::prefixes();
    let plain = Plain::new(&prefixes);
    let requests = requests(&prefixes, PIDS, CANDIDATES, REQUESTS, &mut Dice::new(4));
    let rows = cost_rows(PIDS, &mut Dice::new(6));
    let Ok(matrix) = matrix(&rows) else { return };
    let parts = Parts { pids: pid_names(PIDS), prefixes, matrices: vec![matrix] };
    let Ok(snapshot) = Snapshot::build(parts) else { return };
    let Some(matrix) = snapshot.matrix(METRIC) else { return };

    let mut group = criterion.benchmark_group("rank");
    group.throughput(Throughput::Elements((REQUESTS * CANDIDATES) as u64)).sample_size(20);
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            for (source, candidates) in &requests {
                black_box(plain_rank(&plain, &rows[source.index()], candidates));
            }
        });
    });
    let mut pids = Vec::new();
    group.bench_function("snapshot", |bencher| {
        bencher.iter(|| {
            for (source, candidates) in &requests {
                snapshot.pids_of(candidates, &mut pids);
                black_box(rank(matrix.row(*source), &pids));
            }
        });
    });
    group.finish();
}

fn matrix(rows: &[Vec<f64>]) -> Result<CostMatrix, MatrixError> {
    let mut builder = MatrixBuilder::new(METRIC, rows.len());
    for row in rows {
        builder.push_row(row.iter().map(|cost| Cost::new(*cost).ok()))?;
    }
    builder.finish()
}
