//! Contents: registration, search, index files and the list of what is forbidden (TR 20002 §8.3.5;
//! X.609.9 `OCMP_CONTENT_REGISTER`, `_UPDATE`, `_REMOVE`, `_QUERY`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId};
use crate::message::bound::{List, Text};
use crate::message::overlay::{MAX_DESCRIPTION_BYTES, MAX_TITLE_BYTES};
use crate::signed::MAX_SIGNED_BYTES;

/// Answers of one search at most.
pub const MAX_FOUND: usize = 100;
/// Digests of one request or answer at most.
pub const MAX_DIGESTS: usize = 10_000;
/// Longest reason, bytes.
pub const MAX_REASON_BYTES: usize = 512;

/// A content or service is registered, or changed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Registration {
    /// What it consists of, signed by who publishes it ([`crate::index_file`]).
    pub index_file: Text<MAX_SIGNED_BYTES>,
    /// The content that it is a new version of, in the same overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ContentId>,
}

/// A content and where it is exchanged.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
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
    /// Length in bytes; 0 of a service.
    #[serde(default)]
    pub size: u64,
    /// Its overlay is over, removed or left by all for long: nobody exchanges it until its owner
    /// makes the overlay again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

/// What a search found, best first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// The contents.
    pub contents: List<OverlayContent, MAX_FOUND>,
    /// Where to join: base URL of OMS.
    pub oms: String,
}

/// The index file of a content.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct IndexAnswer {
    /// As its publisher signed it.
    pub index_file: Text<MAX_SIGNED_BYTES>,
    /// Where the content is exchanged.
    pub overlay_id: OverlayId,
    /// Where to join: base URL of OMS.
    pub oms: String,
}

/// What is forbidden (Req-Content-020).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeniedKind {
    /// A whole content.
    Content,
    /// A fragment, in whichever content it turns up.
    Fragment,
}

/// A digest on the list, or off it again.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Denied {
    /// The content's id or the fragment's hash, 64 hex digits.
    pub digest: ContentId,
    /// Whether it is a content's digest or a fragment's.
    pub kind: DeniedKind,
    /// `false`: allowed again.
    #[serde(default = "yes")]
    pub denied: bool,
}

const fn yes() -> bool {
    true
}

/// Changes to the list of what is forbidden.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DenyRequest {
    /// What is put on the list or taken off.
    pub digests: List<Denied, MAX_DIGESTS>,
    /// Why; goes on record.
    pub reason: Text<MAX_REASON_BYTES>,
}

/// Changes since the number that was asked for; the oldest first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Denylist {
    /// To ask for what comes after these.
    pub seq: u64,
    /// The changes; as many as one answer takes mean that there may be more.
    pub digests: List<Denied, MAX_DIGESTS>,
}

/// A signed page of the list ([`crate::denylist`]).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignedDenylist {
    /// The page, compact JWS.
    pub page: Text<MAX_SIGNED_BYTES>,
    /// The key of IXS to check pages with: Ed25519, 32 bytes, base64url.
    pub key: String,
}
