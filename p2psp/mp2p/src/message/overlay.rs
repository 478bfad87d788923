//! Overlays: what is asked for, and what is told before joining (TR 20002 §7.4, Req-Net-040;
//! Q.4103 `POST` and `GET` of an overlay).

use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId};
use crate::message::bound::Text;

/// Longest title, bytes.
pub const MAX_TITLE_BYTES: usize = 256;
/// Longest description, bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 2048;

/// An overlay to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverlayRequest {
    /// Its name.
    pub overlay_id: OverlayId,
    /// For people.
    #[serde(default)]
    pub title: Text<MAX_TITLE_BYTES>,
    /// For people.
    #[serde(default)]
    pub description: Text<MAX_DESCRIPTION_BYTES>,
    /// What it is for.
    #[serde(rename = "type", default)]
    pub kind: ServiceKind,
}

/// What an overlay is for (TR 20002 §7.4.1).
#[derive(Copy, Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
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
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
}
