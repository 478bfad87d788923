//! Addresses to which a way may be opened.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a peer may be told by others to connect to there: an address of the public internet, or
/// with `private` one of a private network. Never this host, its link, or many at once.
#[must_use]
pub fn may_dial(address: IpAddr, private: bool) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_host(address) && (private || !is_private(address)),
        IpAddr::V6(address) => is_host_v6(address) && (private || !address.is_unique_local()),
    }
}

fn is_host(address: Ipv4Addr) -> bool {
    let reserved = address.octets()[0] == 0 || address.octets()[0] >= 240;
    !reserved && !address.is_loopback() && !address.is_link_local() && !address.is_multicast()
}

fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // RFC 6598: between a carrier's NAT and its customers.
    address.is_private() || (first == 100 && (64..128).contains(&second))
}

fn is_host_v6(address: Ipv6Addr) -> bool {
    // RFC 6052 and RFC 3056: addresses that lead to an IPv4 one, whichever that is.
    let [first, second, ..] = address.segments();
    let leads_to_v4 = (first, second) == (0x64, 0xff9b) || first == 0x2002 || first == 0;
    !leads_to_v4
        && !address.is_loopback()
        && !address.is_unspecified()
        && !address.is_multicast()
        && !address.is_unicast_link_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_this_host_its_link_or_a_private_network() {
        let may = |address: &str, private| may_dial(address.parse().unwrap(), private);
        for public in ["192.0.2.1", "203.0.113.7", "8.8.8.8", "100.128.0.1", "2001:db8::1"] {
            assert!(may(public, false) && may(public, true), "{public}");
        }
        for private in ["10.0.0.1", "172.16.0.1", "192.168.1.2", "100.64.0.1", "fd00::1"] {
            assert!(!may(private, false) && may(private, true), "{private}");
            let mapped = private.parse::<Ipv4Addr>().map(|ip| ip.to_ipv6_mapped().to_string());
            assert!(mapped.is_err() || !may(&mapped.unwrap(), false), "{private}");
        }
        let never = [
            "127.0.0.1",
            "127.7.7.7",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
        ];
        for never in never {
            assert!(!may(never, false) && !may(never, true), "{never}");
        }
    }
}
