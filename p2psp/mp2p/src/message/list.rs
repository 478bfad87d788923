//! The ranked peer list (TR 20002 §8.3.1 step 4; Q.4103 `peer_info_list`).

mod written;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::PeerId;
use crate::message::addresses::Addresses;
use crate::message::bound::List;
use crate::message::join::Nat;
use crate::message::status::PeerStatus;

/// Entries of a list at most.
pub const MAX_ENTRIES: usize = 200;

/// The selected peers of an overlay, best first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct PeerList {
    /// Members of the overlay, the asker included.
    pub num_peers: u64,
    /// What the order rests on.
    #[serde(rename = "ranked-by")]
    pub ranked_by: RankedBy,
    /// Who did not answer, so that the list goes without what they know.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lacks: List<Lack, 2>,
    /// The members, the one to ask first at the top.
    pub peer_info_list: List<PeerEntry, MAX_ENTRIES>,
}

fn is_none(lacks: &List<Lack, 2>) -> bool {
    lacks.is_empty()
}

/// A server of the provider that was silent.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// Scores are those of peers that reported nothing, and nobody counts as overloaded.
    Pams,
    /// The asker has the class that it had, a newcomer the lowest; and nobody hears who was locked
    /// out or lost meanwhile, so that they may be in lists.
    Ums,
}

/// What an order rests on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankedBy {
    /// The ISP's current map.
    Map,
    /// The last map that the ISP sent, too long ago.
    StaleMap,
    /// The ISP's endpoint cost service.
    Ecs,
    /// Nothing of the network: scores alone.
    Score,
}

/// One peer of a list.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PeerEntry {
    /// The member.
    pub peer_id: PeerId,
    /// Where it is reached.
    #[serde(rename = "peer_addr")]
    pub peer_addr: Addresses,
    /// The relay server whose address that is, where the peer is not reached otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PeerId>,
    /// What stands between it and the others, where it is met by rendezvous
    /// ([`crate::message::rendezvous`]): its address is then where OMS sees it, not to be dialled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nat: Option<Nat>,
    /// A peer of a user's, a cache or a relay.
    pub peer_type: PeerType,
    /// How near, from 1; equally near ones share it. Costs are the ISP's own. `None`: unknown.
    pub rank: Option<u32>,
    /// Stands here so that regions stay connected, though nearer ones are left out.
    #[serde(default)]
    pub bridge: bool,
    /// How much it can give now, 0 to 1 (TR 20002 Annex A.1, second method).
    pub score: f32,
    /// Its status, where its user agreed (first method).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PeerStatus>,
    /// Why it stands lower than its rank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Demotion>,
}

/// What a peer is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerType {
    /// A peer of a user's.
    #[default]
    Peer,
    /// A cache server (TR 20002 §8.2.5).
    Cache,
    /// A relay server (§8.2.6).
    Relay,
}

/// Why a peer stands lower than its rank.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demotion {
    /// It has too much to do (TR 20002 §8.3.2).
    Overload,
    /// Several users reported failures of it of late (Req-Net-060).
    Unreliable,
}
