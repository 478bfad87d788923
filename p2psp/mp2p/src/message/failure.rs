//! `POST /oms/peer/report`: other peers fail (Req-Net-050, Req-Net-080; Q.4103 `POST
//! /peer/report`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId};
use crate::message::bound::List;
use crate::message::event::Signed;

/// Failures of one report at most.
pub const MAX_FAILURES: usize = 64;

/// What went wrong.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// Nobody answers at its address.
    Unreachable,
    /// Far below what it announces.
    Slow,
    /// It stopped in the middle.
    Timeout,
    /// It sent other bytes than the index file says.
    BadFragment,
    /// It says that it has too much to do.
    Overload,
}

/// What happened with one peer.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// What failed.
    pub kind: FailureKind,
    /// The member with which it failed.
    pub peer_id: PeerId,
    /// At which fragment of the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fragment: Option<u64>,
    /// What the other signed when it sent the fragment: proves a bad one by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Signed>,
    /// When, Unix seconds.
    pub at: u64,
}

/// A peer's report.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FailureReport {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// What happened.
    pub reports: List<Failure, MAX_FAILURES>,
}
