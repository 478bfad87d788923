//! The receipt (Req-User-060): a consumer signs what it got from a contributor, and the contributor
//! gets credit for it at UMS.
//!
//! A receipt is cumulative: in one epoch, which the pair draws at random when it connects, each
//! later `seq` tells of all bytes since the epoch began. One that is lost costs nothing, one that is
//! sent twice counts once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{ContentId, OverlayId, PeerId};
use crate::signed::{ByPeer, Kind, PeerKey, SignedError, SigningKey, open_own, seal_own};

/// Longest receipt read, bytes.
pub const MAX_RECEIPT_BYTES: usize = 2048;
/// Numbers on the wire end here (RFC 8259 §6).
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
/// How far a consumer's clock may be ahead.
const LEEWAY_S: u64 = 300;

/// What a consumer got from a contributor since their epoch began.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Receipt {
    /// The overlay in which it was exchanged.
    pub overlay_id: OverlayId,
    /// The content.
    pub content_id: ContentId,
    /// The peer that gave.
    pub contributor: PeerId,
    /// The peer that got, and signs.
    pub consumer: PeerId,
    /// Drawn at random when the two connected.
    pub epoch: u64,
    /// Counts the receipts of the epoch, from 1.
    pub seq: u64,
    /// Bytes of content that arrived and passed their check, since the epoch began.
    pub bytes: u64,
    /// Fragments that arrived and passed, since the epoch began.
    pub fragments: u64,
    /// Fragments that arrived and did not pass, since the epoch began.
    #[serde(default)]
    pub rejected: u64,
    /// When it was signed, Unix seconds.
    pub ts: u64,
    /// The relay that it came through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<PeerId>,
    /// The consumer's key.
    pub consumer_key: PeerKey,
}

/// Why a receipt is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Forged, damaged, or something else.
    #[error(transparent)]
    Signed(#[from] SignedError),
    /// Somebody pays itself.
    #[error("a peer gives itself no receipt")]
    Own,
    /// A relay that is an end.
    #[error("a peer relays nothing to itself")]
    ViaEnd,
    /// It counts from 1.
    #[error("a receipt has the number 1 at least")]
    NoNumber,
    /// A number that not every program can read.
    #[error("{0} is above 2^53-1")]
    Number(u64),
    /// Of a time that has not come, or is long over.
    #[error("the receipt is of {ts}, {skew_s} s from now")]
    Time {
        /// Unix seconds.
        ts: u64,
        /// How far away, seconds.
        skew_s: u64,
    },
}

impl ByPeer for Receipt {
    const KIND: Kind = Kind::Receipt;
    const MAX_BYTES: usize = MAX_RECEIPT_BYTES;

    fn signer(&self) -> &PeerId {
        &self.consumer
    }

    fn key(&self) -> &PeerKey {
        &self.consumer_key
    }
}

impl Receipt {
    /// Signs it with the consumer's key.
    ///
    /// # Errors
    /// The key is another's, or cannot sign.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        seal_own(self, key)
    }

    /// Opens a receipt, and checks that its consumer signed it and that it can be meant at `now`,
    /// Unix seconds; it may be `max_age_s` old.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn open(text: &str, now: u64, max_age_s: u64) -> Result<Self, ReceiptError> {
        let receipt: Self = open_own(text)?;
        receipt.check(now, max_age_s)?;
        Ok(receipt)
    }

    fn check(&self, now: u64, max_age_s: u64) -> Result<(), ReceiptError> {
        if self.contributor == self.consumer {
            return Err(ReceiptError::Own);
        }
        if self.via.as_ref().is_some_and(|via| *via == self.contributor || *via == self.consumer) {
            return Err(ReceiptError::ViaEnd);
        }
        if self.seq == 0 {
            return Err(ReceiptError::NoNumber);
        }
        let numbers = [self.epoch, self.seq, self.bytes, self.fragments, self.rejected, self.ts];
        if let Some(number) = numbers.into_iter().find(|number| *number > MAX_NUMBER) {
            return Err(ReceiptError::Number(number));
        }
        let (ahead, behind) = (self.ts.saturating_sub(now), now.saturating_sub(self.ts));
        match ahead > LEEWAY_S || behind > max_age_s {
            true => Err(ReceiptError::Time { ts: self.ts, skew_s: ahead.max(behind) }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY_S: u64 = 86_400;

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    fn receipt(key: &SigningKey) -> Receipt {
        let consumer_key = PeerKey::of(key).unwrap();
        Receipt {
            overlay_id: OverlayId::parse("film").unwrap(),
            content_id: ContentId::parse(&"c".repeat(64)).unwrap(),
            contributor: PeerId::parse(&"a".repeat(64)).unwrap(),
            consumer: consumer_key.peer_id(),
            epoch: 7,
            seq: 1,
            bytes: 1 << 20,
            fragments: 1,
            rejected: 0,
            ts: NOW,
            via: None,
            consumer_key,
        }
    }

    fn opened(receipt: &Receipt, key: &SigningKey) -> Result<Receipt, ReceiptError> {
        Receipt::open(&receipt.seal(key)?, NOW, DAY_S)
    }

    #[test]
    fn anybody_can_check_who_got_what() {
        let key = key();
        let receipt = receipt(&key);
        assert_eq!(opened(&receipt, &key).unwrap(), receipt);
        assert!(receipt.seal(&key).unwrap().len() < MAX_RECEIPT_BYTES);
    }

    #[test]
    fn nobody_signs_for_another() {
        let (key, other) = (key(), key());
        assert!(matches!(receipt(&key).seal(&other), Err(SignedError::Signer)));
        // The victim's name over the forger's key, and the victim's key under the forger's hand.
        let named = Receipt { consumer: receipt(&key).consumer, ..receipt(&other) };
        let refused = opened(&named, &other);
        assert!(matches!(refused, Err(ReceiptError::Signed(SignedError::Signer))));
        let forged = crate::signed::seal(Kind::Receipt, &receipt(&key), &other).unwrap();
        let refused = Receipt::open(&forged, NOW, DAY_S);
        assert!(matches!(refused, Err(ReceiptError::Signed(SignedError::Signature))));
        let kind = crate::signed::seal(Kind::Passkey, &receipt(&key), &key).unwrap();
        let refused = Receipt::open(&kind, NOW, DAY_S);
        assert!(matches!(refused, Err(ReceiptError::Signed(SignedError::Header { .. }))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let key = key();
        let good = receipt(&key);
        let own = Receipt { contributor: good.consumer.clone(), ..good.clone() };
        assert!(matches!(opened(&own, &key), Err(ReceiptError::Own)));
        let via = Receipt { via: Some(good.contributor.clone()), ..good.clone() };
        assert!(matches!(opened(&via, &key), Err(ReceiptError::ViaEnd)));
        let zero = Receipt { seq: 0, ..good.clone() };
        assert!(matches!(opened(&zero, &key), Err(ReceiptError::NoNumber)));
        let large = Receipt { bytes: MAX_NUMBER + 1, ..good.clone() };
        assert!(matches!(opened(&large, &key), Err(ReceiptError::Number(_))));
        for (ts, is_good) in
            [(NOW + 300, true), (NOW + 301, false), (NOW - DAY_S, true), (NOW - DAY_S - 1, false)]
        {
            assert_eq!(opened(&Receipt { ts, ..good.clone() }, &key).is_ok(), is_good, "{ts}");
        }
    }
}
