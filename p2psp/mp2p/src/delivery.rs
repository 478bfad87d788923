//! What a peer says that it sent (TR 20002 Req-Net-070 to -090). Signed by the sender, a delivery
//! of wrong bytes is its own proof: one report is enough, and nobody else could have made it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fragment::FragmentHash;
use crate::id::{ContentId, OverlayId, PeerId};
use crate::index_file::IndexFile;
use crate::signed::{ByPeer, Kind, PeerKey, SignedError, SigningKey, open_own, seal_own};

/// One fragment went from one peer to another.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Delivery {
    /// The overlay.
    pub overlay_id: OverlayId,
    /// The content.
    pub content_id: ContentId,
    /// Its place in the content, from 0.
    pub fragment: u32,
    /// Of the bytes that were sent.
    pub hash: FragmentHash,
    /// The peer that sent them.
    pub sender: PeerId,
    /// The peer that they were sent to.
    pub receiver: PeerId,
    /// When they were sent, Unix seconds.
    pub ts: u64,
    /// The sender's key.
    pub sender_key: PeerKey,
}

/// What a delivery says about its sender.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The fragment is as the publisher made it.
    Good,
    /// The sender signed that it sent something else.
    Bad,
    /// Another content, or a fragment that it does not have: it proves nothing.
    Unrelated,
}

impl Delivery {
    /// Signs it with the sender's key.
    ///
    /// # Errors
    /// It is another's.
    pub fn seal(&self, key: &SigningKey) -> Result<String, SignedError> {
        seal_own(self, key)
    }

    /// Opens what its sender signed.
    ///
    /// # Errors
    /// [`SignedError`].
    pub fn open(text: &str) -> Result<Self, SignedError> {
        open_own(text)
    }

    /// Held against what the publisher signed.
    #[must_use]
    pub fn verdict(&self, index: &IndexFile) -> Verdict {
        let place = usize::try_from(self.fragment).ok();
        let expected = place.and_then(|place| index.fragments.0.get(place));
        match expected {
            _ if self.content_id != index.content_id => Verdict::Unrelated,
            None => Verdict::Unrelated,
            Some(expected) if *expected == self.hash => Verdict::Good,
            Some(_) => Verdict::Bad,
        }
    }
}

impl ByPeer for Delivery {
    const KIND: Kind = Kind::Delivery;
    const MAX_BYTES: usize = 4096;

    fn signer(&self) -> &PeerId {
        &self.sender
    }

    fn key(&self) -> &PeerKey {
        &self.sender_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index_file::Hashes;

    fn index(hashes: &[u8]) -> IndexFile {
        let hashes = hashes.iter().map(|byte| FragmentHash([*byte; 32])).collect();
        let text = format!(
            r#"{{"version":1,"overlay-id":"film","content-id":"{}","title":"","publisher":"{}",
                "publisher-key":"{}","issued":0}}"#,
            "c".repeat(64),
            "a".repeat(64),
            PeerKey::of(&key()).unwrap(),
        );
        let bare: IndexFile = serde_json::from_str(&text).unwrap();
        IndexFile { fragments: Hashes(hashes), ..bare }
    }

    fn delivery(key: &SigningKey, fragment: u32, hash: u8) -> Delivery {
        let sender_key = PeerKey::of(key).unwrap();
        Delivery {
            overlay_id: OverlayId::parse("film").unwrap(),
            content_id: ContentId::parse(&"c".repeat(64)).unwrap(),
            fragment,
            hash: FragmentHash([hash; 32]),
            sender: sender_key.peer_id(),
            receiver: PeerId::parse(&"b".repeat(64)).unwrap(),
            ts: 1_800_000_000,
            sender_key,
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
    }

    #[test]
    fn a_signed_delivery_of_wrong_bytes_is_its_own_proof() {
        let (key, index) = (key(), index(&[1, 2]));
        for (fragment, hash, verdict) in [
            (0, 1, Verdict::Good),
            (1, 1, Verdict::Bad),
            (2, 1, Verdict::Unrelated),
            (u32::MAX, 1, Verdict::Unrelated),
        ] {
            let sealed = delivery(&key, fragment, hash).seal(&key).unwrap();
            assert_eq!(Delivery::open(&sealed).unwrap().verdict(&index), verdict);
        }
        let mut other = delivery(&key, 0, 9);
        other.content_id = ContentId::parse(&"d".repeat(64)).unwrap();
        assert_eq!(other.verdict(&index), Verdict::Unrelated);
    }

    #[test]
    fn nobody_signs_for_another() {
        let (sender, liar) = (key(), key());
        let claimed = delivery(&sender, 0, 9);
        assert!(matches!(claimed.seal(&liar), Err(SignedError::Signer)));
        // With the key of the liar beside the name of the sender.
        let mixed = Delivery { sender_key: PeerKey::of(&liar).unwrap(), ..claimed.clone() };
        let forged = crate::signed::seal(Kind::Delivery, &mixed, &liar).unwrap();
        assert!(matches!(Delivery::open(&forged), Err(SignedError::Signer)));
        // With the name and the key of the sender, which did not sign.
        let forged = crate::signed::seal(Kind::Delivery, &claimed, &liar).unwrap();
        assert!(matches!(Delivery::open(&forged), Err(SignedError::Signature)));
        let stop = crate::signed::seal(Kind::Stop, &claimed, &sender).unwrap();
        assert!(matches!(Delivery::open(&stop), Err(SignedError::Header { .. })));
    }
}
