//! A table of Internet size.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::name::PidName;
use crate::pid::Pid;
use crate::workload::dice::Dice;

/// Length, and how many IPv4 prefixes of the Internet have it: the full table that the test data of
/// github.com/gaissmai/bart hold (commit c4b30e2e), 901,899 prefixes.
const V4_LENGTHS: [(u8, usize); 25] = [
    (8, 16),
    (9, 13),
    (10, 38),
    (11, 103),
    (12, 299),
    (13, 581),
    (14, 1_203),
    (15, 2_100),
    (16, 13_490),
    (17, 8_235),
    (18, 13_798),
    (19, 24_870),
    (20, 42_611),
    (21, 50_750),
    (22, 108_623),
    (23, 96_510),
    (24, 537_698),
    (25, 20),
    (26, 3),
    (27, 11),
    (28, 18),
    (29, 17),
    (30, 3),
    (31, 3),
    (32, 886),
];
/// The same for IPv6, 160,147 prefixes.
const V6_LENGTHS: [(u8, usize); 46] = [
    (16, 1),
    (19, 1),
    (20, 16),
    (21, 3),
    (22, 7),
    (23, 8),
    (24, 30),
    (25, 8),
    (26, 15),
    (27, 20),
    (28, 193),
    (29, 4_371),
    (30, 650),
    (31, 284),
    (32, 22_548),
    (33, 2_926),
    (34, 2_603),
    (35, 1_043),
    (36, 5_996),
    (37, 880),
    (38, 1_617),
    (39, 1_377),
    (40, 13_418),
    (41, 903),
    (42, 2_301),
    (43, 1_001),
    (44, 14_365),
    (45, 1_553),
    (46, 3_039),
    (47, 3_153),
    (48, 75_488),
    (49, 11),
    (50, 3),
    (52, 1),
    (55, 1),
    (56, 24),
    (58, 20),
    (60, 2),
    (64, 184),
    (112, 2),
    (122, 1),
    (124, 4),
    (125, 9),
    (126, 19),
    (127, 42),
    (128, 6),
];
/// How many /32s the IPv6 prefixes of that table lie in.
const V6_BLOCKS: usize = 34_327;

/// Prefixes, ascending, each once: as many of each length as the Internet has, one of `part`
/// (1: all), and at least one.
pub fn synthetic_prefixes(part: usize, seed: u64) -> Vec<IpNet> {
    let mut dice = Dice::new(seed);
    let mut all = BTreeSet::new();
    let fewer = |count: usize| count.div_ceil(part.max(1));
    for (length, count) in V4_LENGTHS {
        add(&mut all, fewer(count), || {
            let address = Ipv4Addr::from(dice.roll() as u32);
            Ipv4Net::new(address, length).ok().map(|net| net.trunc().into())
        });
    }
    // In 2000::/3.
    let blocks: Vec<u128> =
        (0..fewer(V6_BLOCKS)).map(|_| 1 << 125 | dice.roll_wide() >> 3).collect();
    let low = u128::MAX >> 32;
    for (length, count) in V6_LENGTHS {
        add(&mut all, fewer(count), || {
            let block = blocks[dice.below(blocks.len())];
            let address = Ipv6Addr::from(block & !low | dice.roll_wide() & low);
            Ipv6Net::new(address, length).ok().map(|net| net.trunc().into())
        });
    }
    all.into_iter().collect()
}

/// Adds `count` new prefixes; gives up where dice show twice as many old ones as new.
fn add(all: &mut BTreeSet<IpNet>, count: usize, mut roll: impl FnMut() -> Option<IpNet>) {
    let end = all.len() + count;
    for _ in 0..3 * count + 100 {
        if all.len() == end {
            return;
        }
        all.extend(roll());
    }
}

/// A random PID for each prefix: the hardest case, since no two neighbours melt into one interval.
pub fn spread(prefixes: Vec<IpNet>, pids: usize, dice: &mut Dice) -> Vec<(IpNet, Pid)> {
    let pid = |prefix| (prefix, Pid::new(dice.below(pids) as u32));
    prefixes.into_iter().map(pid).collect()
}

/// Names for PIDs, ascending.
pub fn pid_names(pids: usize) -> Vec<PidName> {
    (0..pids).filter_map(|number| PidName::parse(&format!("pid-{number:07}")).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_the_internet_has_its_lengths() {
        let prefixes = synthetic_prefixes(100, 1);
        let of_length = |v4: bool, length| {
            let same = |net: &&IpNet| net.addr().is_ipv4() == v4 && net.prefix_len() == length;
            prefixes.iter().filter(same).count()
        };
        assert_eq!([of_length(true, 24), of_length(true, 8)], [5_377, 1]);
        assert_eq!([of_length(false, 48), of_length(false, 32)], [755, 226]);
        assert_eq!(prefixes, synthetic_prefixes(100, 1));
        assert!(prefixes.iter().all(|prefix| prefix.trunc() == *prefix));
    }

    #[test]
    fn the_lengths_add_up_to_the_table() {
        assert_eq!(V4_LENGTHS.iter().map(|(_, count)| count).sum::<usize>(), 901_899);
        assert_eq!(V6_LENGTHS.iter().map(|(_, count)| count).sum::<usize>(), 160_147);
    }
}
