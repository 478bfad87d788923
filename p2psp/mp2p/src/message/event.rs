//! What the provider tells a peer, a cache or a relay without being asked: the events of
//! `GET /oms/events` (R5, R8, R9), acknowledged by `POST /oms/events/ack`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::{List, Text};
use crate::message::join::PeerAddress;
use crate::message::list::PeerList;
use crate::message::rendezvous::{RendezvousId, Way};

/// Peers that one event says have failed, at most.
pub const MAX_FAILED: usize = 64;
/// Longest signed object in an event, bytes.
pub const MAX_SIGNED_BYTES: usize = 8192;

/// A signed object, as it was signed.
pub type Signed = Text<MAX_SIGNED_BYTES>;

/// An event. On the wire its name stands in the field `event`, the rest as JSON in `data`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(
    tag = "event",
    content = "data",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Event {
    /// A distribution has to end (TR 20002 §8.3.4 step 3).
    Stop {
        /// The order, signed by OMS.
        stop: Signed,
    },
    /// Members failed; whoever was sent to them looks elsewhere (Req-Net-060).
    Reorganised {
        /// In which overlay.
        overlay_id: OverlayId,
        /// The members that failed.
        failed: List<PeerId, MAX_FAILED>,
        /// The list as it is now; without one the peer refreshes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list: Option<PeerList>,
    },
    /// To a cache or relay server: it serves `holder` from now on (§8.3.7 step 2).
    Reservation {
        /// What is reserved, signed by OMS.
        reservation: Signed,
        /// The peer for which it is kept free.
        holder: PeerId,
    },
    /// A reservation is over: what it held is free.
    Released {
        /// The reservation that is over.
        reservation_id: ReservationId,
    },
    /// PAMS wants the status now (§8.3.10).
    StatusRequest {},
    /// A peer is out of an overlay; its passkeys below `epoch` are void (§8.3.8).
    Expelled {
        /// The overlay that it is out of.
        overlay_id: OverlayId,
        /// The peer.
        peer_id: PeerId,
        /// Passkeys of older epochs are void.
        epoch: u64,
    },
    /// A member wants a way to this peer, or answers that it is opening one (§8.3.3).
    Rendezvous {
        /// In which overlay.
        overlay_id: OverlayId,
        /// The member that asks or answers.
        peer_id: PeerId,
        /// The name of this meeting, made by the asker.
        rendezvous_id: RendezvousId,
        /// Where it connects from: the address that OMS sees, the port that it told.
        address: PeerAddress,
        /// How the way is to be opened.
        way: Way,
        /// Whether this answers what this peer asked.
        answer: bool,
    },
    /// To a cache server: keep this, the overlay is small or fading (Req-Net-100).
    CacheAttach {
        /// Which overlay.
        overlay_id: OverlayId,
        /// Which content; all of the overlay where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_id: Option<ContentId>,
    },
    /// To a cache server: the overlay carries itself.
    CacheRelease {
        /// Which overlay.
        overlay_id: OverlayId,
        /// Which content; all of the overlay where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_id: Option<ContentId>,
    },
}

/// The name of a reservation: OMS chooses it.
pub type ReservationId = Text<64>;

/// All events up to this one have arrived.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct EventAck {
    /// The highest sequence number seen.
    pub seq: u64,
}

impl Event {
    /// Its name, the field `event` of the stream.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stop { .. } => "stop",
            Self::Reorganised { .. } => "reorganised",
            Self::Reservation { .. } => "reservation",
            Self::Released { .. } => "released",
            Self::StatusRequest {} => "status-request",
            Self::Expelled { .. } => "expelled",
            Self::Rendezvous { .. } => "rendezvous",
            Self::CacheAttach { .. } => "cache-attach",
            Self::CacheRelease { .. } => "cache-release",
        }
    }

    /// The field `data`: one line of JSON.
    ///
    /// # Errors
    /// There is a number that JSON does not have.
    pub fn data(&self) -> Result<String, serde_json::Error> {
        let mut whole = serde_json::to_value(self)?;
        Ok(whole.get_mut("data").map_or_else(|| "{}".to_owned(), |data| data.take().to_string()))
    }

    /// Reads an event from its two fields.
    ///
    /// # Errors
    /// An unknown name, or data that does not belong to it.
    pub fn read(name: &str, data: &str) -> Result<Self, serde_json::Error> {
        let data: serde_json::Value = serde_json::from_str(data)?;
        serde_json::from_value(serde_json::json!({"event": name, "data": data}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_back_from_its_name_and_data() {
        let peer = PeerId::parse(&"a".repeat(64)).unwrap();
        let overlay = OverlayId::parse("film").unwrap();
        let events = [
            Event::StatusRequest {},
            Event::Stop { stop: Text::new("a.b.c").unwrap() },
            Event::Expelled { overlay_id: overlay.clone(), peer_id: peer.clone(), epoch: 3 },
            Event::CacheAttach { overlay_id: overlay.clone(), content_id: None },
            Event::Reorganised {
                overlay_id: overlay,
                failed: List::new(vec![peer]).unwrap(),
                list: None,
            },
        ];
        for event in events {
            let data = event.data().unwrap();
            assert!(!data.contains(['\n', '\r']), "{data}");
            assert_eq!(Event::read(event.name(), &data).unwrap(), event);
        }
    }

    #[test]
    fn the_fields_are_those_of_the_contract() {
        let overlay_id = OverlayId::parse("film").unwrap();
        let peer_id = PeerId::parse(&"a".repeat(64)).unwrap();
        let event = Event::Expelled { overlay_id, peer_id, epoch: 3 };
        let data: serde_json::Value = serde_json::from_str(&event.data().unwrap()).unwrap();
        let expected =
            serde_json::json!({"overlay-id": "film", "peer-id": "a".repeat(64), "epoch": 3});
        assert_eq!((event.name(), data), ("expelled", expected));
        assert_eq!(Event::StatusRequest {}.data().unwrap(), "{}");
        assert!(Event::read("nothing", "{}").is_err());
        assert!(Event::read("stop", "{}").is_err());
    }
}
