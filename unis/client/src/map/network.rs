//! PIDs and prefixes of a network map (RFC 7285 §11.2.1.6), checked by §11.2.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use alto::address::{IPV4, IPV6};
use alto::network_map::{NetworkMap, VersionTag};
use netmap::{IpNet, Ipv4Net, Ipv6Net, Pid, PidName, Snapshot};

use crate::map::map_error::MapError;

/// The part of a snapshot that a network map gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) vtag: VersionTag,
    /// Strictly ascending.
    pub(crate) pids: Vec<PidName>,
    /// Strictly ascending, without host bits.
    pub(crate) prefixes: Vec<(IpNet, Pid)>,
}

impl Network {
    /// Checks a network map. PIDs without prefixes stay; address types other than `ipv4` and
    /// `ipv6` are passed over (§11.2.1.7); host bits are cut off before prefixes are compared.
    pub(crate) fn read(map: &NetworkMap, max_pids: usize) -> Result<Self, MapError> {
        let count = map.map.len();
        if count > max_pids {
            return Err(MapError::TooManyPids { pids: count, max_pids });
        }
        let (mut pids, mut prefixes) = (Vec::with_capacity(count), Vec::new());
        // The map is in the order of its names, so the index is the PID.
        for (name, index) in map.map.keys().zip(0_u32..) {
            pids.push(PidName::parse(name)?);
            let groups = map.map.get(name).into_iter().flatten();
            for (family, texts) in groups {
                for text in texts {
                    if let Some(prefix) = read_prefix(name, family, text)? {
                        prefixes.push((prefix, Pid::new(index)));
                    }
                }
            }
        }
        let prefixes = settle(prefixes, &pids)?;
        check_completeness(&prefixes)?;
        Ok(Self { vtag: map.meta.vtag.clone(), pids, prefixes })
    }

    /// What is in a snapshot already.
    pub(crate) fn of(snapshot: &Snapshot, vtag: VersionTag) -> Self {
        let pids = snapshot.pids().iter().map(|(_, name)| name.clone()).collect();
        Self { vtag, pids, prefixes: snapshot.prefixes().iter().collect() }
    }
}

fn read_prefix(pid: &str, family: &str, text: &str) -> Result<Option<IpNet>, MapError> {
    let (family, prefix) = match family {
        IPV4 => (IPV4, prefix::<Ipv4Addr>(text)),
        IPV6 => (IPV6, prefix::<Ipv6Addr>(text)),
        _ => return Ok(None),
    };
    match prefix {
        Some(prefix) => Ok(Some(prefix.trunc())),
        None => {
            let (pid, text) = (pid.to_owned(), text.to_owned());
            Err(MapError::Prefix { pid, family, text })
        }
    }
}

/// Reads `address/length`. The address is read as strictly as everywhere: ipnet's own parser takes
/// leading zeros, which others read as octal.
fn prefix<A: FromStr + Into<IpAddr>>(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    if !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    IpNet::new(address.parse::<A>().ok()?.into(), length.parse().ok()?).ok()
}

/// Sorts; a prefix may stand twice in one PID, but not in two (§11.2.2).
fn settle(
    mut prefixes: Vec<(IpNet, Pid)>,
    pids: &[PidName],
) -> Result<Vec<(IpNet, Pid)>, MapError> {
    prefixes.sort_unstable();
    prefixes.dedup();
    for pair in prefixes.windows(2) {
        let [(prefix, first), (next, second)] = pair else { continue };
        if prefix == next {
            let name = |pid: &Pid| pids.get(pid.index()).map(ToString::to_string);
            let (first, second) =
                (name(first).unwrap_or_default(), name(second).unwrap_or_default());
            return Err(MapError::PrefixTwice { prefix: *prefix, first, second });
        }
    }
    Ok(prefixes)
}

/// Every address of a family that occurs must have a PID (§11.2.2): together the prefixes make
/// up the whole family, be it as one or in pieces.
fn check_completeness(ascending: &[(IpNet, Pid)]) -> Result<(), MapError> {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for (prefix, _) in ascending {
        match prefix {
            IpNet::V4(prefix) => v4.push(*prefix),
            IpNet::V6(prefix) => v6.push(*prefix),
        }
    }
    if ascending.is_empty() {
        return Err(MapError::Empty);
    }
    let all_v4 = Ipv4Net::new(Ipv4Addr::UNSPECIFIED, 0).ok();
    if !v4.is_empty() && Ipv4Net::aggregate(&v4).first().copied() != all_v4 {
        return Err(MapError::Incomplete { family: IPV4 });
    }
    let all_v6 = Ipv6Net::new(Ipv6Addr::UNSPECIFIED, 0).ok();
    if !v6.is_empty() && Ipv6Net::aggregate(&v6).first().copied() != all_v6 {
        return Err(MapError::Incomplete { family: IPV6 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use alto::network_map::Meta;

    use super::*;

    type Groups<'a> = &'a [(&'a str, &'a str, &'a [&'a str])];

    fn read(groups: Groups<'_>) -> Result<Network, MapError> {
        let mut map: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (pid, family, texts) in groups {
            let texts = texts.iter().map(ToString::to_string).collect();
            map.entry(pid.to_string()).or_default().insert(family.to_string(), texts);
        }
        let vtag = VersionTag { resource_id: "net".to_owned(), tag: "1".to_owned() };
        Network::read(&NetworkMap { meta: Meta { vtag }, map }, 8)
    }

    /// The map of RFC 7285 §11.2.1.7.
    #[test]
    fn the_network_map_of_the_rfc_is_taken() {
        let network = read(&[
            ("PID1", "ipv4", &["192.0.2.0/24", "198.51.100.0/25"]),
            ("PID2", "ipv4", &["198.51.100.128/25"]),
            ("PID3", "ipv4", &["0.0.0.0/0"]),
            ("PID3", "ipv6", &["::/0"]),
        ])
        .unwrap();
        assert_eq!(network.pids.len(), 3);
        assert_eq!(network.prefixes.len(), 5);
        assert_eq!(network.prefixes[0], ("0.0.0.0/0".parse().unwrap(), Pid::new(2)));
    }

    #[test]
    fn d12_unknown_address_types_are_passed_over() {
        let network = read(&[("A", "ipv4", &["0.0.0.0/0"]), ("B", "mac", &["00:11"])]).unwrap();
        assert_eq!(network.pids.len(), 2);
        assert_eq!(network.prefixes.len(), 1);
    }

    #[test]
    fn d8_a_map_with_a_hole_is_refused_and_one_in_pieces_is_not() {
        assert!(read(&[("A", "ipv4", &["0.0.0.0/1"]), ("B", "ipv4", &["128.0.0.0/1"])]).is_ok());
        let hole = [("A", "ipv4", &["0.0.0.0/1", "192.0.0.0/2"][..])];
        assert!(matches!(read(&hole), Err(MapError::Incomplete { family: "ipv4" })));
        let hole = [("A", "ipv4", &["0.0.0.0/0"][..]), ("A", "ipv6", &["2001:db8::/32"])];
        assert!(matches!(read(&hole), Err(MapError::Incomplete { family: "ipv6" })));
        assert!(matches!(read(&[("A", "mac", &[])]), Err(MapError::Empty)));
    }

    #[test]
    fn d9_a_prefix_in_two_pids_is_refused_whatever_its_text() {
        for (one, other) in [("10.0.0.0/8", "10.1.0.0/8"), ("192.0.2.0/24", "192.0.2.0/24")] {
            let map = [("A", "ipv4", &["0.0.0.0/0", one][..]), ("B", "ipv4", &[other])];
            assert!(matches!(read(&map), Err(MapError::PrefixTwice { .. })), "{one} {other}");
        }
        let map =
            [("A", "ipv6", &["::/0", "2001:DB8::/32"][..]), ("B", "ipv6", &["2001:db8:0::/32"])];
        assert!(matches!(read(&map), Err(MapError::PrefixTwice { .. })));
        assert!(read(&[("A", "ipv4", &["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/8"])]).is_ok());
    }

    #[test]
    fn names_and_prefixes_are_checked() {
        assert!(matches!(read(&[("A.B", "ipv4", &["0.0.0.0/0"])]), Err(MapError::PidName(_))));
        for text in ["10.0.0.0", "10.0.0.0/33", "010.0.0.0/8", "1.0.0.0/+8", "::/0", ""] {
            let refused = read(&[("A", "ipv4", &["0.0.0.0/0", text])]);
            assert!(matches!(refused, Err(MapError::Prefix { .. })), "{text:?}");
        }
        let many: Vec<_> = "ABCDEFGHI".split("").skip(1).take(9).collect();
        let many: Vec<_> = many.iter().map(|pid| (*pid, "ipv4", &[][..])).collect();
        assert!(matches!(read(&many), Err(MapError::TooManyPids { pids: 9, max_pids: 8 })));
    }
}
