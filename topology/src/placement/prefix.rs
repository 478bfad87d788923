//! The text of a prefix, and what may be wrong with it.

use std::net::IpAddr;

use netmap::{IpNet, Ipv4Net};

use crate::report::{Report, code};
use crate::spot::Spot;

/// Prefix length at which `::ffff:a.b.c.d` starts to be the IPv4 address.
const MAPPED_LEN: u8 = 96;

/// A text that is no prefix to place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrefixFault {
    #[error("`{0}` is no prefix; expected one as 192.0.2.0/24 or 2001:db8::/32")]
    Malformed(String),
    #[error("`{0}` is an address without a length; write `{0}/{1}` for this address alone")]
    NoLength(String, u8),
    #[error("`{0}` is the whole address space, which belongs to the default PID")]
    Everything(String),
}

/// Reads a prefix to be placed on a node. Host bits are cut off and an IPv4 prefix in IPv6
/// clothes becomes one, both with a warning.
pub(crate) fn read(text: &str, spot: &Spot, report: &mut Report) -> Result<IpNet, PrefixFault> {
    placeable(parse(text.trim())?, spot, report)
}

/// Makes of a prefix, as it was written, one to be placed on a node, with the same warnings.
pub(crate) fn placeable(
    written: IpNet,
    spot: &Spot,
    report: &mut Report,
) -> Result<IpNet, PrefixFault> {
    let prefix = without_host_bits(written, spot, report);
    let prefix = match mapped(prefix) {
        Some(ipv4) => {
            let message = format!("`{prefix}` is the IPv4 prefix `{ipv4}` and taken as that");
            report.warn(code::MAPPED_PREFIX, spot, message);
            IpNet::V4(ipv4)
        }
        None => prefix,
    };
    if prefix.prefix_len() == 0 {
        return Err(PrefixFault::Everything(written.to_string()));
    }
    Ok(prefix)
}

/// Reads a prefix of any length, as it stands. No leading zeros: some read them as octal.
pub(crate) fn parse(text: &str) -> Result<IpNet, PrefixFault> {
    let malformed = || PrefixFault::Malformed(text.to_owned());
    let Some((address, length)) = text.split_once('/') else {
        return match text.parse::<IpAddr>() {
            Ok(address) if address.is_ipv4() => Err(PrefixFault::NoLength(text.to_owned(), 32)),
            Ok(_) => Err(PrefixFault::NoLength(text.to_owned(), 128)),
            Err(_) => Err(malformed()),
        };
    };
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (length.starts_with('0') && length != "0") {
        return Err(malformed());
    }
    let length = length.parse().map_err(|_| malformed())?;
    IpNet::new(address, length).map_err(|_| malformed())
}

/// The prefix without bits beyond its length, and a warning where it had some.
pub(crate) fn without_host_bits(written: IpNet, spot: &Spot, report: &mut Report) -> IpNet {
    let prefix = written.trunc();
    if prefix != written {
        let message = format!("`{written}` has bits beyond its length; taken as `{prefix}`");
        report.warn(code::HOST_BITS, spot, message);
    }
    prefix
}

/// The IPv4 prefix that an IPv6 one inside `::ffff:0:0/96` stands for.
pub(crate) fn mapped(prefix: IpNet) -> Option<Ipv4Net> {
    let IpNet::V6(prefix) = prefix else { return None };
    let length = prefix.prefix_len().checked_sub(MAPPED_LEN)?;
    Ipv4Net::new(prefix.network().to_ipv4_mapped()?, length).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    fn read_one(text: &str) -> (Result<IpNet, PrefixFault>, Vec<&'static str>) {
        let file: Arc<Path> = Arc::from(Path::new("prefixes.csv"));
        let mut report = Report::default();
        let prefix = read(text, &Spot::line(&file, 2), &mut report);
        let (warnings, _) = report.finish();
        (prefix, warnings.iter().map(|warning| warning.code).collect())
    }

    #[test]
    fn clean_prefixes_pass_without_a_word() {
        for text in ["192.0.2.0/24", "2001:db8:1::/48", "198.51.100.7/32", " 10.0.0.0/8 "] {
            let (prefix, warnings) = read_one(text);
            assert_eq!(prefix.unwrap().to_string(), text.trim());
            assert_eq!(warnings, [""; 0]);
        }
    }

    #[test]
    fn repairs_are_warned_about() {
        let (prefix, warnings) = read_one("192.0.2.77/24");
        assert_eq!(prefix.unwrap().to_string(), "192.0.2.0/24");
        assert_eq!(warnings, [code::HOST_BITS]);
        let (prefix, warnings) = read_one("::ffff:192.0.2.0/120");
        assert_eq!(prefix.unwrap().to_string(), "192.0.2.0/24");
        assert_eq!(warnings, [code::MAPPED_PREFIX]);
    }

    #[test]
    fn what_is_no_prefix_or_everything_is_refused() {
        let fault = |text: &str| read_one(text).0.unwrap_err().to_string();
        assert!(fault("192.0.2.1").contains("write `192.0.2.1/32`"));
        assert!(fault("2001:db8::1").contains("write `2001:db8::1/128`"));
        for text in [
            "",
            "192.0.2.0/33",
            "192.0.2/24",
            "010.0.0.0/8",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "x",
            "fe80::1%eth0/64",
        ] {
            assert!(fault(text).contains("is no prefix"), "{text}");
        }
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/0", "::ffff:0:0/96"] {
            assert!(fault(text).contains("default PID"), "{text}");
        }
    }
}
