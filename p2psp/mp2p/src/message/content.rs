//! Contents: registration and search (TR 20002 §8.3.5; X.609.9 `OCMP_CONTENT_REGISTER`, `_QUERY`).

use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId};
use crate::message::bound::{List, Text};
use crate::message::overlay::{MAX_DESCRIPTION_BYTES, MAX_TITLE_BYTES};

/// Answers of one search at most.
pub const MAX_FOUND: usize = 100;

/// A content and where it is exchanged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct OverlayContent {
    /// Which content.
    pub content_id: ContentId,
    /// Where it is exchanged; several contents may share an overlay.
    pub overlay_id: OverlayId,
    /// For people, and searched.
    pub title: Text<MAX_TITLE_BYTES>,
    /// For people, and searched.
    #[serde(default)]
    pub description: Text<MAX_DESCRIPTION_BYTES>,
    /// Length in bytes.
    #[serde(default)]
    pub size: u64,
}

/// What a search found, best first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// The contents.
    pub contents: List<OverlayContent, MAX_FOUND>,
    /// Where to join: base URL of OMS.
    pub oms: String,
}
