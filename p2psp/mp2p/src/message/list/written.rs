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
/// Of a gateway.
const GATEWAY_BYTES: usize = 68;

impl JoinAnswer {
    /// As `serde_json` writes it.
    #[must_use]
    pub fn into_json(mut self) -> Vec<u8> {
        let entries = std::mem::take(&mut self.status.peer_info_list);
        let gateways = self.gateway.as_ref().map_or(0, |gateway| gateway.members.len());
        let room = HEAD_BYTES + ENTRY_BYTES * entries.len() + GATEWAY_BYTES * gateways;
        let mut out = Vec::with_capacity(room);
        add(&mut out, &self);
        // The list is the last of it.
        let Some(head) = out.strip_suffix(b"[]}}").map(<[u8]>::len) else {
            self.status.peer_info_list = entries;
            return serde_json::to_vec(&self).unwrap_or_default();
        };
        out.truncate(head);
        for (at, one) in entries.iter().enumerate() {
            out.push(if at == 0 { b'[' } else { b',' });
            entry(&mut out, one);
        }
        out.extend_from_slice(if entries.is_empty() { b"[]}}" } else { b"]}}" });
        out
    }
}

/// Anything; what is in an answer can be written, and memory takes it.
fn add(out: &mut Vec<u8>, value: &impl serde::Serialize) {
    let _ = serde_json::to_writer(out, value);
}

fn entry(out: &mut Vec<u8>, entry: &PeerEntry) {
    out.extend_from_slice(br#"{"peer-id":""#);
    out.extend_from_slice(entry.peer_id.digits().as_bytes());
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
        out.extend_from_slice(via.digits().as_bytes());
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
    add(out, &entry.score);
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

    fn answer(entries: Vec<PeerEntry>) -> JoinAnswer {
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
        let status = any::<u64>().prop_map(|up_bps| PeerStatus { up_bps, ..PeerStatus::default() });
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
            let peer_addr = List::new(addresses).unwrap();
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

    proptest! {
        #[test]
        fn a_list_is_written_as_everything_else(entries in prop::collection::vec(entries(), 0..9)) {
            let answer = answer(entries);
            let plain = serde_json::to_string(&answer).unwrap();
            prop_assert_eq!(String::from_utf8(answer.into_json()).unwrap(), plain);
        }
    }
}
