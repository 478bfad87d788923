//! Overlays: what is asked for, and what is told before joining (TR 20002 §7.4, Req-Net-040;
//! Q.4103 `POST` and `GET` of an overlay).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId, UserId};
use crate::message::bound::{List, Text};
use crate::message::join::ReportWish;

/// Longest title, bytes.
pub const MAX_TITLE_BYTES: usize = 256;
/// Longest description, bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 2048;
/// Users whom a closed overlay is open to, at most.
pub const MAX_USERS: usize = 1000;

/// An overlay to be.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverlayRequest {
    /// The overlay's name.
    pub overlay_id: OverlayId,
    /// Its title, for people.
    #[serde(default)]
    pub title: Text<MAX_TITLE_BYTES>,
    /// More words about it, for people.
    #[serde(default)]
    pub description: Text<MAX_DESCRIPTION_BYTES>,
    /// What it is for.
    #[serde(rename = "type", default)]
    pub kind: ServiceKind,
    /// What it has to give.
    #[serde(default)]
    pub requirements: Requirements,
    /// Who may take part.
    #[serde(default)]
    pub access: Access,
    /// How often members are to report, where the service wants it otherwise than the provider.
    #[serde(default)]
    pub report_policy: ReportWish,
}

impl OverlayRequest {
    /// An open overlay for files that asks for nothing.
    #[must_use]
    pub fn named(overlay_id: OverlayId) -> Self {
        Self {
            overlay_id,
            title: Text::default(),
            description: Text::default(),
            kind: ServiceKind::File,
            requirements: Requirements::default(),
            access: Access::default(),
            report_policy: ReportWish::default(),
        }
    }
}

/// What a service needs of its overlay (TR 20002 §7.4, Req-Serv-020). 0 asks for nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Requirements {
    /// To each consumer, bit/s.
    pub bandwidth_bps: u64,
    /// Between two members, ms.
    pub latency_ms: u32,
    /// Copies of the content that stay reachable, caches included.
    pub reliability: u16,
    /// To be reserved with cache servers, bytes.
    pub cache_bytes: u64,
    /// To be reserved with relay servers, bit/s.
    pub relay_bps: u64,
}

/// Who may take part (TR 20002 §7.4; Q.4103 `auth`).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Access {
    /// Whether everybody may.
    #[serde(rename = "type")]
    pub kind: AccessKind,
    /// Who may take part in a closed one, its owner besides. Told to the owner and operators.
    #[serde(skip_serializing_if = "is_none")]
    pub users: List<UserId, MAX_USERS>,
}

/// Whether everybody may take part.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// Everybody may take part.
    #[default]
    Open,
    /// The owner and the users listed.
    Closed,
}

fn is_none(users: &[UserId]) -> bool {
    users.is_empty()
}

/// `PUT /oms/overlay`: what its owner changes; what is absent stays.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverlayChange {
    /// The overlay to change.
    pub overlay_id: OverlayId,
    /// Its new title, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<MAX_TITLE_BYTES>>,
    /// The new words about it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<MAX_DESCRIPTION_BYTES>>,
    /// What it has to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirements: Option<Requirements>,
    /// Who may take part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// How often members are to report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_policy: Option<ReportWish>,
}

/// What an overlay is for (TR 20002 §7.4.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// Files.
    #[default]
    File,
    /// Live streams.
    Live,
    /// Conversation.
    RealTime,
}

/// An overlay, as told before joining.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverlayDescription {
    /// What was asked for.
    #[serde(flatten)]
    pub request: OverlayRequest,
    /// Who created it.
    pub owner_id: Option<PeerId>,
    /// When, Unix seconds.
    pub created: u64,
    /// Last join, refresh or leave, Unix seconds.
    pub last_active: u64,
    /// Members now.
    #[serde(rename = "num_peers")]
    pub num_peers: u64,
    /// How well it is served.
    #[serde(default)]
    pub health: Health,
}

/// How an overlay is, before one joins it (Req-Net-040, Req-Serv-010).
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Health {
    /// Caches among the members.
    pub caches: u32,
    /// Members that cannot be reached from outside without a relay.
    pub behind_nat: u32,
    /// Failures of members that others reported of late.
    pub failures: u32,
    /// Reserved with cache servers, bytes.
    pub reserved_cache_bytes: u64,
    /// Reserved with relay servers, bit/s.
    pub reserved_relay_bps: u64,
    /// Whether what its requirements ask for is there.
    pub meets_requirements: bool,
}
