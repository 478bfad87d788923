//! Fewer prefixes, the same answer for every address.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use flate2::read::GzDecoder;
use netmap::{IpNet, Ipv4Net, Ipv6Net, Parts, Pid, PidName, Snapshot, reduce};
use proptest::prelude::*;

fn table(rows: &[(&str, u32)]) -> Vec<(IpNet, Pid)> {
    rows.iter().map(|(prefix, pid)| (prefix.parse().unwrap(), Pid::new(*pid))).collect()
}

#[test]
fn halves_of_one_pid_become_one_prefix() {
    let halves = table(&[("192.0.2.0/25", 1), ("192.0.2.128/25", 1), ("2001:db8::/33", 1)]);
    let whole = table(&[("192.0.2.0/24", 1), ("2001:db8::/33", 1)]);
    assert_eq!(reduce(halves), whole);
}

#[test]
fn a_prefix_between_two_of_another_pid_keeps_its_addresses() {
    // The trap of RFC 7971 §3.7: /62 and /64 are of one PID, the /63 between them of another.
    let rows = [("2001:db8::/62", 1), ("2001:db8::/63", 2), ("2001:db8::/64", 1)];
    let smallest = table(&[("2001:db8::/62", 1), ("2001:db8:0:1::/64", 2)]);
    assert_eq!(reduce(table(&rows)), smallest);
}

#[test]
fn the_larger_part_takes_the_shorter_prefix() {
    let rows = [("10.0.0.0/8", 1), ("10.0.0.0/10", 2), ("10.64.0.0/10", 2), ("10.128.0.0/10", 2)];
    assert_eq!(reduce(table(&rows)), table(&[("10.0.0.0/8", 2), ("10.192.0.0/10", 1)]));
}

#[test]
fn no_prefix_reaches_over_addresses_that_had_none() {
    let three = [("10.0.0.0/10", 1), ("10.64.0.0/10", 1), ("10.128.0.0/10", 1)];
    assert_eq!(reduce(table(&three)), table(&[("10.0.0.0/9", 1), ("10.128.0.0/10", 1)]));
    // Nor over those that only the whole address space has.
    let with_default = [&three[..], &[("0.0.0.0/0", 0), ("::/0", 0)]].concat();
    let reduced = [("0.0.0.0/0", 0), ("10.0.0.0/9", 1), ("10.128.0.0/10", 1), ("::/0", 0)];
    assert_eq!(reduce(table(&with_default)), table(&reduced));
}

#[test]
fn everything_stays_where_it_is_even_where_nothing_is_left_of_it() {
    let rows = [("0.0.0.0/0", 0), ("0.0.0.0/1", 1), ("128.0.0.0/1", 1)];
    assert_eq!(reduce(table(&rows)), table(&rows));
    assert_eq!(reduce(table(&rows[1..])), table(&rows[1..]));
    assert_eq!(reduce(Vec::new()), []);
}

#[test]
fn the_default_may_have_more_than_everything() {
    let rows = [("0.0.0.0/0", 0), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.1.0/24", 0)];
    assert_eq!(reduce(table(&rows)), table(&rows[..3]));
}

/// Prefixes near each other, so that they nest and touch; of few PIDs, so that they merge.
fn tables() -> impl Strategy<Value = Vec<(IpNet, Pid)>> {
    let v4 = (0u32..64, 24u8..=32, 0u32..4).prop_map(|(low, length, pid)| {
        let address = Ipv4Addr::from(0xc000_0200 | low << 2);
        (Ipv4Net::new(address, length).unwrap().trunc().into(), Pid::new(pid))
    });
    let v6 = (0u128..64, 120u8..=128, 0u32..4).prop_map(|(low, length, pid)| {
        let address = Ipv6Addr::from(0x2001_0db8 << 96 | low << 2);
        (Ipv6Net::new(address, length).unwrap().trunc().into(), Pid::new(pid))
    });
    let roots = prop::sample::subsequence(vec!["0.0.0.0/0", "::/0"], 0..=2);
    (prop::collection::vec(prop_oneof![v4, v6], 0..40), roots, 0u32..4).prop_map(
        |(mut prefixes, roots, pid): (Vec<(IpNet, Pid)>, _, _)| {
            prefixes.extend(roots.iter().map(|root| (root.parse().unwrap(), Pid::new(pid))));
            prefixes.sort_unstable();
            prefixes.dedup_by_key(|(prefix, _)| *prefix);
            prefixes
        },
    )
}

/// The longest prefix that holds an address, looked for one by one.
fn scan(prefixes: &[(IpNet, Pid)], address: IpAddr) -> Option<Pid> {
    let holding = prefixes.iter().filter(|(prefix, _)| prefix.contains(&address));
    holding.max_by_key(|(prefix, _)| prefix.prefix_len()).map(|(_, pid)| *pid)
}

/// Between two of these neighbours no prefix begins or ends.
fn edges(prefixes: &[(IpNet, Pid)]) -> BTreeSet<IpAddr> {
    let mut edges = BTreeSet::from([Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]);
    for (prefix, _) in prefixes {
        edges.insert(prefix.network());
        edges.extend(match prefix.broadcast() {
            IpAddr::V4(last) => {
                u32::from(last).checked_add(1).map(|next| IpAddr::V4(Ipv4Addr::from(next)))
            }
            IpAddr::V6(last) => {
                u128::from(last).checked_add(1).map(|next| IpAddr::V6(Ipv6Addr::from(next)))
            }
        });
    }
    edges
}

proptest! {
    #[test]
    fn every_address_keeps_its_pid(prefixes in tables()) {
        let reduced = reduce(prefixes.clone());
        for address in edges(&[&prefixes[..], &reduced].concat()) {
            prop_assert_eq!(scan(&prefixes, address), scan(&reduced, address), "{}", address);
        }
        prop_assert!(reduced.len() <= prefixes.len());
        prop_assert!(reduced.is_sorted_by(|one, two| one.0 < two.0));
        let roots = |rows: &[(IpNet, Pid)]| {
            rows.iter().filter(|(prefix, _)| prefix.prefix_len() == 0).copied().collect::<Vec<_>>()
        };
        prop_assert_eq!(roots(&prefixes), roots(&reduced));
    }

    #[test]
    fn what_is_reduced_cannot_be_reduced_again_and_order_does_not_matter(prefixes in tables()) {
        let reduced = reduce(prefixes.clone());
        prop_assert_eq!(&reduce(reduced.clone()), &reduced);
        prop_assert_eq!(reduce(prefixes.into_iter().rev().collect()), reduced);
    }
}

/// The Internet's prefixes, each of a PID that it shares with its neighbours now and then.
fn internet(folder: &Path) -> Vec<(IpNet, Pid)> {
    let mut all = Vec::new();
    for family in ["ipv4", "ipv6"] {
        let path = folder.join("prefixes").join(format!("{family}.txt.gz"));
        let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
        let prefixes = lines.map(|line| line.unwrap().parse::<IpNet>().unwrap().trunc());
        all.extend(prefixes);
    }
    all.sort_unstable();
    let mut mixed = 1u64;
    let mut pid = |change: bool| {
        mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(change));
        1 + (mixed >> 40) as u32 % 50
    };
    let mut rows = vec![("0.0.0.0/0".parse().unwrap(), Pid::new(0))];
    rows.push(("::/0".parse().unwrap(), Pid::new(0)));
    let mut last = 1;
    for (at, prefix) in all.into_iter().enumerate() {
        if at % 3 == 0 {
            last = pid(true);
        }
        rows.push((prefix, Pid::new(last)));
    }
    rows
}

#[test]
fn the_whole_internet_keeps_its_pids() {
    let Some(folder) = std::env::var_os("MP2P_DATA") else {
        eprintln!("MP2P_DATA is not set: the Internet's prefixes are not reduced");
        return;
    };
    let before = internet(Path::new(&folder));
    let after = reduce(before.clone());
    let snapshot = |prefixes: &[(IpNet, Pid)]| {
        let pids = (0..51).map(|pid| PidName::parse(&format!("pid-{pid:02}")).unwrap()).collect();
        Snapshot::build(Parts { pids, prefixes: prefixes.to_vec(), matrices: Vec::new() }).unwrap()
    };
    let (old, new) = (snapshot(&before), snapshot(&after));
    let edges = edges(&[&before[..], &after].concat());
    for address in &edges {
        let pid = |of: &Snapshot| of.prefixes().matching(*address).map(|(_, pid)| pid);
        assert_eq!(pid(&old), pid(&new), "{address}");
    }
    println!("{} prefixes became {}, compared at {} edges", before.len(), after.len(), edges.len());
    assert!(after.len() < before.len());
}
