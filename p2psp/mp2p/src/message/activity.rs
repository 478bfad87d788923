//! What PAMS answers: standing, resources, history, the accounts of super peers (TR 20002 §8.3.10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::PeerId;
use crate::message::bound::List;
use crate::message::join::PeerAddress;
use crate::message::resource::Resource;
use crate::message::status::{PeerStatus, StaticStatus};

/// Resources of one answer at most.
pub const MAX_FOUND: usize = 100;
/// Windows of one history at most.
pub const MAX_WINDOWS: usize = 288;
/// Super peers that a peer will not have, at most.
pub const MAX_NOT: usize = 8;
/// Peers of one request for fresh status at most.
pub const MAX_PULLED: usize = 100;

/// How a peer stands. Its status itself is shown to itself, to operators, and where its user
/// agreed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StandingAnswer {
    /// The peer.
    pub peer_id: PeerId,
    /// Seconds since its last report.
    pub age_s: u64,
    /// Reports that did not come since.
    pub missed: u64,
    /// Whether it counts as failed: too many did not come.
    pub failed: bool,
    /// How much it can give now, 0 to 1.
    pub score: f32,
    /// Whether it has too much to do.
    pub overloaded: bool,
    /// What changes by the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PeerStatus>,
    /// What does not change while it runs.
    #[serde(rename = "static", default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<StaticStatus>,
    /// The super peer that reports for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PeerId>,
}

/// Resources that were looked for, best first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResourcesAnswer {
    /// What was found.
    pub resources: List<FoundResource, MAX_FOUND>,
}

/// A resource, and whose it is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FoundResource {
    /// The peer that has it.
    pub peer_id: PeerId,
    /// Seconds since it was reported.
    pub age_s: u64,
    /// How much of it can be had now, 0 to 1.
    pub score: f32,
    /// The resource; its numbers are left out unless the asker may see them.
    pub resource: Resource,
}

/// What a peer did over time, oldest first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HistoryAnswer {
    /// Which peer.
    pub peer_id: PeerId,
    /// Seconds since its last report.
    pub age_s: u64,
    /// Length of a window, seconds.
    pub window_s: u64,
    /// The windows in which it reported.
    pub windows: List<Window, MAX_WINDOWS>,
}

/// What was reported within a window of time.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Window {
    /// Its begin, Unix seconds.
    pub from: u64,
    /// Reports in it.
    pub reports: u32,
    /// Mean load, 0 to 1.
    pub load: f32,
    /// Highest load, 0 to 1.
    pub max_load: f32,
    /// Mean of the measured traffic out, bit/s.
    pub up_bps: u64,
    /// Mean of the measured traffic in, bit/s.
    pub down_bps: u64,
}

/// A peer puts itself in the care of a super peer, which reports for it from then on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareRequest {
    /// The super peer.
    pub super_peer: PeerId,
}

/// A peer wants a super peer of those that offer themselves.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareWish {
    /// Those that did not answer, and are not to be chosen.
    #[serde(default)]
    pub not: List<PeerId, MAX_NOT>,
}

/// The super peer that PAMS has chosen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareGrant {
    /// The super peer.
    pub super_peer: PeerId,
    /// Where it takes reports ([`crate::care`]).
    #[serde(rename = "peer_addr")]
    pub peer_addr: PeerAddress,
}

/// A peer offers itself as a super peer, and says so again at each interval.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareOffer {
    /// Where it takes reports, TCP, at the address that PAMS sees.
    pub port: u16,
    /// Peers that it takes into its care at most.
    pub capacity: u32,
}

/// PAMS has taken an offer down.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareOffered {
    /// Seconds until it is to be made again.
    pub heartbeat_interval: u64,
    /// Peers in its care.
    pub members: u64,
}

/// What a super peer did for others (Req-Traffic-080).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CareAnswer {
    /// The super peer.
    pub super_peer: PeerId,
    /// Peers in its care.
    pub members: u64,
    /// Batches that it sent.
    pub batches: u64,
    /// Reports in them, its own not counted.
    pub reports: u64,
    /// Bytes of the batches.
    pub bytes: u64,
    /// The first of them, Unix seconds.
    pub since: u64,
}

/// PAMS is to ask peers for their status now.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PullRequest {
    /// The peers that are asked.
    pub peers: List<PeerId, MAX_PULLED>,
    /// Seconds to wait for their reports, 10 at most; 0: not at all.
    #[serde(default)]
    pub wait_s: u64,
}

/// What came of it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PullAnswer {
    /// Peers that were asked: they listen to their events.
    pub asked: u64,
    /// How the peers stand now; whoever never reported is left out.
    pub standings: List<StandingAnswer, MAX_PULLED>,
}
