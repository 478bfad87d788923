//! The authoritative table: which prefix belongs to which PID (RFC 7285 §11.2.1.6), searched
//! by a tree bitmap.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use treebitmap::IpLookupTable;

use crate::pid::Pid;

/// All prefixes of a snapshot, each of exactly one PID.
pub struct PrefixTable {
    /// Ascending: IPv4 first, then by address, then by length.
    ascending: Vec<(IpNet, Pid)>,
    /// The same prefixes, grouped by PID.
    grouped: Vec<IpNet>,
    /// Where the group of each PID ends in `grouped`.
    group_ends: Vec<u32>,
    v4: IpLookupTable<Ipv4Addr, Pid>,
    v6: IpLookupTable<Ipv6Addr, Pid>,
}

impl PrefixTable {
    /// Takes prefixes that are known to ascend strictly, without host bits, of PIDs below
    /// `pid_count`. The tree bitmap panics on some host bits and hides others.
    pub(crate) fn from_ascending(ascending: Vec<(IpNet, Pid)>, pid_count: usize) -> Self {
        let (mut v4, mut v6) = (IpLookupTable::new(), IpLookupTable::new());
        for (prefix, pid) in &ascending {
            let length = u32::from(prefix.prefix_len());
            match prefix.addr() {
                IpAddr::V4(address) => v4.insert(address, length, *pid),
                IpAddr::V6(address) => v6.insert(address, length, *pid),
            };
        }
        let (grouped, group_ends) = group(&ascending, pid_count);
        Self { ascending, grouped, group_ends, v4, v6 }
    }

    /// How many prefixes there are.
    pub fn len(&self) -> usize {
        self.ascending.len()
    }

    /// Whether there is no prefix.
    pub fn is_empty(&self) -> bool {
        self.ascending.is_empty()
    }

    /// The prefixes of a PID: IPv4 first, ascending.
    ///
    /// # Panics
    /// Where the PID is not of this snapshot and its index is beyond its PIDs.
    pub fn of(&self, pid: Pid) -> &[IpNet] {
        let at = pid.index();
        let start = if at == 0 { 0 } else { self.group_ends[at - 1] };
        &self.grouped[start as usize..self.group_ends[at] as usize]
    }

    /// Every prefix with its PID, ascending: IPv4 first, then by address, then by length.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (IpNet, Pid)> {
        self.ascending.iter().copied()
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let lists = size_of_val(&*self.ascending)
            + size_of_val(&*self.grouped)
            + size_of_val(&*self.group_ends);
        let trees = [self.v4.mem_usage(), self.v6.mem_usage()];
        lists + trees.iter().map(|(nodes, results)| nodes + results).sum::<usize>()
    }

    /// The longest prefix that holds the address, and its PID; `::ffff:a.b.c.d` is `a.b.c.d`.
    pub fn matching(&self, address: IpAddr) -> Option<(IpNet, Pid)> {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let (network, length, pid) = self.v4.longest_match(address)?;
                Some((Ipv4Net::new(network, length as u8).ok()?.into(), *pid))
            }
            IpAddr::V6(address) => {
                let (network, length, pid) = self.v6.longest_match(address)?;
                Some((Ipv6Net::new(network, length as u8).ok()?.into(), *pid))
            }
        }
    }
}

/// Prefixes by PID, each group ascending, and where each group ends.
fn group(ascending: &[(IpNet, Pid)], pid_count: usize) -> (Vec<IpNet>, Vec<u32>) {
    let mut by_pid = ascending.to_vec();
    by_pid.sort_by_key(|(_, pid)| *pid);
    let mut ends = vec![0_u32; pid_count];
    by_pid.iter().for_each(|(_, pid)| ends[pid.index()] += 1);
    let mut end = 0;
    for count in &mut ends {
        end += *count;
        *count = end;
    }
    (by_pid.into_iter().map(|(prefix, _)| prefix).collect(), ends)
}
