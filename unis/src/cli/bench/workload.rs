//! What is measured on: a network that is served, a list of prefixes, or a synthetic table.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use netmap::workload::{
    Checksum, Dice, Plain, Request, cost_rows, drawn, pid_names, requests, spread,
    synthetic_prefixes,
};
use netmap::{Cost, CostMatrix, IpNet, MatrixBuilder, Parts, Pid, Snapshot};
use serde::Serialize;

use crate::maps::network::ServedNetwork;
use crate::maps::version::Version;
use crate::progress::Bar;
use crate::settings::{Inputs, Settings};

/// The metric of the costs.
pub(in crate::cli::bench) const METRIC: &str = "routingcost";
/// Largest list of prefixes read, bytes after decompression.
const LIST_BYTES_MAX: u64 = 1 << 30;

/// How much of everything there is.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::bench) struct Size {
    /// One of how many of the Internet's prefixes a synthetic table has.
    pub(in crate::cli::bench) part: usize,
    /// PIDs, where the workload is not a network with its own.
    pub(in crate::cli::bench) pids: usize,
    /// Addresses of each family that are looked up.
    pub(in crate::cli::bench) addresses: usize,
    /// Candidates over all requests of one kind.
    pub(in crate::cli::bench) candidates: usize,
    /// Rows of the cost map that are rendered.
    pub(in crate::cli::bench) map_rows: usize,
}

impl Size {
    pub(in crate::cli::bench) const FULL: Self =
        Self { part: 1, pids: 5_000, addresses: 1 << 18, candidates: 1 << 17, map_rows: 100 };
    pub(in crate::cli::bench) const QUICK: Self =
        Self { part: 20, pids: 500, addresses: 1 << 12, candidates: 10_000, map_rows: 10 };
}

/// Everything that is measured on, made before the clock runs.
pub(in crate::cli::bench) struct Workload {
    pub(in crate::cli::bench) network: Arc<ServedNetwork>,
    pub(in crate::cli::bench) prefixes: Vec<(IpNet, Pid)>,
    pub(in crate::cli::bench) plain: Plain,
    /// `cost[from][to]`; a pair without cost has the largest number.
    pub(in crate::cli::bench) costs: Vec<Vec<f64>>,
    pub(in crate::cli::bench) ipv4: Vec<IpAddr>,
    pub(in crate::cli::bench) ipv6: Vec<IpAddr>,
    pub(in crate::cli::bench) size: Size,
    table: String,
    seed: u64,
}

/// What the workload is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli::bench) struct Facts {
    pub(in crate::cli::bench) table: String,
    pub(in crate::cli::bench) ipv4_prefixes: usize,
    pub(in crate::cli::bench) ipv6_prefixes: usize,
    pub(in crate::cli::bench) pids: usize,
    /// Equal where prefixes, PIDs, costs and addresses are.
    pub(in crate::cli::bench) checksum: String,
}

impl Workload {
    /// As many prefixes of each length as the Internet has.
    pub(in crate::cli::bench) fn synthetic(size: Size, seed: u64) -> anyhow::Result<Self> {
        Self::of_list("synthetic table", synthetic_prefixes(size.part, seed), size, seed)
    }

    /// The prefixes of lists.
    pub(in crate::cli::bench) fn of_prefixes(
        paths: &[PathBuf],
        size: Size,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let prefixes = read_lists(paths)?;
        Self::of_list("list of prefixes", prefixes, size, seed)
    }

    /// The first network that settings name.
    pub(in crate::cli::bench) fn of_network(
        inputs: &Inputs,
        size: Size,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let version = Version::load(&Settings::load(inputs)?, &Bar::default())?;
        let network = version.networks().first().context("there is no network")?;
        let matrix = network.snapshot().matrix(METRIC).context("the network has no routingcost")?;
        let pids = 0..network.snapshot().pids().len() as u32;
        let cost = |ordinal: Option<u32>| {
            ordinal.map_or(f64::MAX, |ordinal| matrix.table().cost(ordinal).value())
        };
        let row = |from| matrix.row(Pid::new(from)).iter().map(cost).collect();
        let costs = pids.map(row).collect();
        Self::of("operator's network", Arc::clone(network), costs, size, seed)
    }

    fn of_list(table: &str, prefixes: Vec<IpNet>, size: Size, seed: u64) -> anyhow::Result<Self> {
        let mut dice = Dice::new(seed.wrapping_add(1));
        let prefixes = spread(prefixes, size.pids, &mut dice);
        let costs = cost_rows(size.pids, &mut dice);
        let parts = Parts { pids: pid_names(size.pids), prefixes, matrices: vec![matrix(&costs)?] };
        let network = topology::Network::of_snapshot(Snapshot::build(parts)?);
        let network = Arc::new(ServedNetwork::new(String::new(), network));
        Self::of(table, network, costs, size, seed)
    }

    fn of(
        table: &str,
        network: Arc<ServedNetwork>,
        costs: Vec<Vec<f64>>,
        size: Size,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let prefixes: Vec<(IpNet, Pid)> = network.snapshot().prefixes().iter().collect();
        let (v4, v6): (Vec<IpNet>, Vec<IpNet>) =
            prefixes.iter().map(|(prefix, _)| *prefix).partition(|prefix| prefix.addr().is_ipv4());
        let mut dice = Dice::new(seed.wrapping_add(2));
        let mut addresses = |nets: &[IpNet]| -> Vec<IpAddr> {
            let count = if nets.is_empty() { 0 } else { size.addresses };
            (0..count).map(|_| drawn(nets[dice.below(nets.len())], &mut dice)).collect()
        };
        let (ipv4, ipv6) = (addresses(&v4), addresses(&v6));
        let (plain, table) = (Plain::new(&prefixes), table.to_owned());
        Ok(Self { network, prefixes, plain, costs, ipv4, ipv6, size, table, seed })
    }

    /// Requests for this many candidates each.
    pub(in crate::cli::bench) fn requests(&self, candidates: usize) -> Vec<Request> {
        let mut dice = Dice::new(self.seed.wrapping_add(3));
        let count = (self.size.candidates / candidates).max(1);
        requests(&self.prefixes, self.costs.len(), candidates, count, &mut dice)
    }

    /// What it is.
    pub(in crate::cli::bench) fn facts(&self) -> Facts {
        let mut checksum = Checksum::default();
        checksum.prefixes(&self.prefixes);
        checksum.addresses(&self.ipv4);
        checksum.addresses(&self.ipv6);
        self.costs.iter().flatten().for_each(|cost| checksum.number(cost.to_bits()));
        let is_v4 = |(prefix, _): &&(IpNet, Pid)| prefix.addr().is_ipv4();
        let ipv4_prefixes = self.prefixes.iter().filter(is_v4).count();
        Facts {
            table: self.table.clone(),
            ipv4_prefixes,
            ipv6_prefixes: self.prefixes.len() - ipv4_prefixes,
            pids: self.costs.len(),
            checksum: checksum.finish(),
        }
    }
}

fn matrix(rows: &[Vec<f64>]) -> anyhow::Result<CostMatrix> {
    let mut builder = MatrixBuilder::new(METRIC, rows.len());
    for row in rows {
        builder.push_row(row.iter().map(|cost| Cost::new(*cost).ok()))?;
    }
    Ok(builder.finish()?)
}

/// The prefixes of all lists, ascending, each once.
pub(in crate::cli::bench) fn read_lists(paths: &[PathBuf]) -> anyhow::Result<Vec<IpNet>> {
    let mut prefixes = Vec::new();
    for path in paths {
        read_list(path, &mut prefixes)?;
    }
    prefixes.sort_unstable();
    prefixes.dedup();
    if prefixes.is_empty() {
        bail!("there is no prefix in the lists");
    }
    Ok(prefixes)
}

/// Adds the prefixes of a list, host bits cut off; empty lines and those that begin with `#` are
/// passed over.
fn read_list(path: &Path, prefixes: &mut Vec<IpNet>) -> anyhow::Result<()> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| shown.to_string())?;
    let mut text = String::new();
    let mut reader: Box<dyn Read> = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(flate2::read::MultiGzDecoder::new(bytes.as_slice())),
        false => Box::new(bytes.as_slice()),
    };
    reader
        .by_ref()
        .take(LIST_BYTES_MAX)
        .read_to_string(&mut text)
        .with_context(|| format!("{shown} is neither text nor gzip"))?;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let prefix: IpNet = line
            .parse()
            .with_context(|| format!("{shown}:{number}: {line:?} is no prefix ADDRESS/LENGTH"))?;
        prefixes.push(prefix.trunc());
    }
    Ok(())
}
