//! The reservation (TR 20002 §8.3.7, Req-Net-130; X.609.2): OMS says that a cache or relay server
//! keeps something free for somebody, for a time.
//!
//! A JWT signed with OMS' key. The server heard of it by an event and needs nobody's word; the
//! holder shows it to the server. An epoch fences it: no two reservations ever have the same, and
//! what is older than the server's registration is void, so that an OMS that forgot cannot promise
//! twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fragment::MAX_FRAGMENT_BYTES;
use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::event::ReservationId;
use crate::signed::{self, Kind, SignedError, SigningKey, VerifyingKey};

/// How far two clocks may be apart.
const LEEWAY_S: u64 = 30;
/// Longest reservation read.
const MAX_RESERVATION_BYTES: usize = 4096;
/// Parts of a composed reservation (Req-Reso-050) begin at multiples of this, bytes: no fragment
/// is longer, so that none lies in two.
pub const PART_BYTES: u64 = MAX_FRAGMENT_BYTES as u64;

/// What is reserved.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationKind {
    /// A cache server keeps content (§8.2.5).
    Cs,
    /// A relay server relays (§8.2.6).
    Rs,
    /// A cache server stands in for its holder (§7.5.4, §8.3.7).
    Delegate,
}

/// What a reservation says.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Reservation {
    /// The reservation's name.
    pub reservation_id: ReservationId,
    /// What is reserved.
    pub kind: ReservationKind,
    /// The overlay for which it is.
    pub overlay_id: OverlayId,
    /// Which content a cache is to keep; all of the overlay where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<ContentId>,
    /// The cache or relay server.
    pub server: PeerId,
    /// The peer or server for which it is kept free.
    pub holder: PeerId,
    /// Rate that is kept free, bit/s.
    pub bandwidth_bps: u64,
    /// Bytes that may go through in all; 0 is no bound.
    pub quota_bytes: u64,
    /// Bytes that may be kept.
    pub storage_bytes: u64,
    /// Where this part of a composed reservation begins, bytes of what is to be kept: a multiple of
    /// [`PART_BYTES`]. Absent where one server keeps all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_offset_bytes: Option<u64>,
    /// A number that no other has, and that rises: a renewal has a higher one than what it renews.
    pub epoch: u64,
    /// Issued at, Unix seconds.
    pub iat: u64,
    /// Good until, Unix seconds.
    pub exp: u64,
}

/// What a server checks a reservation against.
#[derive(Clone, Debug)]
pub struct ReservationCheck<'a> {
    /// The server that it is shown to.
    pub server: &'a PeerId,
    /// Who shows it, by the certificate of the connection.
    pub holder: &'a PeerId,
    /// The epoch of the server's registration, or of a later form of the same reservation.
    pub epoch: u64,
    /// Unix seconds.
    pub now: u64,
}

/// Why a reservation is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReservationError {
    /// Forged, damaged, or something else.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Longer than any.
    #[error("{0} bytes are too long for a reservation")]
    TooLong(usize),
    /// Its time is over, or has not come.
    #[error("the reservation is good from {from} to {to}, not at {now}")]
    Time {
        /// Unix seconds.
        from: u64,
        /// Unix seconds.
        to: u64,
        /// Unix seconds.
        now: u64,
    },
    /// Of a registration that is over, or renewed since.
    #[error("reservations of epoch {0} are void")]
    Epoch(u64),
    /// Somebody else's.
    #[error("the reservation is of another {0}")]
    Other(&'static str),
}

impl Reservation {
    /// Signs it.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        signed::seal(Kind::Reservation, self, key)
    }

    /// Opens what OMS signed, whoever it is for.
    ///
    /// # Errors
    /// It is none of OMS'.
    pub fn open(text: &str, key: &VerifyingKey) -> Result<Self, ReservationError> {
        if text.len() > MAX_RESERVATION_BYTES {
            return Err(ReservationError::TooLong(text.len()));
        }
        Ok(signed::open(Kind::Reservation, text, key)?)
    }

    /// Whether the server owes the holder anything for it.
    ///
    /// # Errors
    /// [`ReservationError`].
    pub fn check(&self, check: &ReservationCheck<'_>) -> Result<(), ReservationError> {
        let has_come = self.iat <= check.now.saturating_add(LEEWAY_S);
        if !has_come || check.now > self.exp.saturating_add(LEEWAY_S) {
            let (from, to, now) = (self.iat, self.exp, check.now);
            return Err(ReservationError::Time { from, to, now });
        }
        if self.epoch < check.epoch {
            return Err(ReservationError::Epoch(self.epoch));
        }
        if self.server != *check.server {
            return Err(ReservationError::Other("server"));
        }
        match self.holder == *check.holder {
            true => Ok(()),
            false => Err(ReservationError::Other("holder")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::bound::Text;

    fn peer(letter: &str) -> PeerId {
        PeerId::parse(&letter.repeat(64)).unwrap()
    }

    fn reservation() -> Reservation {
        Reservation {
            reservation_id: Text::new("r-1").unwrap(),
            kind: ReservationKind::Delegate,
            overlay_id: OverlayId::parse("film").unwrap(),
            content_id: None,
            server: peer("a"),
            holder: peer("b"),
            bandwidth_bps: 1_000_000,
            quota_bytes: 0,
            storage_bytes: 4096,
            part_offset_bytes: None,
            epoch: 7,
            iat: 1000,
            exp: 1600,
        }
    }

    #[test]
    fn a_reservation_is_the_holders_at_its_server_in_its_epoch_and_time() {
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let sealed = reservation().seal(&key).unwrap();
        let opened = Reservation::open(&sealed, &key.verifying().unwrap()).unwrap();
        assert_eq!(opened, reservation());
        let (server, holder) = (peer("a"), peer("b"));
        let good = ReservationCheck { server: &server, holder: &holder, epoch: 7, now: 1600 };
        opened.check(&good).unwrap();
        let refused = |check: ReservationCheck<'_>| opened.check(&check).unwrap_err();
        assert!(matches!(
            refused(ReservationCheck { now: 1631, ..good.clone() }),
            ReservationError::Time { .. }
        ));
        assert!(matches!(
            refused(ReservationCheck { epoch: 8, ..good.clone() }),
            ReservationError::Epoch(7)
        ));
        assert!(matches!(
            refused(ReservationCheck { server: &holder, ..good.clone() }),
            ReservationError::Other("server")
        ));
        assert!(matches!(
            refused(ReservationCheck { holder: &server, ..good }),
            ReservationError::Other("holder")
        ));
    }

    #[test]
    fn nobody_reserves_without_oms() {
        let (key, forger) = (SigningKey::generate_ed25519(), SigningKey::generate_ed25519());
        let key = SigningKey::from_pkcs8(&key.unwrap()).unwrap().verifying().unwrap();
        let forged = reservation().seal(&SigningKey::from_pkcs8(&forger.unwrap()).unwrap());
        assert!(Reservation::open(&forged.unwrap(), &key).is_err());
        assert!(matches!(
            Reservation::open(&"a".repeat(5000), &key),
            Err(ReservationError::TooLong(5000))
        ));
    }
}
