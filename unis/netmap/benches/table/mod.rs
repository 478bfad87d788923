//! A table of Internet size for the benches: the real one where there is one, else a synthetic
//! one with the same lengths.
//!
//! Where the environment variable `MP2P_DATA` names a folder with `prefixes/ipv4.txt.gz` and
//! `prefixes/ipv6.txt.gz` (a prefix a line), those are taken. Each prefix gets a PID at random,
//! which is the hardest case: no two neighbours melt into one interval.
#![allow(clippy::unwrap_used, reason = "a bench stops where its data is wrong")]

use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use flate2::read::GzDecoder;
use netmap::{IpNet, Ipv4Net, Ipv6Net, Pid, PidName};
use treebitmap::IpLookupTable;

/// How many PIDs the benches have.
pub(crate) const PIDS: u32 = 5_000;

/// How many IPv4 prefixes of each length the Internet had, in thousands, from /8 to /24.
const V4_LENGTHS: [u32; 17] = [0, 0, 0, 0, 0, 1, 1, 2, 13, 8, 14, 25, 43, 51, 109, 96, 538];
/// The same for IPv6 from /28 to /48, in hundreds.
const V6_LENGTHS: [u32; 21] =
    [5, 44, 7, 3, 225, 29, 26, 10, 60, 9, 16, 14, 134, 9, 23, 10, 144, 15, 30, 31, 755];
/// How many /32s the synthetic IPv6 prefixes lie in.
const V6_BLOCKS: usize = 20_000;

/// SplitMix64: quick numbers, the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next 64 bits.
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    fn wide(&mut self) -> u128 {
        u128::from(self.roll()) << 64 | u128::from(self.roll())
    }
}

/// All names, ascending.
pub(crate) fn names() -> Vec<PidName> {
    (0..PIDS).map(|n| PidName::parse(&format!("pid-{n:05}")).unwrap()).collect()
}

/// All prefixes, each with a PID.
pub(crate) fn prefixes() -> Vec<(IpNet, Pid)> {
    let prefixes = match env::var_os("MP2P_DATA") {
        Some(folder) => ["ipv4", "ipv6"].map(|family| real(Path::new(&folder), family)).concat(),
        None => synthetic(),
    };
    let v4 = prefixes.iter().filter(|prefix| prefix.addr().is_ipv4()).count();
    println!("{v4} IPv4 and {} IPv6 prefixes", prefixes.len() - v4);
    let mut dice = Dice(1);
    prefixes
        .into_iter()
        .map(|prefix| (prefix, Pid::new(dice.below(PIDS as usize) as u32)))
        .collect()
}

fn real(folder: &Path, family: &str) -> Vec<IpNet> {
    let path = folder.join("prefixes").join(format!("{family}.txt.gz"));
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines.map(|line| line.unwrap().parse::<IpNet>().unwrap().trunc()).collect()
}

fn synthetic() -> Vec<IpNet> {
    let mut dice = Dice(2);
    let mut all = BTreeSet::new();
    for (length, thousands) in (8..).zip(V4_LENGTHS) {
        for _ in 0..thousands * 1_000 {
            let address = Ipv4Addr::from(dice.roll() as u32);
            all.insert(IpNet::from(Ipv4Net::new(address, length).unwrap().trunc()));
        }
    }
    let blocks: Vec<u128> = (0..V6_BLOCKS).map(|_| 1 << 125 | dice.wide() >> 3).collect();
    let low = u128::MAX >> 32;
    for (length, hundreds) in (28..).zip(V6_LENGTHS) {
        for _ in 0..hundreds * 100 {
            let address = blocks[dice.below(V6_BLOCKS)] & !low | dice.wide() & low;
            all.insert(IpNet::from(Ipv6Net::new(address.into(), length).unwrap().trunc()));
        }
    }
    all.into_iter().collect()
}

/// An address drawn from the table: a prefix at random, then a host in it.
pub(crate) fn drawn(prefix: IpNet, dice: &mut Dice) -> IpAddr {
    match prefix {
        IpNet::V4(net) => {
            let host = dice.roll() as u32 & u32::from(net.hostmask());
            Ipv4Addr::from(u32::from(net.network()) | host).into()
        }
        IpNet::V6(net) => {
            let host = dice.wide() & u128::from(net.hostmask());
            Ipv6Addr::from(u128::from(net.network()) | host).into()
        }
    }
}

/// The plain way: a tree bitmap for each family, one address after the other.
pub(crate) struct Plain {
    v4: IpLookupTable<Ipv4Addr, Pid>,
    v6: IpLookupTable<Ipv6Addr, Pid>,
}

impl Plain {
    /// The same table.
    pub(crate) fn new(prefixes: &[(IpNet, Pid)]) -> Self {
        let mut plain = Self { v4: IpLookupTable::new(), v6: IpLookupTable::new() };
        for (prefix, pid) in prefixes {
            let length = u32::from(prefix.prefix_len());
            match prefix.network() {
                IpAddr::V4(network) => plain.v4.insert(network, length, *pid),
                IpAddr::V6(network) => plain.v6.insert(network, length, *pid),
            };
        }
        plain
    }

    /// The PID of one address.
    pub(crate) fn pid_of(&self, address: IpAddr) -> Option<Pid> {
        match address {
            IpAddr::V4(address) => self.v4.longest_match(address).map(|(_, _, pid)| *pid),
            IpAddr::V6(address) => self.v6.longest_match(address).map(|(_, _, pid)| *pid),
        }
    }
}
