//! Bytes in network order, and the one BGP attribute that is wanted of a route.

use std::net::{Ipv4Addr, Ipv6Addr};

use netmap::{IpNet, Ipv4Net, Ipv6Net};

use crate::routes::{AsPath, Segment};

const AS_PATH: u8 = 2;
const AS4_PATH: u8 = 17;
/// Flag of an attribute whose length has two bytes (RFC 4271 §4.3).
const EXTENDED_LENGTH: u8 = 0x10;

/// What is wrong with a record or a route in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireFault {
    #[error("it ends too early")]
    Short,
    #[error("a prefix is {0} bits long")]
    PrefixLength(u8),
    #[error("an AS path has a segment of type {0}")]
    SegmentType(u8),
    #[error("bytes are left over at its end")]
    LeftOver,
    #[error("a route has attributes but no AS path")]
    NoPath,
}

/// What is left of some bytes.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], WireFault> {
        let (taken, left) = self.0.split_at_checked(count).ok_or(WireFault::Short)?;
        self.0 = left;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireFault> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireFault> {
        self.array().map(u16::from_be_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireFault> {
        let (taken, left) = self.0.split_first_chunk().ok_or(WireFault::Short)?;
        self.0 = left;
        Ok(*taken)
    }
}

/// An address family (RFC 4760 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
}

impl Family {
    pub(super) fn address_bytes(self) -> usize {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 16,
        }
    }

    /// A prefix of `length` bits that start with `bytes`, at most an address of them.
    pub(super) fn prefix(self, bytes: &[u8], length: u8) -> Result<IpNet, WireFault> {
        let wrong = |_| WireFault::PrefixLength(length);
        match self {
            Self::Ipv4 => {
                let address = Ipv4Addr::from(padded::<4>(bytes));
                Ipv4Net::new(address, length).map(IpNet::V4).map_err(wrong)
            }
            Self::Ipv6 => {
                let address = Ipv6Addr::from(padded::<16>(bytes));
                Ipv6Net::new(address, length).map(IpNet::V6).map_err(wrong)
            }
        }
    }

    /// A prefix as routes carry it: its length in bits, then as many bytes as these need.
    pub(super) fn nlri(self, bytes: &mut Bytes<'_>) -> Result<IpNet, WireFault> {
        let length = bytes.u8()?;
        if usize::from(length) > 8 * self.address_bytes() {
            return Err(WireFault::PrefixLength(length));
        }
        let address = bytes.take(usize::from(length).div_ceil(8))?;
        self.prefix(address, length)
    }
}

fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    for (to, from) in padded.iter_mut().zip(bytes) {
        *to = *from;
    }
    padded
}

/// How many bytes an AS number has in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Two,
    Four,
}

/// Finds the AS path among a route's attributes. That of a route of the own AS is there and empty
/// (RFC 4271 §5.1.2); where it is missing among others the route is malformed (§6.3). Without any
/// attribute it is no route of BGP but one that the router itself has, a static one say, which BIRD
/// dumps too: the own AS's.
pub(super) fn read_path(
    mut attributes: Bytes<'_>,
    width: Width,
    path: &mut AsPath,
) -> Result<(), WireFault> {
    path.clear();
    let (mut wide, mut found) = (None, attributes.is_empty());
    while !attributes.is_empty() {
        let flags = attributes.u8()?;
        let kind = attributes.u8()?;
        let length = if flags & EXTENDED_LENGTH == 0 {
            usize::from(attributes.u8()?)
        } else {
            usize::from(attributes.u16()?)
        };
        let value = Bytes(attributes.take(length)?);
        found |= kind == AS_PATH;
        match (kind, width) {
            (AS_PATH, Width::Two) => segments(value, Width::Two, path)?,
            // Some write 2-byte numbers where RFC 6396 §4.3.4 wants 4.
            (AS_PATH, Width::Four) => segments(value, Width::Four, path)
                .or_else(|fault| segments(value, Width::Two, path).map_err(|_| fault))?,
            (AS4_PATH, Width::Two) => wide = Some(value),
            _ => {}
        }
    }
    if !found {
        return Err(WireFault::NoPath);
    }
    if let Some(wide) = wide {
        let mut end = AsPath::default();
        // A malformed AS4_PATH is discarded, the route stands (RFC 6793 §6).
        if segments(wide, Width::Four, &mut end).is_ok() {
            *path = path.with_wide_end(&end);
        }
    }
    Ok(())
}

fn segments(mut value: Bytes<'_>, width: Width, path: &mut AsPath) -> Result<(), WireFault> {
    path.clear();
    while !value.is_empty() {
        let kind = match value.u8()? {
            1 => Segment::Set,
            2 => Segment::Sequence,
            3 | 4 => Segment::Confederation,
            other => return Err(WireFault::SegmentType(other)),
        };
        let count = usize::from(value.u8()?);
        match width {
            Width::Two => {
                let (asns, _) = value.take(2 * count)?.as_chunks();
                path.push(kind, asns.iter().map(|asn| u32::from(u16::from_be_bytes(*asn))));
            }
            Width::Four => {
                let (asns, _) = value.take(4 * count)?.as_chunks();
                path.push(kind, asns.iter().map(|asn| u32::from_be_bytes(*asn)));
            }
        }
    }
    Ok(())
}
