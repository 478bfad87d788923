//! The plain way, as somebody would write it who does not measure: a tree bitmap for each family,
//! a row of floating-point costs, a sort.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use treebitmap::IpLookupTable;

use crate::pid::Pid;

/// Prefixes in tree bitmaps, one for each family.
pub struct Plain {
    v4: IpLookupTable<Ipv4Addr, Pid>,
    v6: IpLookupTable<Ipv6Addr, Pid>,
}

impl Plain {
    /// Takes prefixes without host bits.
    pub fn new(prefixes: &[(IpNet, Pid)]) -> Self {
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

    /// The PID of one address, by its longest prefix.
    pub fn pid_of(&self, address: IpAddr) -> Option<Pid> {
        match address {
            IpAddr::V4(address) => self.v4.longest_match(address).map(|(_, _, pid)| *pid),
            IpAddr::V6(address) => self.v6.longest_match(address).map(|(_, _, pid)| *pid),
        }
    }
}

/// Looks each candidate up, fetches its cost from the source's row, sorts: cost and place, best
/// first.
///
/// # Panics
/// Where a PID is beyond the row.
pub fn plain_rank(plain: &Plain, row: &[f64], candidates: &[IpAddr]) -> Vec<(f64, usize)> {
    let cost = |address: &IpAddr| plain.pid_of(*address).map_or(f64::MAX, |pid| row[pid.index()]);
    let mut ranked: Vec<_> = candidates.iter().map(cost).zip(0..).collect();
    ranked.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    ranked
}
