//! Forced stop (TR 20002 §8.3.4): what an authority asks of IXS, and what comes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId};
use crate::message::bound::{List, Text};
use crate::message::content::MAX_REASON_BYTES;

/// Takedowns of one answer at most.
pub const MAX_TAKEDOWNS: usize = 1000;
/// Longest name of a takedown, bytes.
pub const MAX_ID_BYTES: usize = 64;
/// Longest signed acknowledgement, bytes.
pub const MAX_ACK_BYTES: usize = 4096;

/// An authority wants a distribution to end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TakedownRequest {
    /// Of one content; the only one of an overlay ends the overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<ContentId>,
    /// Of all contents of an overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay_id: Option<OverlayId>,
    /// Why; peers are told, and it goes on record.
    pub reason: Text<MAX_REASON_BYTES>,
    /// Whether the fragments are forbidden too, in whichever content they turn up.
    #[serde(default)]
    pub deny_fragments: bool,
}

/// How far a forced stop has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakedownState {
    /// Nobody finds it any more; OMS does not know yet.
    Pending,
    /// OMS tells the peers.
    Stopping,
    /// All who can be reached have stopped.
    Done,
    /// It is allowed again.
    Lifted,
}

/// A forced stop and its result.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Takedown {
    /// The takedown's name.
    pub takedown_id: Text<MAX_ID_BYTES>,
    /// Of which content; absent: of the whole overlay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<ContentId>,
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// The reason, for people to read.
    pub reason: Text<MAX_REASON_BYTES>,
    /// The authority or operator who asked for it.
    pub authority: String,
    /// When, Unix seconds.
    pub at: u64,
    /// How far it has come.
    pub state: TakedownState,
    /// Of the stop that OMS signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// What OMS reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StopResult>,
    /// Who allowed it again, and why; absent while it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lift: Option<Lift>,
}

/// A takedown is over.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lift {
    /// Why.
    pub reason: Text<MAX_REASON_BYTES>,
    /// Who asked for it.
    pub authority: String,
    /// When, Unix seconds.
    pub at: u64,
    /// Whether OMS knows.
    pub told: bool,
}

/// What became of a stop (§8.3.4 step 5).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StopResult {
    /// Peers and servers that took part when it was signed.
    pub members: u64,
    /// Of these, who was told by OMS: over the event stream, or when it came to refresh.
    pub notified: u64,
    /// Of these, who signed that it has stopped; also who heard of it from others.
    pub acknowledged: u64,
    /// Of these, who was not told and said nothing.
    pub offline: u64,
    /// To how many others those who stopped passed it on, in sum.
    pub forwarded: u64,
}

/// Takedowns, the latest first.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Takedowns {
    /// The takedowns.
    pub takedowns: List<Takedown, MAX_TAKEDOWNS>,
}

/// `POST /oms/stop-ack`: a peer has stopped; signed, so that others may pass it on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StopAcknowledgement {
    /// What the peer signed ([`crate::stop::StopAck`]).
    pub stop_ack: Text<MAX_ACK_BYTES>,
}
