//! Longest-prefix match by looking at every prefix: the oracle for the server's look-up (RFC 7285
//! §11.2.2).

use std::net::IpAddr;

use serde_json::Value;

use crate::data::project;

/// The prefixes of a network map, each with its PID.
#[derive(Clone, Debug)]
pub struct Scan {
    prefixes: Vec<(IpAddr, u32, String)>,
}

impl Scan {
    /// The prefixes of the member `network-map` of an answer; what is no prefix is not there.
    #[must_use]
    pub fn of(network_map: &Value) -> Self {
        let mut prefixes = Vec::new();
        for (pid, groups) in network_map.as_object().into_iter().flatten() {
            let lists = groups.as_object().into_iter().flat_map(|groups| groups.values());
            let texts = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str);
            prefixes.extend(texts.filter_map(|text| {
                let (address, length) = text.split_once('/')?;
                Some((address.parse().ok()?, length.parse().ok()?, pid.clone()))
            }));
        }
        Self { prefixes }
    }

    /// The PID of the longest prefix that covers `address`.
    #[must_use]
    pub fn pid_of(&self, address: IpAddr) -> Option<&str> {
        let covering =
            self.prefixes.iter().filter(|(base, length, _)| covers(*base, *length, address));
        covering.max_by_key(|(_, length, _)| *length).map(|(_, _, pid)| pid.as_str())
    }
}

fn covers(base: IpAddr, length: u32, address: IpAddr) -> bool {
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.checked_shr(32 - length).unwrap_or(0) == 0
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let differing = base.to_bits() ^ address.to_bits();
            differing.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// The swarm of the German network: addresses, each with the PoP that its makers put it at.
#[must_use]
pub fn germany50_peers() -> Vec<(IpAddr, String)> {
    let path = project("topology/fixtures/germany50/peers.csv");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let peer = |line: &str| {
        let mut cells = line.split(',');
        let address = cells.next()?.parse().ok()?;
        Some((address, cells.nth(1)?.to_owned()))
    };
    text.lines().filter_map(peer).collect()
}

/// `ipv4:192.0.2.1` (RFC 7285 §10.4.1).
#[must_use]
pub fn typed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("ipv4:{address}"),
        IpAddr::V6(address) => format!("ipv6:{address}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Scan;

    #[test]
    fn the_longest_prefix_wins() {
        let map = json!({
            "all": {"ipv4": ["0.0.0.0/0"], "ipv6": ["::/0"]},
            "ten": {"ipv4": ["10.0.0.0/8"], "ipv6": ["2001:db8::/32"]},
            "one": {"ipv4": ["10.1.2.3/32"], "ipv6": ["2001:db8::1/128"]},
        });
        let scan = Scan::of(&map);
        for (address, pid) in [
            ("9.255.255.255", "all"),
            ("10.1.2.2", "ten"),
            ("10.1.2.3", "one"),
            ("2001:db7::1", "all"),
            ("2001:db8::2", "ten"),
            ("2001:db8::1", "one"),
        ] {
            assert_eq!(scan.pid_of(address.parse().unwrap()), Some(pid), "{address}");
        }
    }
}
