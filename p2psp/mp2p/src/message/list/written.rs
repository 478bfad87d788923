//! The answer to a join as JSON. Its list has up to 200 entries, all of one form: they are written
//! by hand, the rest as everything else.

use std::io::Write;
use std::net::IpAddr;

use crate::message::join::{AddressKind, JoinAnswer, PeerAddress};
use crate::message::list::{PeerEntry, PeerType};

/// Of an answer without list and gateways, bytes; more is no fault.
const HEAD_BYTES: usize = 2048;
/// Of an entry of a list.
const ENTRY_BYTES: usize = 256;
/// Of a member of a gateway.
const MEMBER_BYTES: usize = 67;

impl JoinAnswer {
    /// As `serde_json` writes it.
    #[must_use]
    pub fn into_json(mut self) -> Vec<u8> {
        let entries = std::mem::take(&mut self.status.peer_info_list);
        let members = self.gateway.as_mut().map(|gateway| std::mem::take(&mut gateway.members));
        let members = members.unwrap_or_default();
        let mut rest = Vec::with_capacity(HEAD_BYTES);
        add(&mut rest, &self);
        let Some((before, between)) = parts(&rest, !members.is_empty()) else {
            self.status.peer_info_list = entries;
            if let Some(gateway) = &mut self.gateway {
                gateway.members = members;
            }
            return serde_json::to_vec(&self).unwrap_or_default();
        };
        let room = rest.len() + ENTRY_BYTES * entries.len() + MEMBER_BYTES * members.len();
        let mut out = Vec::with_capacity(room);
        out.extend_from_slice(before);
        for (at, member) in members.iter().enumerate() {
            out.extend_from_slice(if at == 0 { b"\"" } else { b",\"" });
            out.extend_from_slice(member.digits().as_ascii());
            out.push(b'"');
        }
        out.extend_from_slice(between);
        for (at, one) in entries.iter().enumerate() {
            out.push(if at == 0 { b'[' } else { b',' });
            entry(&mut out, one);
        }
        out.extend_from_slice(if entries.is_empty() { b"[]}}" } else { b"]}}" });
        out
    }
}

/// What stands before the members of the gateway, where there are any, and from there to the list,
/// which is the last of an answer; neither is in it.
fn parts(rest: &[u8], has_members: bool) -> Option<(&[u8], &[u8])> {
    let head = rest.strip_suffix(b"[]}}")?;
    if !has_members {
        return Some((head, &[]));
    }
    // No text has a quote that is not escaped, and nothing behind it has this name.
    const NAME: &[u8] = br#""members":["#;
    let at = head.windows(NAME.len()).rposition(|part| part == NAME)?;
    Some(head.split_at(at + NAME.len()))
}

/// Anything; what is in an answer can be written, and memory takes it.
fn add(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    let _ = serde_json::to_writer(out, value);
}

fn entry(out: &mut Vec<u8>, entry: &PeerEntry) {
    out.extend_from_slice(br#"{"peer-id":""#);
    out.extend_from_slice(entry.peer_id.digits().as_ascii());
    out.extend_from_slice(br#"","peer_addr":["#);
    for (at, one) in entry.peer_addr.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        address(out, one);
    }
    out.push(b']');
    if let Some(via) = &entry.via {
        out.extend_from_slice(br#","via":""#);
        out.extend_from_slice(via.digits().as_ascii());
        out.push(b'"');
    }
    if let Some(nat) = &entry.nat {
        out.extend_from_slice(br#","nat":"#);
        add(out, nat);
    }
    out.extend_from_slice(match entry.peer_type {
        PeerType::Peer => br#","peer-type":"peer","rank":"#,
        PeerType::Cache => br#","peer-type":"cache","rank":"#,
        PeerType::Relay => br#","peer-type":"relay","rank":"#,
    });
    match entry.rank {
        Some(rank) => number(out, rank),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(match entry.bridge {
        true => br#","bridge":true,"score":"#,
        false => br#","bridge":false,"score":"#,
    });
    share(out, entry.score);
    if let Some(status) = &entry.status {
        out.extend_from_slice(br#","status":"#);
        add(out, status);
    }
    if let Some(reason) = &entry.reason {
        out.extend_from_slice(br#","reason":"#);
        add(out, reason);
    }
    out.push(b'}');
}

fn address(out: &mut Vec<u8>, address: &PeerAddress) {
    out.extend_from_slice(br#"{"ip_address":""#);
    match address.ip_address {
        IpAddr::V4(address) => {
            for (at, octet) in address.octets().into_iter().enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                number(out, octet.into());
            }
        }
        IpAddr::V6(address) => {
            let _ = write!(out, "{address}");
        }
    }
    out.extend_from_slice(br#"","port":"#);
    number(out, address.port.into());
    out.extend_from_slice(match address.kind {
        AddressKind::Host => br#","type":"HOST"}"#,
        AddressKind::Reflexive => br#","type":"REFLEXIVE"}"#,
        AddressKind::Proxy => br#","type":"PROXY"}"#,
    });
}

/// A share; those that are told are whole thousandths, and most of what is written of a list.
fn share(out: &mut Vec<u8>, share: f32) {
    let thousandths = (share * 1000.0).round();
    let is_told =
        share.is_sign_positive() && thousandths <= 1000.0 && thousandths / 1000.0 == share;
    if !is_told {
        return add(out, &share);
    }
    let number = thousandths as u32;
    let digit = |number: u32| b'0' + (number % 10) as u8;
    let digits =
        [digit(number / 1000), b'.', digit(number / 100), digit(number / 10), digit(number)];
    let length = match (number.is_multiple_of(100), number.is_multiple_of(10)) {
        (true, _) => 3,
        (false, true) => 4,
        (false, false) => 5,
    };
    out.extend_from_slice(&digits[..length]);
}

/// In decimal digits.
fn number(out: &mut Vec<u8>, number: u32) {
    let (mut digits, mut begin, mut left) = ([0; 10], 10, number);
    loop {
        begin -= 1;
        digits[begin] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[begin..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::PeerId;
    use crate::message::bound::List;
    use crate::message::join::Nat;
    use crate::message::list::Demotion;
    use crate::message::status::PeerStatus;

    fn answer(entries: Vec<PeerEntry>, members: Option<Vec<PeerId>>) -> JoinAnswer {
        let peer = "a".repeat(64);
        let text = format!(
            r#"{{"overlay-id":"film","peer-id":"{peer}","ticket-id":7,"expires":90,
                "heartbeat-interval":30,
                "observed":{{"ip_address":"192.0.2.1","port":7000,"type":"REFLEXIVE"}},
                "report-policy":{{"status-interval":30}},"passkey":"p","oms-key":"k",
                "trust-domain":"t","epoch":3,
                "gateway":{{"quota":1,"members":["{peer}"],"ordinal":0}},
                "status":{{"num_peers":3,"ranked-by":"map","peer_info_list":[]}}}}"#
        );
        let mut answer: JoinAnswer = serde_json::from_str(&text).unwrap();
        answer.status.peer_info_list = List::new(entries).unwrap();
        match members {
            Some(members) => answer.gateway.as_mut().unwrap().members = List::new(members).unwrap(),
            None => answer.gateway = None,
        }
        answer
    }

    fn addresses() -> impl Strategy<Value = PeerAddress> {
        let kinds = [AddressKind::Host, AddressKind::Reflexive, AddressKind::Proxy];
        (any::<IpAddr>(), any::<u16>(), prop::sample::select(kinds.to_vec()))
            .prop_map(|(ip_address, port, kind)| PeerAddress { ip_address, port, kind })
    }

    fn entries() -> impl Strategy<Value = PeerEntry> {
        let peer = || any::<[u8; 32]>().prop_map(PeerId::of_digest);
        let nat = [Nat::None, Nat::Unknown, Nat::Cone, Nat::Symmetric, Nat::Blocked];
        let kinds = [PeerType::Peer, PeerType::Cache, PeerType::Relay];
        let reasons = [Demotion::Overload, Demotion::Unreliable];
        let status = (0.0..=1.0_f32, any::<[u64; 3]>(), any::<[u32; 4]>());
        let status = status.prop_map(|(cpu_load, rates, counts)| {
            let [up_bps, max_up_bps, down_bps] = rates;
            let [connections, max_connections, punched, relayed] = counts;
            PeerStatus {
                cpu_load,
                up_bps,
                max_up_bps,
                down_bps,
                connections,
                max_connections,
                punched,
                relayed,
            }
        });
        let who = (peer(), prop::collection::vec(addresses(), 0..3), prop::option::of(peer()));
        let what = (
            prop::option::of(prop::sample::select(nat.to_vec())),
            prop::sample::select(kinds.to_vec()),
            prop::option::of(any::<u32>()),
            any::<bool>(),
            any::<f32>(),
            prop::option::of(status),
            prop::option::of(prop::sample::select(reasons.to_vec())),
        );
        (who, what).prop_map(|((peer_id, addresses, via), what)| {
            let (nat, peer_type, rank, bridge, score, status, reason) = what;
            let peer_addr = addresses.into_iter().collect();
            PeerEntry {
                peer_id,
                peer_addr,
                via,
                nat,
                peer_type,
                rank,
                bridge,
                score,
                status,
                reason,
            }
        })
    }

    #[test]
    fn every_share_that_is_told_is_written_as_everything_else() {
        let others =
            [-0.0, 0.000_1, 0.999_9, 1.001, 7.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE];
        for one in (0..=1000).map(|number| number as f32 / 1000.0).chain(others) {
            let mut out = Vec::new();
            share(&mut out, one);
            assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&one).unwrap());
        }
    }

    proptest! {
        #[test]
        fn a_list_is_written_as_everything_else(
            entries in prop::collection::vec(entries(), 0..9),
            members in prop::option::of(prop::collection::vec(any::<[u8; 32]>(), 0..4)),
        ) {
            let members = members.map(|all| all.into_iter().map(PeerId::of_digest).collect());
            let answer = answer(entries, members);
            let plain = serde_json::to_string(&answer).unwrap();
            prop_assert_eq!(String::from_utf8(answer.into_json()).unwrap(), plain);
        }
    }
}
