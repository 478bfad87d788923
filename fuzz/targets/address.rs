//! Typed endpoint addresses against the standard library (RFC 7285 §10.4).
#![no_main]

use std::net::IpAddr;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let expected = match text.split_once(':') {
        Some(("ipv4", rest)) => rest.parse().ok().filter(IpAddr::is_ipv4),
        Some(("ipv6", rest)) => rest.parse().ok().filter(IpAddr::is_ipv6),
        _ => None,
    };
    let read = alto::address::parse(text).ok();
    assert_eq!(read, expected.map(|address| address.to_canonical()));
    if let Some(address) = read {
        assert_eq!(alto::address::parse(&alto::address::format(address)), Ok(address));
    }
});
