//! Reports of distribution and what comes of them (TR 20002 §7.7.1, §8.3.8).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::{List, Text};
use crate::receipt::MAX_RECEIPT_BYTES;

/// Receipts of one request at most.
pub const MAX_RECEIPTS: usize = 50;
/// Partners of one success report at most.
pub const MAX_PARTNERS: usize = 128;
/// Ranges of fragments with one partner at most.
pub const MAX_RANGES: usize = 256;
/// Distances of one success report at most.
pub const MAX_DISTANCES: usize = 64;

/// Receipts for UMS; both ends may send theirs.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Receipts {
    /// Signed objects of [`crate::receipt`].
    pub receipts: List<Text<MAX_RECEIPT_BYTES>, MAX_RECEIPTS>,
}

/// What became of receipts, in their order.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReceiptsAnswer {
    /// One entry a receipt.
    pub receipts: Vec<ReceiptOutcome>,
}

/// What became of a receipt.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum ReceiptOutcome {
    /// It told something new and is on the disk.
    #[serde(rename_all = "kebab-case")]
    Accepted {
        /// Bytes that it credits to the contributor.
        credited: u64,
        /// Why these are fewer than it tells of anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limited_by: Option<Limit>,
    },
    /// All that it tells was known.
    Duplicate,
    /// It counts for nothing.
    Refused {
        /// A word that programs can rely on.
        code: RefusalCode,
        /// The reason, for people to read.
        reason: String,
    },
}

/// What bounds credit.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Both peers are one user's.
    SameUser,
    /// The two users have exchanged much today.
    Pair,
    /// The contributor's user has earned much today.
    User,
}

/// Why a receipt counts for nothing.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// No signed receipt, or one that cannot be meant.
    Malformed,
    /// The sender is neither contributor, consumer nor relay.
    NotYours,
    /// A peer of it never joined.
    UnknownPeer,
    /// The same number of the same epoch says something else; both are kept and an operator told.
    Conflict,
    /// A later one says less than an earlier.
    Decreasing,
    /// One end's user is locked out.
    LockedOut,
    /// More than any line carries in a day.
    Implausible,
}

/// An aggregated report of success (TR 20002 §8.3.8 step 2). Numbers are since the last report; the
/// reporter counts its reports.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuccessReport {
    /// The overlay in which it was fetched.
    pub overlay_id: OverlayId,
    /// The content.
    pub content_id: ContentId,
    /// Counts the reports of this peer, from 1; one that was taken is not taken again.
    pub seq: u64,
    /// Fragments got that passed their check.
    #[serde(default)]
    pub fragments: u64,
    /// Bytes got, likewise.
    #[serde(default)]
    pub bytes: u64,
    /// Seconds that this took.
    #[serde(default)]
    pub seconds: u64,
    /// Whether the content is whole now.
    #[serde(default)]
    pub complete: bool,
    /// Bytes got by the rank of who gave, as the list had it; 0: not in the list.
    #[serde(default)]
    pub by_distance: BTreeMap<u32, u64>,
    /// With whom, and which fragments.
    #[serde(default)]
    pub partners: List<Partner, MAX_PARTNERS>,
}

/// What was exchanged with one peer.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Partner {
    /// The peer it was exchanged with.
    pub peer_id: PeerId,
    /// Whether the reporter gave or got.
    pub direction: Direction,
    /// Bytes exchanged.
    pub bytes: u64,
    /// Fragments by their index, first and last of each range.
    pub fragments: List<(u32, u32), MAX_RANGES>,
}

/// Which way, as the reporter sees it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The reporter gave.
    Sent,
    /// The reporter got.
    Received,
}

/// Whether a success report was new.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SuccessAnswer {
    /// `false`: it was here before.
    pub is_new: bool,
}

/// How contents of an overlay were distributed (Req-Dist-010).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DistributionResult {
    /// Of which overlay.
    pub overlay_id: OverlayId,
    /// Since when, Unix seconds.
    pub since: u64,
    /// One entry a content, by its id.
    pub contents: Vec<ContentResult>,
}

/// How one content was distributed.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ContentResult {
    /// The content.
    pub content_id: ContentId,
    /// Peers that got some of it.
    pub consumers: u64,
    /// Peers that got all of it.
    pub complete: u64,
    /// Peers that gave some of it.
    pub contributors: u64,
    /// Bytes got, by the consumers' reports.
    pub bytes: u64,
    /// Fragments got, by the consumers' reports.
    pub fragments: u64,
    /// Seconds that this took, over all consumers.
    pub seconds: u64,
    /// Bytes that consumers signed receipts for.
    pub receipted: u64,
    /// Fragments that consumers rejected, by their receipts.
    pub rejected: u64,
    /// Bytes got by the rank of who gave.
    pub by_distance: BTreeMap<u32, u64>,
    /// Errors that OMS was told of.
    pub errors: u64,
    /// Of these, fragments that the other end reported as a success: not counted as one
    /// (TR 20002 §8.3.8 step 4).
    pub contradicted: u64,
    /// When the first report came, Unix seconds.
    pub first: u64,
    /// When the last report came, Unix seconds.
    pub last: u64,
}
