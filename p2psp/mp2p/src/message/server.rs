//! Cache and relay servers (R8, R9; TR 20002 §8.2.5, §8.2.6; X.609.2): what they can, what is
//! reserved with them, who used how much, and what is wrong with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::{List, Text};
use crate::message::event::{ReservationId, Signed};
use crate::message::join::{MAX_ADDRESSES, PeerAddress};
use crate::reservation::ReservationKind;

/// Servers of one composed reservation at most.
pub const MAX_PARTS: usize = 16;
/// Reservations that a server is told of in one answer.
pub const MAX_IN_FORCE: usize = 1024;
/// Reservations of one holder that are told in one answer.
pub const MAX_HELD: usize = 256;
/// Longest description of a fault, bytes.
pub const MAX_FAULT_BYTES: usize = 512;

/// What a server is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// A cache server.
    Cs,
    /// A relay server.
    Rs,
}

/// What a server has to give, in all.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Capacity {
    /// Rate that it can give in all, bit/s.
    pub bandwidth_bps: u64,
    /// Bytes; a relay server has none.
    pub storage_bytes: u64,
    /// Holders at a time; 0: as many as the rest allows.
    pub circuits: u32,
}

/// `PUT /oms/server`: a server is there; again as a sign of life.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerRegistration {
    /// A cache or a relay.
    pub kind: ServerKind,
    /// Where; the address that OMS observes wins.
    #[serde(rename = "peer_addr")]
    #[schemars(extend("minItems" = 1))]
    pub peer_addr: List<PeerAddress, MAX_ADDRESSES>,
    /// What it has to give.
    pub capacity: Capacity,
    /// The provider's own device, which must tell of its faults; a user's peer is none.
    #[serde(default)]
    pub dedicated: bool,
    /// The highest epoch that it knows; absent where it has begun anew.
    #[serde(default)]
    pub epoch: Option<u64>,
}

/// The answer to a registration.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServerAnswer {
    /// Reservations of older epochs are void.
    pub epoch: u64,
    /// Seconds after which it counts as gone without another.
    pub expires: u64,
    /// Seconds between signs of life.
    pub heartbeat_interval: u64,
    /// What is reserved with it now.
    pub reservations: List<InForce, MAX_IN_FORCE>,
    /// The key to check reservations and passkeys with: Ed25519, 32 bytes, base64url.
    pub oms_key: String,
    /// Passkeys of older epochs are void.
    pub passkey_epoch: u64,
}

/// A reservation that a server has to keep.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InForce {
    /// Signed by OMS.
    pub reservation: Signed,
    /// The peer for which it is kept free.
    pub holder: PeerId,
}

/// `POST /oms/reservation`: something is to be kept free.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReservationRequest {
    /// What is to be reserved.
    pub kind: ReservationKind,
    /// The overlay for which it is.
    pub overlay_id: OverlayId,
    /// Which content a cache is to keep; all of the overlay where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<ContentId>,
    /// Rate to keep free, bit/s.
    #[serde(default)]
    pub bandwidth_bps: u64,
    /// Bytes that may go through in all; 0 is no bound.
    #[serde(default)]
    pub quota_bytes: u64,
    /// Bytes to be kept; a relay keeps none.
    #[serde(default)]
    pub storage_bytes: u64,
    /// How long, at most what the provider grants.
    pub duration_seconds: u64,
}

/// `PUT` (for longer) and `DELETE /oms/reservation` (no more).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReservationChange {
    /// The reservation to renew.
    pub reservation_id: ReservationId,
    /// From now on, for a renewal; as long as it was given where absent.
    #[serde(default)]
    pub duration_seconds: Option<u64>,
}

/// What was reserved: several parts where no server alone has enough (Req-Reso-050).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ReservationAnswer {
    /// The parts; together they are what was asked for.
    pub reservations: List<Reserved, MAX_PARTS>,
}

/// One part of it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reserved {
    /// Signed by OMS; to be shown to the server.
    pub reservation: Signed,
    /// Its name, for renewal and release.
    pub reservation_id: ReservationId,
    /// The server that keeps it free.
    pub server: PeerId,
    /// Where the server is reached.
    #[serde(rename = "peer_addr")]
    pub peer_addr: List<PeerAddress, 2>,
    /// Until when, Unix seconds; to be renewed at half of the time.
    pub expires: u64,
}

/// `POST /oms/server/usage`: how much went through for a holder so far (Req-Net-120).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Usage {
    /// Under which reservation.
    pub reservation_id: ReservationId,
    /// The holder of the reservation.
    pub holder: PeerId,
    /// Bytes that came in since the reservation began.
    pub bytes_in: u64,
    /// Bytes that went out since.
    pub bytes_out: u64,
    /// Bytes that a cache keeps under it now; a relay keeps none.
    #[serde(default)]
    pub kept_bytes: u64,
    /// Unix seconds.
    pub at: u64,
}

/// `GET /oms/reservation`: what the asker holds.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HeldAnswer {
    /// Each reservation, part by part.
    pub reservations: List<HeldReservation, MAX_HELD>,
}

/// A reservation, as its holder sees it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HeldReservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// What is reserved.
    pub kind: ReservationKind,
    /// The overlay for which it is.
    pub overlay_id: OverlayId,
    /// Of which content; all of the overlay where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<ContentId>,
    /// With which server.
    pub server: PeerId,
    /// Whether the server has begun to serve.
    pub in_use: bool,
    /// Bytes that may be kept.
    pub storage_bytes: u64,
    /// Bytes that are kept.
    pub kept_bytes: u64,
    /// Bytes in so far.
    pub bytes_in: u64,
    /// Bytes out so far.
    pub bytes_out: u64,
    /// Until when, Unix seconds.
    pub expires: u64,
}

/// What a holder has used, at each server and in all (Req-Traffic-080).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct UsageAccount {
    /// The peer that used it.
    pub holder: PeerId,
    /// The server that was used.
    pub server: PeerId,
    /// Whether that is a cache or a relay.
    pub kind: ServerKind,
    /// Bytes that came in.
    pub bytes_in: u64,
    /// Bytes that went out.
    pub bytes_out: u64,
    /// When the server last told of it, Unix seconds.
    pub updated: u64,
}

/// `POST /oms/server/fault`: something is wrong with the server itself.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Fault {
    /// What is wrong, for the log.
    pub what: Text<MAX_FAULT_BYTES>,
}
