//! Queries over the German network: addresses drawn from its prefixes, the same ones in each run.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use system_tests::data::project;

/// Where the dice start.
const SEED: u64 = 680;

/// `count` queries for the costs from one address to `candidates` others, all different.
pub(crate) fn queries(candidates: usize, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
    let prefixes = prefixes()?;
    let mut dice = Dice(SEED);
    Ok((0..count)
        .map(|_| {
            let source = typed(dice.address(&prefixes));
            let mut seen = BTreeSet::new();
            let mut others = Vec::with_capacity(candidates);
            while others.len() < candidates {
                let address = dice.address(&prefixes);
                if seen.insert(address) {
                    others.push(typed(address));
                }
            }
            let query = json!({
                "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
                "endpoints": {"srcs": [source], "dsts": others},
            });
            query.to_string().into_bytes()
        })
        .collect())
}

/// How many costs an answer of the endpoint cost service holds.
pub(crate) fn costs_in(answer: &[u8]) -> anyhow::Result<usize> {
    let answer: Value = serde_json::from_slice(answer)?;
    let map = answer["endpoint-cost-map"].as_object().context("no endpoint-cost-map")?;
    Ok(map.values().filter_map(Value::as_object).map(serde_json::Map::len).sum())
}

fn typed(address: Ipv4Addr) -> String {
    format!("ipv4:{address}")
}

/// The IPv4 prefixes: first address and length.
fn prefixes() -> anyhow::Result<Vec<(u32, u32)>> {
    let path = project("topology/fixtures/germany50/prefixes.csv");
    let text = std::fs::read_to_string(path)?;
    let prefix = |line: &str| {
        let (base, length) = line.split(',').next()?.split_once('/')?;
        Some((base.parse::<Ipv4Addr>().ok()?.to_bits(), length.parse().ok()?))
    };
    let prefixes: Vec<_> = text.lines().filter_map(prefix).collect();
    ensure!(!prefixes.is_empty(), "no IPv4 prefix in prefixes.csv");
    Ok(prefixes)
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn address(&mut self, prefixes: &[(u32, u32)]) -> Ipv4Addr {
        let (base, length) = prefixes[(self.roll() % prefixes.len() as u64) as usize];
        let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
        Ipv4Addr::from_bits(base | (self.roll() as u32 & hosts))
    }
}
