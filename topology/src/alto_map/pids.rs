//! PIDs and prefixes of a network map (RFC 7285 §11.2.1) and the rules of §11.2.2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ::alto::network_map::NetworkMap;
use netmap::{IpNet, Pid, PidName, PidNameError};

use crate::placement::prefix::{self, PrefixFault};
use crate::reader::alto::Document;
use crate::refusal::LoadError;
use crate::report::{Report, code};

const IPV4: &str = "ipv4";
const IPV6: &str = "ipv6";

/// Why a network map cannot stand.
#[derive(Debug, thiserror::Error)]
enum NetworkMapError {
    #[error("`{0}` is no PID name (RFC 7285 §10.1): {1}")]
    Pid(String, #[source] PidNameError),
    #[error("PID `{pid}`: {fault}")]
    Prefix { pid: String, fault: PrefixFault },
    #[error("PID `{pid}`: {prefix} is not of the address type `{kind}` under which it stands")]
    Family { pid: String, prefix: IpNet, kind: String },
    #[error("{prefix} is both in PID `{first}` and in PID `{second}` (RFC 7285 §11.2.2)")]
    InTwoPids { prefix: IpNet, first: String, second: String },
    #[error("{0} is in PID `{1}` twice")]
    Twice(IpNet, String),
    #[error("{0} addresses from {1} on are in no PID, but RFC 7285 §11.2.2 wants each in one")]
    Gap(&'static str, IpAddr),
}

/// The names of all PIDs, ascending.
pub(crate) fn names(document: &Document, map: &NetworkMap) -> Result<Vec<PidName>, LoadError> {
    let name = |text: &String| {
        let wrong = |error| NetworkMapError::Pid(text.clone(), error);
        PidName::parse(text).map_err(|error| LoadError::at(document.spot_of(text, 0), wrong(error)))
    };
    map.map.keys().map(name).collect()
}

/// Every prefix and its PID, ascending.
pub(crate) fn prefixes(
    document: &Document,
    map: &NetworkMap,
    report: &mut Report,
) -> Result<Vec<(IpNet, Pid)>, LoadError> {
    let mut all = Vec::new();
    for (index, (pid, group)) in (0..).zip(&map.map) {
        for (kind, texts) in group {
            if kind != IPV4 && kind != IPV6 {
                let message = format!("PID `{pid}`: address type `{kind}` skipped");
                let search = report.may_search(code::SKIPPED_ADDRESS_TYPE);
                let spot = if search { document.spot_of(kind, 0) } else { document.spot() };
                report.warn(code::SKIPPED_ADDRESS_TYPE, &spot, message);
                continue;
            }
            for text in texts {
                all.push((read(document, pid, kind, text, report)?, Pid::new(index)));
            }
        }
    }
    all.sort_unstable();
    refuse_repeated(document, map, &all)?;
    refuse_gap(document, &all)?;
    if all.is_empty() {
        let message = "no PID has a prefix; no address is in any";
        report.warn(code::NO_PREFIXES, &document.spot(), message);
    }
    Ok(all)
}

fn read(
    document: &Document,
    pid: &str,
    kind: &str,
    text: &str,
    report: &mut Report,
) -> Result<IpNet, LoadError> {
    let refuse = |fault| LoadError::at(document.spot_of(text, 0), fault);
    let written = prefix::parse(text)
        .map_err(|fault| refuse(NetworkMapError::Prefix { pid: pid.to_owned(), fault }))?;
    let family = if matches!(written, IpNet::V4(_)) { IPV4 } else { IPV6 };
    if family != kind {
        let (pid, kind) = (pid.to_owned(), kind.to_owned());
        return Err(refuse(NetworkMapError::Family { pid, prefix: written, kind }));
    }
    let spot = |code, report: &Report| {
        if report.may_search(code) { document.spot_of(text, 0) } else { document.spot() }
    };
    let canonical = written.trunc();
    if canonical != written {
        prefix::without_host_bits(written, &spot(code::HOST_BITS, report), report);
    }
    if let Some(ipv4) = prefix::mapped(canonical) {
        let message = format!(
            "PID `{pid}`: `{canonical}` matches no address, as `::ffff:a.b.c.d` counts as IPv4; \
             put `{ipv4}` under `ipv4`"
        );
        report.warn(code::MAPPED_PREFIX, &spot(code::MAPPED_PREFIX, report), message);
    }
    Ok(canonical)
}

fn refuse_repeated(
    document: &Document,
    map: &NetworkMap,
    all: &[(IpNet, Pid)],
) -> Result<(), LoadError> {
    let mut pairs = all.windows(2);
    let Some([(prefix, first), (_, second)]) = pairs.find(|pair| pair[0].0 == pair[1].0) else {
        return Ok(());
    };
    let name = |pid: &Pid| map.map.keys().nth(pid.index()).cloned().unwrap_or_default();
    let (prefix, first, second) = (*prefix, name(first), name(second));
    let spot = document.spot_of(&prefix.to_string(), 1);
    let fault = if first == second {
        NetworkMapError::Twice(prefix, first)
    } else {
        NetworkMapError::InTwoPids { prefix, first, second }
    };
    Err(LoadError::at(spot, fault))
}

/// A family that occurs must be covered whole; 0.0.0.0/1 and 128.0.0.0/1 do.
fn refuse_gap(document: &Document, all: &[(IpNet, Pid)]) -> Result<(), LoadError> {
    let (ipv4, ipv6): (Vec<IpNet>, Vec<_>) =
        all.iter().map(|(prefix, _)| *prefix).partition(|prefix| matches!(prefix, IpNet::V4(_)));
    let gap4 = first_gap(&ipv4, u128::from(u32::MAX));
    let gap6 = first_gap(&ipv6, u128::MAX);
    let fault = match (gap4, gap6) {
        (Some(gap), _) => NetworkMapError::Gap("IPv4", Ipv4Addr::from(gap as u32).into()),
        (None, Some(gap)) => NetworkMapError::Gap("IPv6", Ipv6Addr::from(gap).into()),
        (None, None) => return Ok(()),
    };
    Err(LoadError::at(document.spot(), fault))
}

/// The first address that no prefix covers; `None` where all are covered or there is no prefix.
fn first_gap(ascending: &[IpNet], last: u128) -> Option<u128> {
    let mut next = if ascending.is_empty() { return None } else { 0 };
    for prefix in ascending {
        if number(prefix.network()) > next {
            return Some(next);
        }
        let end = number(prefix.broadcast());
        if end == last {
            return None;
        }
        next = next.max(end + 1);
    }
    Some(next)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(prefixes: &[&str], last: u128) -> Option<u128> {
        let prefixes: Vec<IpNet> = prefixes.iter().map(|text| text.parse().unwrap()).collect();
        first_gap(&prefixes, last)
    }

    #[test]
    fn the_union_of_prefixes_may_cover_a_family() {
        let last = u128::from(u32::MAX);
        assert_eq!(gap(&[], last), None);
        assert_eq!(gap(&["0.0.0.0/0"], last), None);
        assert_eq!(gap(&["0.0.0.0/1", "10.0.0.0/8", "128.0.0.0/1"], last), None);
        assert_eq!(gap(&["0.0.0.0/1", "128.0.0.0/2"], last), Some(0xc000_0000));
        assert_eq!(gap(&["10.0.0.0/8"], last), Some(0));
        assert_eq!(gap(&["0.0.0.0/1", "129.0.0.0/8"], last), Some(0x8000_0000));
        assert_eq!(gap(&["::/1", "8000::/1"], u128::MAX), None);
        assert_eq!(gap(&["::/1"], u128::MAX), Some(1 << 127));
    }
}
