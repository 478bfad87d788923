//! What a swarm cost: bytes from place to place, times the ISP's routing cost between them.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use system_tests::curl;
use system_tests::unis::Unis;

use crate::swarm::{FIRST_HOST, PLACES};

const COUNT: usize = PLACES.len();

/// The cost from each place to each.
pub(crate) type Costs = [[f64; COUNT]; COUNT];

/// What a peer took, MiB.
pub(crate) struct Took {
    /// Where the peer is, as in [`PLACES`].
    place: usize,
    from: [f64; COUNT],
    /// By rank in the provider's list, as the peer itself counts; without a rank last.
    by_rank: BTreeMap<u64, f64>,
}

impl Took {
    /// Reads it off what `peer get --json` told.
    pub(crate) fn read(place: usize, transfer: &Value, places: &HashMap<&str, usize>) -> Self {
        let mib = |value: &Value| value.as_f64().unwrap_or_default() / f64::from(1 << 20);
        let list = |name: &str| transfer[name].as_array().into_iter().flatten();
        let mut from = [0.0; COUNT];
        for neighbour in list("neighbours") {
            let source = neighbour["peer-id"].as_str().and_then(|id| places.get(id));
            if let Some(source) = source {
                from[*source] += mib(&neighbour["downloaded"]);
            }
        }
        let rank = |share: &Value| share["rank"].as_u64().unwrap_or(u64::MAX);
        let by_rank = list("by-rank").map(|share| (rank(share), mib(&share["bytes"]))).collect();
        Self { place, from, by_rank }
    }
}

/// Asks the ISP with curl, for an address in each place.
///
/// # Errors
/// It does not answer, or not for all.
pub(crate) fn costs(unis: &Unis) -> anyhow::Result<Costs> {
    let ends = PLACES.map(|(_, _, network)| {
        [FIRST_HOST, FIRST_HOST + 1].map(|host| format!("ipv4:{network}{host}"))
    });
    let query = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "endpoints": {
            "srcs": ends.iter().map(|[one, _]| one).collect::<Vec<_>>(),
            "dsts": ends.iter().map(|[_, other]| other).collect::<Vec<_>>(),
        },
    });
    let mut command = curl::with_certificate(unis);
    command
        .args(["--header", "Content-Type: application/alto-endpointcostparams+json", "--data"])
        .arg(query.to_string())
        .arg(unis.at("endpoint-cost"));
    let answer = curl::run(&mut command).map_err(|error| anyhow!(error))?.json();
    let mut costs = Costs::default();
    for (row, [from, _]) in costs.iter_mut().zip(&ends) {
        for (cost, [_, to]) in row.iter_mut().zip(&ends) {
            let told = &answer["endpoint-cost-map"][from][to];
            *cost = told.as_f64().with_context(|| format!("no cost from {from} to {to}"))?;
        }
    }
    Ok(costs)
}

/// Prints the table, and what it comes to.
pub(crate) fn print(took: &[Took], costs: &Costs) {
    let names = PLACES.map(|(name, ..)| format!("{name:>12}")).concat();
    println!("  MiB taken x the ISP's routing cost, to each place from each:\n");
    println!("  to  from  {names}     cost unranked");
    let (mut cost, mut unranked, mut own) = (0.0, 0.0, 0.0);
    for (place, (name, ..)) in PLACES.iter().enumerate() {
        let mut from = [0.0; COUNT];
        for one in took.iter().filter(|one| one.place == place) {
            from.iter_mut().zip(one.from).for_each(|(sum, more)| *sum += more);
        }
        let cells = from.iter().zip(costs[place]);
        let row: f64 = cells.clone().map(|(mib, cost)| mib * cost).sum();
        let row_unranked = from.iter().sum::<f64>() * any_other(place, costs);
        (cost, unranked, own) = (cost + row, unranked + row_unranked, own + from[place]);
        let cells: String = cells.map(|(mib, cost)| format!(" {mib:>4.1} x {cost:>4.0}")).collect();
        println!("  {name:<10}{cells}{row:>9.0}{row_unranked:>9.0}");
    }
    println!("  {:<58}{cost:>9.0}{unranked:>9.0}\n", "together");
    let known: f64 = took.iter().flat_map(|one| one.from).sum();
    println!(
        "  {:.0} % of the bytes stayed in their PID. By rank in the lists of those who",
        part(own, known)
    );
    println!("  took: {}.", by_rank(took));
    println!("  Costs are those from the asking PID to the giving one; curl got them just now.");
    println!("  Unranked is computed, not run: each byte from any of the other peers, all alike.");
    println!("  The ranked swarm cost {:.0} % less than that.", 100.0 - part(cost, unranked));
    let unknown = took.iter().flat_map(|one| one.by_rank.values()).sum::<f64>() - known;
    if unknown > 0.1 {
        println!("  Not in the table: {unknown:.1} MiB from peers whose link had ended before.");
    }
}

/// Percent.
fn part(one: f64, all: f64) -> f64 {
    one * 100.0 / all.max(f64::MIN_POSITIVE)
}

/// What came from how far, as the peers themselves count.
fn by_rank(took: &[Took]) -> String {
    let mut sums = BTreeMap::new();
    for (rank, mib) in took.iter().flat_map(|one| &one.by_rank) {
        *sums.entry(rank).or_insert(0.0) += mib;
    }
    let parts = sums.iter().map(|(rank, mib)| match **rank {
        u64::MAX => format!("not listed {mib:.1}"),
        rank => format!("rank {rank} {mib:.1} MiB"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// The mean cost from a peer at `place` to the other peers.
fn any_other(place: usize, costs: &Costs) -> f64 {
    let peers = PLACES.map(|(_, peers, _)| f64::from(peers));
    let others: f64 = peers.iter().sum::<f64>() - 1.0;
    let all: f64 = peers.iter().zip(costs[place]).map(|(peers, cost)| peers * cost).sum();
    (all - costs[place][place]) / others
}
