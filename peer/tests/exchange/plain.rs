//! Signatures that cost nothing, for thousands of runs: a text that names its signer. The real ones
//! are tested with the daemon; here nobody forges them but where a test says so.

use mp2p::fragment::FragmentHash;
use mp2p::id::PeerId;
use peer::exchange::{DeliveryClaim, Notary, ReceiptClaim};

/// Of one peer.
pub(crate) struct Plain {
    /// Whose.
    pub(crate) me: PeerId,
    /// Shown to others.
    pub(crate) class: u8,
    /// Signs another hash than the one that it is told.
    pub(crate) signs_wrong: bool,
    /// Does not sign at all.
    pub(crate) signs_nothing: bool,
    /// Gives no receipts.
    pub(crate) no_receipts: bool,
}

impl Plain {
    /// An honest one.
    pub(crate) fn new(me: PeerId, class: u8) -> Self {
        Self { me, class, signs_wrong: false, signs_nothing: false, no_receipts: false }
    }
}

impl Notary for Plain {
    fn passkey(&self) -> Option<String> {
        Some(format!("class {}", self.class))
    }

    fn admit(&self, _: &PeerId, _: &str, passkey: Option<&str>) -> Option<u8> {
        match passkey {
            None => Some(0),
            Some(passkey) => passkey.strip_prefix("class ")?.parse().ok(),
        }
    }

    fn vouches(&self, passkey: &str, _: &PeerId) -> bool {
        passkey.starts_with("class ")
    }

    fn sign_delivery(&self, claim: &DeliveryClaim<'_>) -> Option<String> {
        let hash = if self.signs_wrong { FragmentHash([7; 32]) } else { *claim.hash };
        let me = self.me.digits();
        let by = if self.signs_nothing { "nobody" } else { &*me };
        Some(format!("{by}>{}:{}={hash}", claim.receiver, claim.fragment))
    }

    fn open_delivery(&self, text: &str, claim: &DeliveryClaim<'_>) -> Option<FragmentHash> {
        let start = format!("{}>{}:{}=", claim.sender, claim.receiver, claim.fragment);
        text.strip_prefix(&start)?.parse().ok()
    }

    fn sign_receipt(&self, claim: &ReceiptClaim<'_>) -> Option<String> {
        (!self.no_receipts).then(|| format!("{} {} {}", self.me, claim.epoch, claim.bytes))
    }

    fn open_receipt(&self, text: &str, consumer: &PeerId) -> Option<(u64, u64)> {
        let (epoch, bytes) = text.strip_prefix(&*consumer.digits())?.trim().split_once(' ')?;
        Some((epoch.parse().ok()?, bytes.parse().ok()?))
    }

    fn is_stop(&self, text: &str) -> bool {
        text == "stop"
    }
}
