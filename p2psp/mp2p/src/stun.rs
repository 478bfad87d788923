//! How one is seen from outside: the Binding method of STUN (RFC 8489), as much of it as a peer
//! needs, over TCP. Nothing else of STUN is understood.
//!
//! ```text
//!  0x0001 or 0x0101 │ length │ 0x2112A442 │ transaction, 12 bytes │ XOR-MAPPED-ADDRESS
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of a header (RFC 8489 §5), and of a request, which has no attributes here.
pub const HEADER_BYTES: usize = 20;
/// Longest message read or written.
pub const MAX_BYTES: usize = 512;
/// Bytes of a transaction's name.
pub const TRANSACTION_BYTES: usize = 12;

/// Binding request and success response (§5, §18.2).
const REQUEST: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];
/// §5.
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// §14.2.
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// Families of addresses (§14.1).
const IPV4: u8 = 1;
const IPV6: u8 = 2;

/// The name of a question, which its answer repeats.
pub type Transaction = [u8; TRANSACTION_BYTES];

/// A question: how am I seen?
#[must_use]
pub fn request(transaction: &Transaction) -> Vec<u8> {
    header(REQUEST, 0, transaction)
}

/// The answer to whoever is seen as `seen`.
#[must_use]
pub fn response(transaction: &Transaction, seen: SocketAddr) -> Vec<u8> {
    let mask = mask(transaction);
    let (family, address) = match seen.ip().to_canonical() {
        IpAddr::V4(ip) => (IPV4, ip.octets().to_vec()),
        IpAddr::V6(ip) => (IPV6, ip.octets().to_vec()),
    };
    let value = 4 + address.len() as u16;
    let mut out = header(SUCCESS, 4 + value, transaction);
    out.extend(XOR_MAPPED_ADDRESS.to_be_bytes());
    out.extend(value.to_be_bytes());
    out.extend([0, family]);
    out.extend(seen.port().to_be_bytes().iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    out.extend(address.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    out
}

/// How long the message is that begins like this; `None`: it is none of these.
#[must_use]
pub fn length(header: &[u8; HEADER_BYTES]) -> Option<usize> {
    let known = [REQUEST, SUCCESS].iter().any(|kind| header.starts_with(kind));
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let whole = HEADER_BYTES + length;
    (known && header[4..8] == COOKIE && length % 4 == 0 && whole <= MAX_BYTES).then_some(whole)
}

/// The name of a question; attributes say nothing to us. `None`: it is none.
#[must_use]
pub fn asked(message: &[u8]) -> Option<Transaction> {
    let header = message.first_chunk::<HEADER_BYTES>()?;
    let is_whole = length(header) == Some(message.len()) && message.starts_with(&REQUEST);
    is_whole.then(|| message[8..HEADER_BYTES].try_into().ok()).flatten()
}

/// How one is seen, by an answer to `transaction`; `None`: it is none.
#[must_use]
pub fn seen(message: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let header = message.first_chunk::<HEADER_BYTES>()?;
    let is_whole = length(header) == Some(message.len()) && message.starts_with(&SUCCESS);
    if !is_whole || header[8..] != *transaction {
        return None;
    }
    let mut rest = &message[HEADER_BYTES..];
    loop {
        let (head, after) = rest.split_first_chunk::<4>()?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = after.get(..length)?;
        if kind == XOR_MAPPED_ADDRESS {
            return address(value, transaction);
        }
        rest = after.get(length.next_multiple_of(4)..)?;
    }
}

fn address(value: &[u8], transaction: &Transaction) -> Option<SocketAddr> {
    let (head, rest) = value.split_first_chunk::<4>()?;
    let mask = mask(transaction);
    let port = u16::from_be_bytes([head[2] ^ mask[0], head[3] ^ mask[1]]);
    let mut bytes = [0; 16];
    for (byte, (seen, mask)) in bytes.iter_mut().zip(rest.iter().zip(mask)) {
        *byte = seen ^ mask;
    }
    let ip = match (head[1], rest.len()) {
        (IPV4, 4) => Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into(),
        (IPV6, 16) => Ipv6Addr::from(bytes).to_canonical(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

fn header(kind: [u8; 2], length: u16, transaction: &Transaction) -> Vec<u8> {
    let mut out = kind.to_vec();
    out.extend(length.to_be_bytes());
    out.extend(COOKIE);
    out.extend(transaction);
    out
}

/// Cookie and transaction: what addresses are hidden with from routers that rewrite what looks
/// like one (§14.2).
fn mask(transaction: &Transaction) -> [u8; 16] {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&COOKIE);
    mask[4..].copy_from_slice(transaction);
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 §2: transaction, and the addresses of §2.2 and §2.3 as they look in an answer.
    const TRANSACTION: Transaction =
        [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
    const IPV4_VALUE: [u8; 8] = [0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
    const IPV6_VALUE: [u8; 20] = [
        0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4,
        0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
    ];

    #[test]
    fn addresses_look_as_in_rfc_5769() {
        for (text, value) in [
            ("192.0.2.1:32853", &IPV4_VALUE[..]),
            ("[2001:db8:1234:5678:11:2233:4455:6677]:32853", &IPV6_VALUE[..]),
        ] {
            let seen_as: SocketAddr = text.parse().unwrap();
            let answer = response(&TRANSACTION, seen_as);
            assert_eq!(&answer[24..], value);
            assert_eq!(seen(&answer, &TRANSACTION), Some(seen_as));
            assert_eq!(seen(&answer, &[0; 12]), None, "the answer to another question");
        }
    }

    #[test]
    fn attributes_before_the_address_are_passed_over() {
        // RFC 5769 §2.2: SOFTWARE, "test vector", padded by a space.
        let mut answer = header(SUCCESS, 4 + 12 + 4 + 8, &TRANSACTION);
        answer.extend([0x80, 0x22, 0x00, 0x0b]);
        answer.extend(b"test vector ");
        answer.extend([0x00, 0x20, 0x00, 0x08]);
        answer.extend(IPV4_VALUE);
        assert_eq!(seen(&answer, &TRANSACTION), "192.0.2.1:32853".parse().ok());
    }

    #[test]
    fn what_is_no_question_or_answer_is_none() {
        let question = request(&TRANSACTION);
        assert_eq!(asked(&question), Some(TRANSACTION));
        for broken in 0..8 {
            let mut other = question.clone();
            other[broken] ^= 0x40;
            assert_eq!(asked(&other), None, "byte {broken}");
        }
        assert_eq!(asked(&question[..19]), None);
        let answer = response(&TRANSACTION, "192.0.2.1:1".parse().unwrap());
        for cut in 0..answer.len() {
            assert_eq!(seen(&answer[..cut], &TRANSACTION), None);
        }
        assert_eq!(asked(&answer), None);
    }
}
