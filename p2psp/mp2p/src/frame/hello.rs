//! Bodies in JSON: HELLO, PELLO, REFRESH, BYE and PEX.

use serde::{Deserialize, Serialize};

use crate::frame::map::Buffermap;
use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::{List, Text};
use crate::message::join::PeerAddress;

/// The version of the protocol spoken here.
pub const VERSION: u16 = 1;
/// Longest passkey on a link.
const MAX_PASSKEY: usize = 4096;

/// Who comes, and with what (HELLO and its answer PELLO).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hello {
    /// [`VERSION`] of the sender.
    pub version: u16,
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// About which content.
    pub content_id: ContentId,
    /// The sender's passkey, compact JWS; without one it is of class 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<Text<MAX_PASSKEY>>,
    /// What it has.
    pub buffermap: Buffermap,
    /// What it gives at most, bits per second; absent: no limit set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_limit: Option<u64>,
    /// Where it listens, TCP; absent: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen_port: Option<u16>,
}

/// The sender is still there; members that are absent did not change.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refresh {
    /// A fresh passkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<Text<MAX_PASSKEY>>,
    /// What it gives at most, bits per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_limit: Option<u64>,
}

/// Why a link ends.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Bye {
    /// The reason.
    pub reason: ByeReason,
}

/// Reasons for the end of a link.
#[derive(Copy, Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ByeReason {
    /// Nothing is left to exchange.
    Done,
    /// The sender ends.
    Shutdown,
    /// There is another link between the two.
    Duplicate,
    /// No room.
    Full,
    /// Another neighbour serves better.
    Replaced,
    /// Another overlay or content, an unknown version.
    Mismatch,
    /// The passkey, or the lack of one.
    Refused,
    /// OMS has expelled the receiver.
    Expelled,
    /// The distribution was stopped by order.
    Stopped,
    /// The receiver broke the protocol, or sent what is not the content.
    Fault,
    /// Nothing was heard for too long.
    Timeout,
    /// One that is not known here.
    #[serde(other)]
    Other,
}

/// Other members of the overlay.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Pex {
    /// Whom the sender is linked to.
    pub entries: List<PexEntry, { Pex::MAX_ENTRIES }>,
}

impl Pex {
    /// Entries of a PEX at most.
    pub const MAX_ENTRIES: usize = 32;
}

/// One member that the sender knows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PexEntry {
    /// The member.
    pub peer_id: PeerId,
    /// Where it is reached.
    #[serde(rename = "peer_addr")]
    pub peer_addr: List<PeerAddress, 2>,
    /// Its passkey: OMS says that it is a member (the signed membership of RFC 7574 §3.10.2).
    pub passkey: Text<MAX_PASSKEY>,
}
