//! A request's ranking, from addresses to the ordered list: 1,000 candidates, 30 % of them IPv6,
//! 5,000 PIDs, another source each time; against the plain way of tree bitmap, row of `f64` and
//! sort.

mod table;

use std::hint::black_box;
use std::net::IpAddr;

use criterion::{Criterion, Throughput};
use netmap::{Cost, CostMatrix, IpNet, MatrixBuilder, MatrixError, Parts, Pid, Snapshot, rank};

use crate::table::{Dice, PIDS, Plain};

/// How many candidates a request has.
const CANDIDATES: usize = 1_000;
/// How many different requests go by.
const REQUESTS: usize = 256;
/// Costs are thousandths below this, so there are some 40,000 distinct ones.
const COST_BOUND: usize = 40_000;
/// The metric.
const METRIC: &str = "routingcost";

/// A source and its candidates.
type Request = (Pid, Vec<IpAddr>);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    ranking(&mut criterion);
    criterion.final_summary();
}

fn ranking(criterion: &mut Criterion) {
    let prefixes = table::prefixes();
    let plain = Plain::new(&prefixes);
    let requests = requests(&prefixes);
    let rows = rows();
    let Ok(matrix) = matrix(&rows) else { return };
    let parts = Parts { pids: table::names(), prefixes, matrices: vec![matrix] };
    let Ok(snapshot) = Snapshot::build(parts) else { return };
    let Some(matrix) = snapshot.matrix(METRIC) else { return };

    let mut group = criterion.benchmark_group("rank");
    group.throughput(Throughput::Elements((REQUESTS * CANDIDATES) as u64)).sample_size(20);
    group.bench_function("plain", |bencher| {
        bencher.iter(|| {
            for (source, candidates) in &requests {
                black_box(plainly(&plain, &rows[source.index()], candidates));
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

/// Looks each candidate up, fetches its cost, sorts.
fn plainly(plain: &Plain, row: &[f64], candidates: &[IpAddr]) -> Vec<(f64, usize)> {
    let cost = |address: &IpAddr| plain.pid_of(*address).map_or(f64::MAX, |pid| row[pid.index()]);
    let mut ranked: Vec<_> = candidates.iter().map(cost).zip(0..).collect();
    ranked.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    ranked
}

fn requests(prefixes: &[(IpNet, Pid)]) -> Vec<Request> {
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) =
        prefixes.iter().map(|(prefix, _)| *prefix).partition(|prefix| prefix.addr().is_ipv4());
    let mut dice = Dice(4);
    let mut candidate = |_| {
        let nets = if dice.below(10) < 3 { &v6 } else { &v4 };
        table::drawn(nets[dice.below(nets.len())], &mut dice)
    };
    let candidates = |_| (0..CANDIDATES).map(&mut candidate).collect();
    let candidates: Vec<Vec<IpAddr>> = (0..REQUESTS).map(candidates).collect();
    let mut dice = Dice(5);
    let source = |_: &Vec<IpAddr>| Pid::new(dice.below(PIDS as usize) as u32);
    let sources: Vec<Pid> = candidates.iter().map(source).collect();
    sources.into_iter().zip(candidates).collect()
}

/// `cost[from][to]`.
fn rows() -> Vec<Vec<f64>> {
    let mut dice = Dice(6);
    let mut cost = |_| Cost::from_thousandths(dice.below(COST_BOUND) as u64).value();
    (0..PIDS).map(|_| (0..PIDS).map(&mut cost).collect()).collect()
}

fn matrix(rows: &[Vec<f64>]) -> Result<CostMatrix, MatrixError> {
    let mut builder = MatrixBuilder::new(METRIC, rows.len());
    for row in rows {
        builder.push_row(row.iter().map(|cost| Cost::new(*cost).ok()))?;
    }
    builder.finish()
}
