//! Addresses to PIDs in an Internet-sized table: the compiled look-up against the tree bitmap.
//!
//! Addresses are drawn from the table, a million of each family, and go by in batches.

mod table;

use std::hint::black_box;
use std::net::IpAddr;

use criterion::{Criterion, Throughput};
use netmap::workload::{Dice, Plain, drawn, pid_names};
use netmap::{IpNet, Parts, Snapshot};

use crate::table::PIDS;

/// How many addresses go by in one iteration.
const ADDRESSES: usize = 1 << 20;
/// How many addresses are asked for at once.
const BATCH: usize = 1_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    lookup(&mut criterion);
    criterion.final_summary();
}

fn lookup(criterion: &mut Criterion) {
    let prefixes = table::prefixes();
    let plain = Plain::new(&prefixes);
    let parts = Parts { pids: pid_names(PIDS), prefixes: prefixes.clone(), matrices: vec![] };
    let Ok(snapshot) = Snapshot::build(parts) else { return };
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) =
        prefixes.iter().map(|(prefix, _)| *prefix).partition(|prefix| prefix.addr().is_ipv4());
    let mut dice = Dice::new(3);
    let mut draw = |nets: &[IpNet]| drawn(nets[dice.below(nets.len())], &mut dice);
    let ipv4: Vec<IpAddr> = (0..ADDRESSES).map(|_| draw(&v4)).collect();
    let ipv6: Vec<IpAddr> = (0..ADDRESSES).map(|_| draw(&v6)).collect();
    let mixed = (0..ADDRESSES).map(|at| if at * 3 % 10 < 3 { ipv6[at] } else { ipv4[at] });
    let mixed: Vec<IpAddr> = mixed.collect();
    for (name, addresses) in [("ipv4", &ipv4), ("ipv6", &ipv6), ("30 % ipv6", &mixed)] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(ADDRESSES as u64)).sample_size(20);
        let mut out = Vec::new();
        group.bench_function("tree bitmap", |bencher| {
            bencher.iter(|| {
                for batch in addresses.chunks(BATCH) {
                    out.clear();
                    out.extend(batch.iter().map(|address| plain.pid_of(*address)));
                    black_box(&out);
                }
            });
        });
        group.bench_function("one by one", |bencher| {
            bencher.iter(|| {
                for batch in addresses.chunks(BATCH) {
                    out.clear();
                    out.extend(batch.iter().map(|address| snapshot.pid_of(*address)));
                    black_box(&out);
                }
            });
        });
        group.bench_function("batched", |bencher| {
            bencher.iter(|| {
                for batch in addresses.chunks(BATCH) {
                    snapshot.pids_of(batch, &mut out);
                    black_box(&out);
                }
            });
        });
        group.finish();
    }
}
