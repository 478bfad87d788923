//! Routing tables in every way in which they are written, from one list of routes.

use std::net::{Ipv4Addr, Ipv6Addr};

use netmap::IpNet;

/// A route: prefix and path, each segment its type (RFC 4271 §4.3) and AS numbers.
pub(crate) struct Route {
    pub(crate) prefix: IpNet,
    pub(crate) path: Vec<(u8, Vec<u32>)>,
}

/// From `prefix`, `1 2 {3,4}`.
pub(crate) fn route(prefix: &str, path: &str) -> Route {
    let mut segments: Vec<(u8, Vec<u32>)> = Vec::new();
    for word in path.split_whitespace() {
        let numbers = word.trim_matches(['{', '}']).split(',').map(|n| n.parse().unwrap());
        match segments.last_mut() {
            Some((2, asns)) if !word.starts_with('{') => asns.extend(numbers),
            _ => segments.push((if word.starts_with('{') { 1 } else { 2 }, numbers.collect())),
        }
    }
    Route { prefix: prefix.parse().unwrap(), path: segments }
}

/// A record: its header and body (RFC 6396 §2).
pub(crate) fn record(kind: u16, subtype: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x4c, 0x2c, 0x4a, 0xff];
    bytes.extend(kind.to_be_bytes());
    bytes.extend(subtype.to_be_bytes());
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// TABLE_DUMP_V2, with or without ADD-PATH, a record per prefix of neighbouring routes.
pub(crate) fn table_dump_v2(routes: &[Route], add_path: bool) -> Vec<u8> {
    let mut file = record(13, 1, &[0, 0, 0, 0, 0, 0, 0, 0]);
    for group in routes.chunk_by(|one, two| one.prefix == two.prefix) {
        let prefix = group[0].prefix;
        let subtype = match (prefix, add_path) {
            (IpNet::V4(_), false) => 2,
            (IpNet::V6(_), false) => 4,
            (IpNet::V4(_), true) => 8,
            (IpNet::V6(_), true) => 10,
        };
        file.extend(record(13, subtype, &rib(prefix, group, add_path)));
    }
    file
}

/// RFC 6396 §4.3.2, §4.3.4; RFC 8050 §4.1.
pub(crate) fn rib(prefix: IpNet, routes: &[Route], add_path: bool) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 1];
    let length = prefix.prefix_len();
    body.push(length);
    body.extend(&octets(prefix)[..usize::from(length).div_ceil(8)]);
    body.extend((routes.len() as u16).to_be_bytes());
    for (number, route) in (0_u32..).zip(routes) {
        body.extend([0, 0, 0, 0, 0, 9]);
        if add_path {
            body.extend(number.to_be_bytes());
        }
        let path = attribute(2, &segments(&route.path, 4));
        let attributes = [attribute(1, &[0]), path, attribute(8, &[0; 4])].concat();
        body.extend((attributes.len() as u16).to_be_bytes());
        body.extend(attributes);
    }
    body
}

/// TABLE_DUMP (RFC 6396 §4.2): 2-byte numbers, larger ones as AS_TRANS and in AS4_PATH.
pub(crate) fn table_dump(routes: &[Route]) -> Vec<u8> {
    let mut file = Vec::new();
    for Route { prefix, path } in routes {
        let peer = if prefix.addr().is_ipv4() { 4 } else { 16 };
        let mut body = vec![0; 4];
        body.extend(octets(*prefix));
        body.extend([prefix.prefix_len(), 1, 0, 0, 0, 9]);
        body.extend(vec![0; peer + 2]);
        let narrow = segments(path, 2);
        let mut attributes = [attribute(1, &[0]), attribute(2, &narrow)].concat();
        if path.iter().flat_map(|(_, asns)| asns).any(|asn| *asn > 65_535) {
            attributes.extend(attribute(17, &segments(path, 4)));
        }
        body.extend((attributes.len() as u16).to_be_bytes());
        body.extend(attributes);
        file.extend(record(12, if peer == 4 { 1 } else { 2 }, &body));
    }
    file
}

/// As `bgpdump -m` prints it.
pub(crate) fn text(routes: &[Route]) -> String {
    let mut file = String::new();
    for Route { prefix, path } in routes {
        let words = path.iter().map(|(kind, asns)| {
            let numbers: Vec<String> = asns.iter().map(u32::to_string).collect();
            if *kind == 1 { format!("{{{}}}", numbers.join(",")) } else { numbers.join(" ") }
        });
        let path = words.collect::<Vec<_>>().join(" ");
        file +=
            &format!("TABLE_DUMP2|1277971199|B|192.0.2.9|1|{prefix}|{path}|IGP|192.0.2.9|0|0|||\n");
    }
    file
}

fn octets(prefix: IpNet) -> Vec<u8> {
    match prefix {
        IpNet::V4(prefix) => Ipv4Addr::octets(&prefix.addr()).to_vec(),
        IpNet::V6(prefix) => Ipv6Addr::octets(&prefix.addr()).to_vec(),
    }
}

/// With a length of two bytes where one does not do.
pub(crate) fn attribute(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = match u8::try_from(value.len()) {
        Ok(length) => vec![0x40, kind, length],
        Err(_) => vec![0x50, kind, (value.len() >> 8) as u8, value.len() as u8],
    };
    bytes.extend(value);
    bytes
}

fn segments(path: &[(u8, Vec<u32>)], width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, asns) in path {
        bytes.extend([*kind, asns.len() as u8]);
        for asn in asns {
            let narrow = if width == 2 && *asn > 65_535 { 23_456 } else { *asn };
            bytes.extend(&narrow.to_be_bytes()[4 - width..]);
        }
    }
    bytes
}
