//! Addresses, costs and requests to measure with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::cost::Cost;
use crate::pid::Pid;
use crate::workload::dice::Dice;

/// Candidates of ten that are IPv6.
const V6_OF_TEN: usize = 3;
/// Costs are thousandths below this, so there are some 40,000 distinct ones.
const COST_BOUND: usize = 40_000;

/// A source and its candidates.
pub type Request = (Pid, Vec<IpAddr>);

/// An address drawn from a prefix.
pub fn drawn(prefix: IpNet, dice: &mut Dice) -> IpAddr {
    match prefix {
        IpNet::V4(net) => {
            let host = dice.roll() as u32 & u32::from(net.hostmask());
            Ipv4Addr::from(u32::from(net.network()) | host).into()
        }
        IpNet::V6(net) => {
            let host = dice.roll_wide() & u128::from(net.hostmask());
            Ipv6Addr::from(u128::from(net.network()) | host).into()
        }
    }
}

/// Requests from random sources, with candidates drawn from the prefixes, 30 % of them IPv6 where
/// both families are there. None without prefixes or PIDs.
pub fn requests(
    prefixes: &[(IpNet, Pid)],
    pids: usize,
    candidates: usize,
    count: usize,
    dice: &mut Dice,
) -> Vec<Request> {
    let (v4, v6): (Vec<IpNet>, Vec<IpNet>) =
        prefixes.iter().map(|(prefix, _)| *prefix).partition(|prefix| prefix.addr().is_ipv4());
    if prefixes.is_empty() || pids == 0 {
        return Vec::new();
    }
    let candidate = |dice: &mut Dice| {
        let wants_v6 = dice.below(10) < V6_OF_TEN;
        let nets = if (wants_v6 || v4.is_empty()) && !v6.is_empty() { &v6 } else { &v4 };
        drawn(nets[dice.below(nets.len())], dice)
    };
    let request = |_| {
        let source = Pid::new(dice.below(pids) as u32);
        (source, (0..candidates).map(|_| candidate(dice)).collect())
    };
    (0..count).map(request).collect()
}

/// `cost[from][to]`, random.
pub fn cost_rows(pids: usize, dice: &mut Dice) -> Vec<Vec<f64>> {
    let mut cost = |_| Cost::from_thousandths(dice.below(COST_BOUND) as u64).value();
    (0..pids).map(|_| (0..pids).map(&mut cost).collect()).collect()
}
