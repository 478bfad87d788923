//! The network map of RFC 7285 §11.2.2 and its rules.

use std::net::IpAddr;

use netmap::{BuildError, Parts, Pid, PidName, Snapshot};

use crate::world::net;

/// The RFC's map; in the variant PID3 has 192.0.2.0/24, as PID2 has.
fn map(pid3: &str) -> Result<Snapshot, BuildError> {
    let pids = ["PID0", "PID1", "PID2", "PID3"].map(|name| PidName::parse(name).unwrap());
    let prefixes = [
        ("::/0", 0),
        ("0.0.0.0/0", 1),
        ("192.0.2.0/24", 2),
        ("198.51.100.0/24", 2),
        (pid3, 3),
        ("198.51.100.128/25", 3),
    ];
    let prefixes = prefixes.map(|(prefix, pid)| (net(prefix), Pid::new(pid)));
    Snapshot::build(Parts { pids: pids.to_vec(), prefixes: prefixes.to_vec(), matrices: vec![] })
}

#[test]
fn the_longest_prefix_decides() {
    let snapshot = map("192.0.2.0/25").unwrap();
    let stories = [
        ("192.0.2.1", "PID3"),
        ("192.0.2.127", "PID3"),
        ("192.0.2.128", "PID2"),
        ("198.51.100.127", "PID2"),
        ("198.51.100.128", "PID3"),
        ("203.0.113.9", "PID1"),
        ("0.0.0.0", "PID1"),
        ("255.255.255.255", "PID1"),
        ("2001:db8::1", "PID0"),
        ("::ffff:192.0.2.1", "PID3"),
    ];
    let addresses: Vec<IpAddr> = stories.map(|(address, _)| address.parse().unwrap()).to_vec();
    let mut batched = vec![];
    snapshot.pids_of(&addresses, &mut batched);
    for (place, (address, pid)) in stories.into_iter().enumerate() {
        let expected = snapshot.pids().find(pid);
        assert!(expected.is_some());
        assert_eq!(snapshot.pid_of(addresses[place]), expected, "{address}");
        assert_eq!(batched[place], expected, "{address} in a batch");
        let matching = snapshot.prefixes().matching(addresses[place]);
        assert_eq!(matching.map(|(_, pid)| pid), expected, "{address} in the table");
    }
}

#[test]
fn the_same_prefix_in_two_pids_is_refused() {
    let error = map("192.0.2.0/24").unwrap_err();
    assert_eq!(error.to_string(), "prefix 192.0.2.0/24 is both in PID PID2 and in PID PID3");
}

#[test]
fn host_bits_are_refused_and_the_meant_prefix_is_named() {
    let error = map("192.0.2.1/25").unwrap_err();
    let expected = "prefix 192.0.2.1/25 has host bits set, 192.0.2.0/25 is meant";
    assert_eq!(error.to_string(), expected);
    let error = map("2001:db8::1/64").unwrap_err();
    assert!(
        matches!(error, BuildError::HostBits { canonical, .. } if canonical == net("2001:db8::/64"))
    );
}

#[test]
fn an_ipv6_prefix_of_mapped_addresses_matches_nothing() {
    let snapshot = map("::ffff:192.0.2.0/121").unwrap();
    let pid = snapshot.pid_of("::ffff:192.0.2.1".parse().unwrap());
    assert_eq!(pid, snapshot.pids().find("PID2"), "192.0.2.0/24 holds it, as IPv4");
}

#[test]
fn an_address_without_prefix_has_no_pid() {
    let pids = vec![PidName::parse("only").unwrap()];
    let prefixes = vec![(net("192.0.2.0/24"), Pid::new(0))];
    let snapshot = Snapshot::build(Parts { pids, prefixes, matrices: vec![] }).unwrap();
    for address in ["192.0.1.255", "192.0.3.0", "::", "2001:db8::1"] {
        assert_eq!(snapshot.pid_of(address.parse().unwrap()), None, "{address}");
    }
}
