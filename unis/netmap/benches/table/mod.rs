//! The table of the benches: the real one of the Internet where there is one, else a synthetic one
//! with the same lengths.
//!
//! Where the environment variable `MP2P_DATA` names a folder with `prefixes/ipv4.txt.gz` and
//! `prefixes/ipv6.txt.gz` (a prefix a line), those are taken.
#![allow(clippy::unwrap_used, reason = "a bench stops where its data is wrong")]

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;
use netmap::workload::{Dice, spread, synthetic_prefixes};
use netmap::{IpNet, Pid};

/// How many PIDs the benches have.
pub(crate) const PIDS: usize = 5_000;

/// All prefixes, each with a PID.
pub(crate) fn prefixes() -> Vec<(IpNet, Pid)> {
    let prefixes = match env::var_os("MP2P_DATA") {
        Some(folder) => ["ipv4", "ipv6"].map(|family| real(Path::new(&folder), family)).concat(),
        None => synthetic_prefixes(1, 2),
    };
    let v4 = prefixes.iter().filter(|prefix| prefix.addr().is_ipv4()).count();
    println!("{v4} IPv4 and {} IPv6 prefixes", prefixes.len() - v4);
    spread(prefixes, PIDS, &mut Dice::new(1))
}

fn real(folder: &Path, family: &str) -> Vec<IpNet> {
    let path = folder.join("prefixes").join(format!("{family}.txt.gz"));
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines.map(|line| line.unwrap().parse::<IpNet>().unwrap().trunc()).collect()
}
