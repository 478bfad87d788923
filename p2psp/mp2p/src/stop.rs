//! The end of a distribution (TR 20002 §8.3.4): signed by OMS, passed on from peer to peer, and
//! acknowledged by each.
//!
//! A stop is good for ever, so that who comes back late hears of it too; what keeps an old one from
//! ending a distribution that is allowed again is its number: OMS tells members the number up to
//! which stops of an overlay are void.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId, PeerId};
use crate::message::bound::Text;
use crate::signed::{
    self, ByPeer, Kind, PeerKey, SignedError, SigningKey, VerifyingKey, open_own, seal_own,
};

/// Longest reason, bytes.
pub const MAX_REASON_BYTES: usize = 512;
/// Longest name of who asked for a stop, bytes.
pub const MAX_AUTHORITY_BYTES: usize = 256;
/// Longest stop read, bytes of its text.
const MAX_STOP_BYTES: usize = 4096;
/// How far two clocks may be apart, seconds.
const LEEWAY_S: u64 = 300;

/// A distribution has to end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stop {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// Of which content; `None`: all that the overlay has.
    #[serde(default)]
    pub content_id: Option<ContentId>,
    /// Of all stops of this OMS, from 1.
    pub seq: u64,
    /// Issued at, Unix seconds.
    pub iat: u64,
    /// The reason, for people to read.
    pub reason: Text<MAX_REASON_BYTES>,
    /// The authority or operator who asked for it.
    pub authority: Text<MAX_AUTHORITY_BYTES>,
}

/// What a stop is checked against.
#[derive(Clone, Debug)]
pub struct StopCheck<'a> {
    /// Where it came up.
    pub overlay: &'a OverlayId,
    /// Stops up to this number are void in this overlay, or known.
    pub after: u64,
    /// Unix seconds.
    pub now: u64,
}

/// A stop that does nothing.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// Forged or damaged.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Of another overlay.
    #[error("the stop is for {0}")]
    OtherOverlay(OverlayId),
    /// Replayed, or void since.
    #[error("stop {seq} is no later than {after}")]
    Old {
        /// Its number.
        seq: u64,
        /// The newest known.
        after: u64,
    },
    /// From the future.
    #[error("the stop is of {iat}, now is {now}")]
    Time {
        /// Unix seconds.
        iat: u64,
        /// Unix seconds.
        now: u64,
    },
}

impl Stop {
    /// Signs it with OMS's key.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        signed::seal(Kind::Stop, self, key)
    }

    /// Opens a stop and checks that it says something new here.
    ///
    /// # Errors
    /// [`StopError`].
    pub fn open(text: &str, key: &VerifyingKey, check: &StopCheck<'_>) -> Result<Self, StopError> {
        if text.len() > MAX_STOP_BYTES {
            return Err(SignedError::Form.into());
        }
        let stop: Self = signed::open(Kind::Stop, text, key)?;
        if stop.overlay_id != *check.overlay {
            return Err(StopError::OtherOverlay(stop.overlay_id));
        }
        if stop.seq <= check.after {
            return Err(StopError::Old { seq: stop.seq, after: check.after });
        }
        if stop.iat > check.now.saturating_add(LEEWAY_S) {
            return Err(StopError::Time { iat: stop.iat, now: check.now });
        }
        Ok(stop)
    }

    /// Whether it ends the distribution of `content`.
    #[must_use]
    pub fn ends(&self, content: &ContentId) -> bool {
        self.content_id.as_ref().is_none_or(|stopped| stopped == content)
    }
}

/// A peer has stopped.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StopAck {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// The number of the stop ([`Stop::seq`]).
    pub seq: u64,
    /// The peer that stopped.
    pub peer_id: PeerId,
    /// When it stopped, Unix seconds.
    pub stopped_at: u64,
    /// To how many peers it passed the stop on.
    pub forwarded: u32,
    /// The peer's key.
    pub key: PeerKey,
}

impl StopAck {
    /// Signs it with the peer's key.
    ///
    /// # Errors
    /// It is another's.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        seal_own(self, key)
    }

    /// Opens what a peer signed.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn open(text: &str) -> Result<Self, SignedError> {
        open_own(text)
    }
}

impl ByPeer for StopAck {
    const KIND: Kind = Kind::StopAck;
    const MAX_BYTES: usize = MAX_STOP_BYTES;

    fn signer(&self) -> &PeerId {
        &self.peer_id
    }

    fn key(&self) -> &PeerKey {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    fn film() -> OverlayId {
        OverlayId::parse("film").unwrap()
    }

    fn stop() -> Stop {
        Stop {
            overlay_id: film(),
            content_id: None,
            seq: 7,
            iat: NOW,
            reason: Text::new("no licence").unwrap(),
            authority: Text::new("spiffe://p2psp.example/authority/rights").unwrap(),
        }
    }

    fn opened(text: &str, key: &SigningKey, after: u64) -> Result<Stop, StopError> {
        let overlay = film();
        let check = StopCheck { overlay: &overlay, after, now: NOW };
        Stop::open(text, &key.verifying().unwrap(), &check)
    }

    #[test]
    fn a_forged_replayed_old_or_foreign_stop_does_nothing() {
        let (oms, forger) = (key(), key());
        let sealed = stop().seal(&oms).unwrap();
        assert_eq!(opened(&sealed, &oms, 6).unwrap(), stop());
        for after in [7, 8] {
            assert!(matches!(opened(&sealed, &oms, after), Err(StopError::Old { seq: 7, .. })));
        }
        let forged = stop().seal(&forger).unwrap();
        let refused = opened(&forged, &oms, 0);
        assert!(matches!(refused, Err(StopError::Signed(SignedError::Signature))));
        let song = Stop { overlay_id: OverlayId::parse("song").unwrap(), ..stop() };
        let refused = opened(&song.seal(&oms).unwrap(), &oms, 0);
        assert!(matches!(refused, Err(StopError::OtherOverlay(_))));
        let early = Stop { iat: NOW + LEEWAY_S + 1, ..stop() };
        let refused = opened(&early.seal(&oms).unwrap(), &oms, 0);
        assert!(matches!(refused, Err(StopError::Time { .. })));
        let refused = opened(&"a".repeat(MAX_STOP_BYTES + 1), &oms, 0);
        assert!(matches!(refused, Err(StopError::Signed(SignedError::Form))));
    }

    #[test]
    fn a_stop_ends_one_content_or_all() {
        let (one, other) = ("c".repeat(64), "d".repeat(64));
        let (one, other) = (ContentId::parse(&one).unwrap(), ContentId::parse(&other).unwrap());
        let single = Stop { content_id: Some(one.clone()), ..stop() };
        assert_eq!((single.ends(&one), single.ends(&other)), (true, false));
        assert!(stop().ends(&other));
    }

    #[test]
    fn a_peer_acknowledges_for_itself() {
        let (peer, liar) = (key(), key());
        let key = PeerKey::of(&peer).unwrap();
        let ack = StopAck {
            overlay_id: film(),
            seq: 7,
            peer_id: key.peer_id(),
            stopped_at: NOW,
            forwarded: 3,
            key,
        };
        assert_eq!(StopAck::open(&ack.seal(&peer).unwrap()).unwrap(), ack);
        assert!(ack.seal(&liar).is_err());
        let forged = signed::seal(Kind::StopAck, &ack, &liar).unwrap();
        assert!(matches!(StopAck::open(&forged), Err(SignedError::Signature)));
    }
}
