//! Typed endpoint addresses: `ipv4:192.0.2.1`, `ipv6:2001:db8::1` (RFC 7285 §10.4.1-10.4.3).
//!
//! Read: IPv4 by RFC 3986 §3.2.2 (four decimal octets without leading zeros), IPv6 in any form of
//! RFC 4291 §2.2, no zone and no brackets. Written: IPv6 by RFC 5952 §4. An IPv4-mapped address
//! `::ffff:a.b.c.d` *is* the IPv4 endpoint a.b.c.d, whichever way it came.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address type of IPv4 (§10.4.2).
pub const IPV4: &str = "ipv4";

/// The address type of IPv6 (§10.4.2).
pub const IPV6: &str = "ipv6";

/// A text that is no typed endpoint address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing says what kind of address it is.
    #[error("{0:?} has no address type in front")]
    Untyped(String),
    /// Neither `ipv4` nor `ipv6`.
    #[error("{0:?} has an unknown address type")]
    UnknownType(String),
    /// The address is not one of its type.
    #[error("{0:?} is not an address of its type")]
    Invalid(String),
}

/// An endpoint as it was written, and the address that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypedAddress {
    /// As it was given: answers repeat it, so that the client finds its own words again.
    pub text: String,
    /// Canonical: never an IPv4-mapped IPv6 address.
    pub address: IpAddr,
}

impl TypedAddress {
    /// Reads `type:address`, split at the first colon.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        Ok(Self { address: parse(text)?, text: text.to_owned() })
    }
}

impl From<IpAddr> for TypedAddress {
    fn from(address: IpAddr) -> Self {
        Self { text: format(address), address: address.to_canonical() }
    }
}

impl fmt::Display for TypedAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// Reads `type:address` into its canonical address, without keeping the text.
pub fn parse(text: &str) -> Result<IpAddr, AddressError> {
    let Some((kind, rest)) = text.split_once(':') else {
        return Err(AddressError::Untyped(text.to_owned()));
    };
    let address = match kind {
        IPV4 => rest.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
        IPV6 => rest.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical()),
        _ => return Err(AddressError::UnknownType(text.to_owned())),
    };
    address.ok_or_else(|| AddressError::Invalid(text.to_owned()))
}

/// The typed text of an address, canonical: `ipv4:192.0.2.1`, `ipv6:2001:db8::1`.
pub fn format(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("{IPV4}:{address}"),
        IpAddr::V6(address) => format!("{IPV6}:{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_split_at_the_first_colon() {
        let typed = TypedAddress::parse("ipv6:2001:db8::1").unwrap();
        assert_eq!(typed.address, "2001:db8::1".parse::<IpAddr>().unwrap());
        assert_eq!(typed.text, "ipv6:2001:db8::1");
        assert_eq!(parse("ipv6:::").unwrap(), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    }

    #[test]
    fn h12_what_is_no_address_is_refused() {
        for bad in [
            "ipv4:300.1.1.1",
            "ipv4:1.2.3",
            "ipv4:1.2.3.4.5",
            "ipv4:01.2.3.4",
            "ipv4:1.2.3.04",
            "ipv4:00.0.0.0",
            "ipv4: 1.2.3.4",
            "ipv4:1.2.3.4 ",
            "ipv4:0x1.2.3.4",
            "ipv4:2001:db8::1",
            "ipv4:",
            "ipv6:1.2.3.4",
            "ipv6:",
            "ipv6:[::1]",
            "ipv6:fe80::1%eth0",
            "ipv6:1::2::3",
            "ipv6:1:2:3:4:5:6:7",
            "ipv6:1:2:3:4:5:6:7:8:9",
            "ipv6:12345::",
            "ipv6:::ffff:01.2.3.4",
        ] {
            assert_eq!(parse(bad), Err(AddressError::Invalid(bad.to_owned())));
        }
        for bad in ["ipv5:1", "IPv4:1.2.3.4", ":1.2.3.4", "mac:00-00-5e-00-53-00", "::1"] {
            assert_eq!(parse(bad), Err(AddressError::UnknownType(bad.to_owned())));
        }
        assert_eq!(parse("1.2.3.4"), Err(AddressError::Untyped("1.2.3.4".to_owned())));
    }

    #[test]
    fn i12_prefixes_are_no_addresses() {
        assert!(parse("ipv4:192.0.2.0/24").is_err());
        assert!(parse("ipv6:2001:db8::/32").is_err());
    }

    #[test]
    fn j4_truncated_addresses_are_addresses() {
        assert_eq!(parse("ipv4:192.0.2.0").unwrap(), IpAddr::from([192, 0, 2, 0]));
        assert!(parse("ipv6:2001:db8::").is_ok());
    }

    #[test]
    fn any_form_of_rfc_4291_is_the_same_endpoint() {
        let expected = "2001:db8::1".parse::<IpAddr>().unwrap();
        for text in [
            "ipv6:2001:DB8:0::1",
            "ipv6:2001:0db8:0000:0000:0000:0000:0000:0001",
            "ipv6:2001:db8:0:0:0:0:0.0.0.1",
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn mapped_addresses_are_their_ipv4_endpoint() {
        let typed = TypedAddress::parse("ipv6:::ffff:192.0.2.1").unwrap();
        assert_eq!(typed.address, IpAddr::from([192, 0, 2, 1]));
        assert_eq!(typed.text, "ipv6:::ffff:192.0.2.1");
        assert_eq!(parse("ipv6:::ffff:c000:201").unwrap(), typed.address);
    }

    #[test]
    fn texts_follow_rfc_5952() {
        for (given, expected) in [
            ("2001:0DB8:0:0:1:0:0:1", "ipv6:2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "ipv6:2001:db8:0:1:1:1:1:1"),
            ("2001:db8:0:0:0:0:2:1", "ipv6:2001:db8::2:1"),
            ("::", "ipv6:::"),
            ("::ffff:192.0.2.1", "ipv4:192.0.2.1"),
            ("192.0.2.1", "ipv4:192.0.2.1"),
        ] {
            assert_eq!(format(given.parse().unwrap()), expected);
        }
    }
}
