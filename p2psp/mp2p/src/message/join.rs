//! Join, refresh, leave (TR 20002 §8.3.1 steps 1 and 4; Q.4103 `POST`, `PUT` and `DELETE /peer`).

use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId};
use crate::message::bound::List;
use crate::message::event::Signed;
use crate::message::gateway::Gateway;
use crate::message::list::PeerList;
use crate::message::server::Reserved;

/// Stops of single contents in an answer at most, the latest first.
pub const MAX_STOPS: usize = 64;
/// Ports of STUN that a peer is told of at most.
pub const MAX_STUN_PORTS: usize = 4;
/// Addresses that a peer announces at most.
pub const MAX_ADDRESSES: usize = 8;

/// A peer wants to take part; the same body refreshes its part.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JoinRequest {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// Which peer; has to be the one of the certificate.
    pub peer_id: PeerId,
    /// Where it can be reached, as far as it knows. The address that OMS observes wins,
    /// the port is the one that others are sent to.
    #[serde(rename = "peer_addr")]
    #[schemars(extend("minItems" = 1))]
    pub peer_addr: List<PeerAddress, MAX_ADDRESSES>,
    /// What stands between it and the others.
    #[serde(default)]
    pub nat: Nat,
    /// Whether it opens ways to others at OMS' word ([`crate::message::rendezvous`]).
    #[serde(default)]
    pub rendezvous: bool,
    /// The relay server that was assigned to it and does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_failed: Option<PeerId>,
    /// What it gives, and to whom.
    #[serde(default)]
    pub sharing_policy: SharingPolicy,
    /// How many peers it wants to hear of.
    #[serde(rename = "peer_num", default)]
    pub peer_num: Option<u16>,
}

/// One address (RFC 7846 `peer_addr`).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PeerAddress {
    /// The address.
    #[schemars(schema_with = "address")]
    pub ip_address: IpAddr,
    /// TCP port.
    pub port: u16,
    /// How it is known.
    #[serde(rename = "type", default)]
    pub kind: AddressKind,
}

fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]})
}

/// How an address is known (RFC 7846, RFC 8445).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AddressKind {
    /// The peer says so.
    #[default]
    Host,
    /// OMS saw the peer come from there.
    Reflexive,
    /// It is the address of a relay that leads to the peer.
    Proxy,
}

/// What is between a peer and the others (RFC 7846 `ability_nat`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// Nothing: it can be dialled.
    None,
    /// The peer does not know.
    #[default]
    Unknown,
    /// A NAT that shows the same port to everybody.
    Cone,
    /// A NAT that shows another port to each destination.
    Symmetric,
    /// A firewall: nothing comes in that was not asked for.
    Blocked,
}

/// What a peer gives, and to whom (TR 20002 §7.5.3).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct SharingPolicy {
    /// The lowest class that it serves.
    pub class_floor: u8,
    /// Whether its status may be shown as it is, instead of a score (TR 20002 Annex A.1).
    pub show_status: bool,
}

/// The peer takes part.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct JoinAnswer {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// The peer that joined.
    pub peer_id: PeerId,
    /// When it joined, in the order of all joins of the overlay.
    pub ticket_id: u64,
    /// Seconds after which it is forgotten without a refresh.
    pub expires: u64,
    /// Seconds between refreshes.
    pub heartbeat_interval: u64,
    /// The address that OMS sees: tells a peer whether it is behind NAT.
    pub observed: PeerAddress,
    /// Whether OMS got through to the announced port; absent while it does not know. Where it is
    /// `false`, the peer is listed only by way of a relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
    /// TCP ports at OMS' own address where a peer is told how it is seen from outside (STUN,
    /// RFC 8489): mapped alike for two of them, its mappings are kept.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub stun: List<u16, MAX_STUN_PORTS>,
    /// How and how often to report.
    pub report_policy: ReportPolicy,
    /// Says to others who the peer is; absent where none could be signed.
    pub passkey: Option<String>,
    /// The key to check passkeys, stops and reservations with: Ed25519, 32 bytes, base64url.
    pub oms_key: String,
    /// The provider: passkeys are issued in its name.
    pub trust_domain: String,
    /// Who of the own network fetches what from outside; absent where no map says who is near.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// A relay server for a peer that cannot be reached (§8.3.3 step 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<Reserved>,
    /// Passkeys of older epochs are void.
    pub epoch: u64,
    /// Whether the overlay is closed: members show each other their passkeys, and let nobody in
    /// who has none.
    #[serde(default)]
    pub closed: bool,
    /// Contents of the overlay whose distribution has to end ([`crate::stop::Stop`]).
    #[serde(default, skip_serializing_if = "is_empty")]
    pub stops: List<Signed, MAX_STOPS>,
    /// Numbers of stops of the overlay that are void: what they ended may go on.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub void_stops: List<u64, MAX_STOPS>,
    /// The ranked list of the other members.
    pub status: PeerList,
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

/// What to report, how often, to whom (TR 20002 §7.7.1).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReportPolicy {
    /// Seconds between reports of status to PAMS.
    pub status_interval: u64,
    /// A receipt for a contributor every so many fragments,
    #[serde(default = "default_receipt_fragments")]
    pub receipt_fragments: u32,
    /// or after so many seconds, whichever comes first.
    #[serde(default = "default_receipt_seconds")]
    pub receipt_seconds: u64,
    /// Seconds between reports of success to UMS; their numbers are sums.
    #[serde(default = "default_success_interval")]
    pub success_interval: u64,
    /// Where reports go; the server of this answer where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

const fn default_receipt_fragments() -> u32 {
    ReportPolicy::STANDARD.receipt_fragments
}

const fn default_receipt_seconds() -> u64 {
    ReportPolicy::STANDARD.receipt_seconds
}

const fn default_success_interval() -> u64 {
    ReportPolicy::STANDARD.success_interval
}

impl ReportPolicy {
    /// Where nobody says otherwise.
    pub const STANDARD: Self = Self {
        status_interval: 30,
        receipt_fragments: 8,
        receipt_seconds: 10,
        success_interval: 60,
        to: None,
    };
}

/// What a service wants reported how often; what is absent is the provider's choice.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ReportWish {
    /// Seconds between reports of status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_interval: Option<u64>,
    /// Fragments of one receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_fragments: Option<u32>,
    /// Seconds between two receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_seconds: Option<u64>,
    /// Seconds between reports of success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_interval: Option<u64>,
}

/// A peer leaves.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LeaveRequest {
    /// Which overlay.
    pub overlay_id: OverlayId,
    /// Which peer; has to be the one of the certificate.
    pub peer_id: PeerId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_that_nobody_knows_are_ignored_and_absent_ones_have_defaults() {
        let peer = "a".repeat(64);
        let text = format!(
            r#"{{"overlay-id":"film","peer-id":"{peer}","colour":"blue",
                "peer_addr":[{{"ip_address":"192.0.2.1","port":7000,"x":1}}]}}"#
        );
        let join: JoinRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(join.peer_addr[0].kind, AddressKind::Host);
        assert_eq!((join.nat, join.sharing_policy.class_floor), (Nat::Unknown, 0));
    }
}
