//! The routes in a record of a table dump (RFC 6396 §4.2, §4.3; RFC 8050 §4).

use netmap::IpNet;

use crate::reader::mrt::frame::Record;
use crate::reader::mrt::wire::{Bytes, Family, Width, WireFault, read_path};
use crate::routes::AsPath;

// Record types (RFC 6396 §4).
const TABLE_DUMP: u16 = 12;
const TABLE_DUMP_V2: u16 = 13;
const BGP: u16 = 5;
const BGP4MP: u16 = 16;
const BGP4MP_ET: u16 = 17;

// Subtypes of TABLE_DUMP_V2.
const PEER_INDEX_TABLE: u16 = 1;
const RIB_IPV4_UNICAST: u16 = 2;
const RIB_IPV4_MULTICAST: u16 = 3;
const RIB_IPV6_UNICAST: u16 = 4;
const RIB_IPV6_MULTICAST: u16 = 5;
const RIB_GENERIC: u16 = 6;
const GEO_PEER_TABLE: u16 = 7;
const RIB_IPV4_UNICAST_ADDPATH: u16 = 8;
const RIB_IPV4_MULTICAST_ADDPATH: u16 = 9;
const RIB_IPV6_UNICAST_ADDPATH: u16 = 10;
const RIB_IPV6_MULTICAST_ADDPATH: u16 = 11;
const RIB_GENERIC_ADDPATH: u16 = 12;

// Families in a generic record (RFC 4760 §3, §6).
const AFI_IPV4: u16 = 1;
const AFI_IPV6: u16 = 2;
const SAFI_UNICAST: u8 = 1;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Routes of one peer, or a few (TABLE_DUMP), with AS numbers of this width.
    Entries(Family, Width),
    /// The routes of one prefix (TABLE_DUMP_V2).
    Rib {
        family: Option<Family>,
        add_path: bool,
    },
    /// The peers of the table: whose a route is does not matter.
    Peers,
    /// A table of another kind than unicast routes.
    OtherTable,
    /// A message, not a table.
    Update,
    Unknown,
}

impl Content {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let rib = |family, add_path| Self::Rib { family: Some(family), add_path };
        match (record.kind, record.subtype) {
            (TABLE_DUMP, 1) => Self::Entries(Family::Ipv4, Width::Two),
            (TABLE_DUMP, 2) => Self::Entries(Family::Ipv6, Width::Two),
            // Not in the RFC, but written for some years by route collectors.
            (TABLE_DUMP, 3) => Self::Entries(Family::Ipv4, Width::Four),
            (TABLE_DUMP, 4) => Self::Entries(Family::Ipv6, Width::Four),
            (TABLE_DUMP_V2, RIB_IPV4_UNICAST) => rib(Family::Ipv4, false),
            (TABLE_DUMP_V2, RIB_IPV6_UNICAST) => rib(Family::Ipv6, false),
            (TABLE_DUMP_V2, RIB_IPV4_UNICAST_ADDPATH) => rib(Family::Ipv4, true),
            (TABLE_DUMP_V2, RIB_IPV6_UNICAST_ADDPATH) => rib(Family::Ipv6, true),
            (TABLE_DUMP_V2, RIB_GENERIC) => Self::Rib { family: None, add_path: false },
            (TABLE_DUMP_V2, RIB_GENERIC_ADDPATH) => Self::Rib { family: None, add_path: true },
            (TABLE_DUMP_V2, PEER_INDEX_TABLE | GEO_PEER_TABLE) => Self::Peers,
            (
                TABLE_DUMP_V2,
                RIB_IPV4_MULTICAST
                | RIB_IPV6_MULTICAST
                | RIB_IPV4_MULTICAST_ADDPATH
                | RIB_IPV6_MULTICAST_ADDPATH,
            ) => Self::OtherTable,
            (BGP | BGP4MP | BGP4MP_ET, _) => Self::Update,
            _ => Self::Unknown,
        }
    }
}

/// A route or its fault, as a record's routes are gone through.
pub(super) type Found<'a> = Result<(IpNet, &'a AsPath), WireFault>;

/// Gives each route of a TABLE_DUMP record to `take`.
///
/// # Errors
/// The fault after which the record cannot be read on.
pub(super) fn entries<E: From<WireFault>>(
    record: &Record<'_>,
    (family, width): (Family, Width),
    path: &mut AsPath,
    mut take: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes = Bytes(record.body);
    // View and sequence number.
    bytes.take(4)?;
    loop {
        let address = bytes.take(family.address_bytes())?;
        let length = bytes.u8()?;
        // Status, time of the route, address and AS of the peer.
        bytes.take(1 + 4 + family.address_bytes())?;
        bytes.take(if width == Width::Two { 2 } else { 4 })?;
        let attributes = attributes(&mut bytes)?;
        let prefix = family.prefix(address, length);
        take(route(prefix, attributes, width, path))?;
        // Early collectors put several routes into one record.
        if bytes.is_empty() {
            return Ok(());
        }
    }
}

/// Gives each route of a TABLE_DUMP_V2 record to `take`; false where its family is none of IP
/// unicast.
///
/// # Errors
/// The fault after which the record cannot be read on.
pub(super) fn rib<E: From<WireFault>>(
    record: &Record<'_>,
    family: Option<Family>,
    add_path: bool,
    path: &mut AsPath,
    mut take: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<bool, E> {
    let mut bytes = Bytes(record.body);
    // Sequence number.
    bytes.take(4)?;
    let family = match family {
        Some(family) => family,
        None => match (bytes.u16()?, bytes.u8()?) {
            (AFI_IPV4, SAFI_UNICAST) => Family::Ipv4,
            (AFI_IPV6, SAFI_UNICAST) => Family::Ipv6,
            _ => return Ok(false),
        },
    };
    let prefix = family.nlri(&mut bytes)?;
    for _ in 0..bytes.u16()? {
        // Index of the peer, time of the route, identifier of the path.
        bytes.take(if add_path { 2 + 4 + 4 } else { 2 + 4 })?;
        let attributes = attributes(&mut bytes)?;
        take(route(Ok(prefix), attributes, Width::Four, path))?;
    }
    if bytes.is_empty() { Ok(true) } else { Err(WireFault::LeftOver.into()) }
}

fn attributes<'a>(bytes: &mut Bytes<'a>) -> Result<Bytes<'a>, WireFault> {
    let length = bytes.u16()?;
    bytes.take(usize::from(length)).map(Bytes)
}

fn route<'a>(
    prefix: Result<IpNet, WireFault>,
    attributes: Bytes<'_>,
    width: Width,
    path: &'a mut AsPath,
) -> Found<'a> {
    let prefix = prefix?;
    read_path(attributes, width, path)?;
    Ok((prefix, path))
}
