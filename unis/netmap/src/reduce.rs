//! Fewer prefixes with the same longest match for every address.
//!
//! Merging two halves of one PID, or dropping a prefix inside a larger one of the same PID, is
//! wrong where a prefix of another PID lies in between (RFC 7971 §3.7). So the prefixes are not
//! looked at one by one: the address space is cut into the intervals that they make, and the
//! smallest set of prefixes that makes the same intervals is chosen from below. This is ORTC
//! (R. Draves, C. King, S. Venkatachary, B. Zill, "Constructing optimal IP routing tables",
//! INFOCOM 1999) with two bounds: `0.0.0.0/0` and `::/0` stay what they are (RFC 7285 §11.2.2),
//! and no prefix spans addresses that were in none, or in the PID of these two alone.
//!
//! ```text
//!   10.0.0.0/8 A ─┬─ 10.0.0.0/10 B             10.0.0.0/8   B
//!                 ├─ 10.64.0.0/10 B     ──►    10.192.0.0/10 A
//!                 └─ 10.128.0.0/10 B
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::lookup::interval::{NO_PID, Span, cut};
use crate::pid::Pid;

/// No PID at all, nor the lack of one: matches no interval.
const NOTHING: u32 = u32::MAX;

/// The smallest set of prefixes under which every address has the PID that it has under
/// `prefixes`; ascending. Never more than there were.
///
/// `prefixes`: without host bits, each once, in any order. `0.0.0.0/0` and `::/0` stay where
/// they are, and are not added where they are not. Of several smallest sets it is always the
/// same one that is chosen.
pub fn reduce(mut prefixes: Vec<(IpNet, Pid)>) -> Vec<(IpNet, Pid)> {
    prefixes.sort_unstable();
    let v6_from = prefixes.partition_point(|(prefix, _)| matches!(prefix, IpNet::V4(_)));
    let (v4, v6) = prefixes.split_at(v6_from);
    let mut reduced = Family::V4.reduce(v4);
    reduced.extend(Family::V6.reduce(v6));
    reduced
}

/// An address family; addresses are numbers of its width.
#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn width(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    fn reduce(self, ascending: &[(IpNet, Pid)]) -> Vec<(IpNet, Pid)> {
        if ascending.is_empty() {
            return Vec::new();
        }
        let root = ascending.iter().find(|(prefix, _)| prefix.prefix_len() == 0);
        let root = root.map(|(_, pid)| pid.raw());
        let gaps = match root {
            None => NO_PID,
            Some(pid) if ascending.iter().filter(|(_, other)| other.raw() == pid).count() > 1 => {
                NOTHING
            }
            Some(pid) => pid,
        };
        let mut tree = Tree { nodes: Vec::new(), choices: Vec::new(), gaps };
        let node = tree.fork(0, self.width(), &self.intervals(ascending));
        let mut chosen = Vec::new();
        if let Some(pid) = root {
            chosen.push((0, 0, pid));
        }
        tree.choose_below(node, (0, 0), self.width(), root.unwrap_or(NO_PID), &mut chosen);
        let prefixes = chosen.into_iter();
        let mut prefixes: Vec<_> = prefixes
            .filter_map(|(first, length, pid)| Some((self.prefix(first, length)?, Pid::new(pid))))
            .collect();
        prefixes.sort_unstable();
        prefixes
    }

    /// Last address and PID of each interval, ascending, to the end of the space.
    fn intervals(self, ascending: &[(IpNet, Pid)]) -> Vec<(u128, u32)> {
        let pairs = ascending.iter();
        match self {
            Self::V4 => {
                let spans = pairs.filter_map(|(prefix, pid)| match prefix {
                    IpNet::V4(net) => Some(Span {
                        first: u32::from(net.network()),
                        last: u32::from(net.broadcast()),
                        pid: pid.raw(),
                    }),
                    IpNet::V6(_) => None,
                });
                cut(spans).into_iter().map(|at| (u128::from(at.last), at.pid)).collect()
            }
            Self::V6 => {
                let spans = pairs.filter_map(|(prefix, pid)| match prefix {
                    IpNet::V4(_) => None,
                    IpNet::V6(net) => Some(Span {
                        first: u128::from(net.network()),
                        last: u128::from(net.broadcast()),
                        pid: pid.raw(),
                    }),
                });
                cut(spans).into_iter().map(|at| (at.last, at.pid)).collect()
            }
        }
    }

    /// `None` for what is no prefix of the family, which no node of its tree is.
    fn prefix(self, first: u128, length: u8) -> Option<IpNet> {
        match self {
            Self::V4 => {
                let address = Ipv4Addr::from(u32::try_from(first).ok()?);
                Ipv4Net::new(address, length).ok().map(IpNet::V4)
            }
            Self::V6 => Ipv6Net::new(Ipv6Addr::from(first), length).ok().map(IpNet::V6),
        }
    }
}

/// The halves of the address space, cut down to intervals; a node comes after what is below it.
struct Tree {
    nodes: Vec<Node>,
    /// The PIDs of all nodes' choices, ascending for each.
    choices: Vec<u32>,
    /// What may not lie below a prefix of another PID.
    gaps: u32,
}

/// One block of addresses.
struct Node {
    /// Lower and upper half; `None` where all of it has one PID.
    halves: Option<(u32, u32)>,
    /// The PIDs with which a prefix for it leaves the fewest prefixes below.
    first_choice: usize,
    choice_count: usize,
}

impl Tree {
    /// A node for `1 << bits` addresses from `first`; `intervals` are those that meet it.
    fn grow(&mut self, first: u128, bits: u8, intervals: &[(u128, u32)]) -> u32 {
        match intervals {
            [(_, pid)] => self.push(None, &[*pid]),
            _ => self.fork(first, bits, intervals),
        }
    }

    /// A node of two halves.
    fn fork(&mut self, first: u128, bits: u8, intervals: &[(u128, u32)]) -> u32 {
        let half = 1 << (bits - 1);
        let last_low = first + (half - 1);
        let at = intervals.partition_point(|(last, _)| *last < last_low);
        let low = self.grow(first, bits - 1, &intervals[..=at]);
        // The interval at the end of the lower half may reach into the upper one.
        let upper_from = at + usize::from(intervals[at].0 == last_low);
        let high = self.grow(first + half, bits - 1, &intervals[upper_from..]);
        let choices = self.meet(low, high);
        self.push(Some((low, high)), &choices)
    }

    fn push(&mut self, halves: Option<(u32, u32)>, choices: &[u32]) -> u32 {
        let (first_choice, choice_count) = (self.choices.len(), choices.len());
        self.choices.extend_from_slice(choices);
        self.nodes.push(Node { halves, first_choice, choice_count });
        self.nodes.len() as u32 - 1
    }

    fn choices(&self, node: u32) -> &[u32] {
        let Node { first_choice, choice_count, .. } = self.nodes[node as usize];
        &self.choices[first_choice..first_choice + choice_count]
    }

    /// What both halves would take; else what one of them would.
    fn meet(&self, low: u32, high: u32) -> Vec<u32> {
        let (low, high) = (self.choices(low), self.choices(high));
        let gaps = [self.gaps];
        if low == gaps || high == gaps {
            return gaps.to_vec();
        }
        let shared = low.iter().filter(|pid| high.binary_search(pid).is_ok()).copied();
        let shared: Vec<u32> = shared.collect();
        if !shared.is_empty() {
            return shared;
        }
        let mut all = [low, high].concat();
        all.sort_unstable();
        all
    }

    /// Takes a prefix for each node below `node` that would not get what it wants from above.
    fn choose_below(
        &self,
        node: u32,
        (first, length): (u128, u8),
        width: u8,
        inherited: u32,
        chosen: &mut Vec<(u128, u8, u32)>,
    ) {
        let Some((low, high)) = self.nodes[node as usize].halves else { return };
        let half = 1 << (width - length - 1);
        for (node, first) in [(low, first), (high, first + half)] {
            let choices = self.choices(node);
            let pid = match choices.binary_search(&inherited) {
                Ok(_) => inherited,
                Err(_) => choices[0],
            };
            if pid != inherited {
                chosen.push((first, length + 1, pid));
            }
            self.choose_below(node, (first, length + 1), width, pid, chosen);
        }
    }
}
