//! The engine's notary: signs with the key of this peer, and checks with the keys of OMS and of
//! others.

use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::delivery::Delivery;
use mp2p::fragment::FragmentHash;
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::passkey::{Check, Passkey, PasskeyError};
use mp2p::receipt::Receipt;
use mp2p::signed::{PeerKey, VerifyingKey};

use crate::exchange::{DeliveryClaim, Notary, ReceiptClaim};
use crate::identity::Identity;
use crate::transfer::standing::{Shared, Standing};
use crate::transfer::stopping;

/// A receipt that another peer gives us now is of now.
pub(crate) const MAX_RECEIPT_AGE_S: u64 = 3600;

/// For one transfer.
pub(crate) struct KeyNotary {
    identity: Identity,
    key: PeerKey,
    overlay: OverlayId,
    content: ContentId,
    standing: Shared,
    /// Whether the own passkey is shown where it need not be.
    shows: bool,
}

impl KeyNotary {
    /// # Errors
    /// The library gives no public key.
    pub(crate) fn new(
        identity: Identity,
        (overlay, content): (OverlayId, ContentId),
        standing: Shared,
        shows: bool,
    ) -> anyhow::Result<Self> {
        let key = PeerKey::of(&identity.key)?;
        Ok(Self { identity, key, overlay, content, standing, shows })
    }

    /// Opens a passkey with what OMS said last: at this time, or, where OMS is away and the passkey
    /// has run out since, at the time at which OMS was last heard.
    fn open<'a>(
        &'a self,
        standing: &Standing,
        (holder, certificate): (&'a PeerId, &'a str),
        open: impl Fn(&VerifyingKey, &Check<'a>) -> Result<Passkey, PasskeyError>,
    ) -> Option<Result<Passkey, PasskeyError>> {
        let key = standing.oms_key.as_ref()?;
        let now = unix_s();
        let at = |now| Check {
            issuer: &self.identity.trust_domain,
            overlay: &self.overlay,
            holder,
            certificate,
            epoch: standing.epoch,
            now,
        };
        let opened = open(key, &at(now));
        match (&opened, standing.away_since(now)) {
            (Err(PasskeyError::Time { .. }), Some(since)) => Some(open(key, &at(since))),
            _ => Some(opened),
        }
    }
}

pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Notary for KeyNotary {
    fn passkey(&self) -> Option<String> {
        let standing = Standing::now(&self.standing);
        let passkey = standing.passkey(&self.identity.certificate(), unix_s());
        passkey.filter(|_| self.shows || standing.closed == Some(true))
    }

    /// In an open overlay a peer without a passkey is of the lowest class (TR 20002 §8.3.9 step 1);
    /// in a closed one it is not let in, unless it is a server of the provider. Nobody is let in
    /// who shows a bad one, or before it is known whether the overlay is open.
    fn admit(&self, peer: &PeerId, certificate: &str, passkey: Option<&str>) -> Option<u8> {
        let standing = Standing::now(&self.standing);
        let Some(passkey) = passkey else {
            let may = standing.closed == Some(false) || standing.is_server(peer);
            if !may {
                tracing::info!(%peer, "somebody without a passkey is refused");
                return None;
            }
            return Some(Standing::confirmed(&self.standing, peer, unix_s()));
        };
        let open = |key: &VerifyingKey, check: &Check<'_>| Passkey::open(passkey, key, check);
        match self.open(&standing, (peer, certificate), open)? {
            Ok(passkey) => Some(passkey.class),
            Err(error) => {
                tracing::info!(%peer, %error, "a passkey is refused");
                None
            }
        }
    }

    fn vouches(&self, passkey: &str, peer: &PeerId) -> bool {
        let standing = Standing::now(&self.standing);
        let open = |key: &VerifyingKey, check: &Check<'_>| Passkey::vouch(passkey, key, check);
        matches!(self.open(&standing, (peer, ""), open), Some(Ok(_)))
    }

    fn sign_delivery(&self, claim: &DeliveryClaim<'_>) -> Option<String> {
        let delivery = Delivery {
            overlay_id: self.overlay.clone(),
            content_id: self.content.clone(),
            fragment: claim.fragment,
            hash: *claim.hash,
            sender: claim.sender.clone(),
            receiver: claim.receiver.clone(),
            ts: unix_s(),
            sender_key: self.key.clone(),
        };
        delivery.seal(&self.identity.key).ok()
    }

    fn open_delivery(&self, text: &str, claim: &DeliveryClaim<'_>) -> Option<FragmentHash> {
        let delivery = Delivery::open(text).ok()?;
        let is_it = delivery.overlay_id == self.overlay
            && delivery.content_id == self.content
            && delivery.fragment == claim.fragment
            && delivery.sender == *claim.sender
            && delivery.receiver == *claim.receiver;
        is_it.then_some(delivery.hash)
    }

    fn sign_receipt(&self, claim: &ReceiptClaim<'_>) -> Option<String> {
        let receipt = Receipt {
            overlay_id: self.overlay.clone(),
            content_id: self.content.clone(),
            contributor: claim.contributor.clone(),
            consumer: self.identity.peer.clone(),
            epoch: claim.epoch,
            seq: claim.seq,
            bytes: claim.bytes,
            fragments: claim.fragments,
            rejected: claim.rejected,
            ts: unix_s(),
            via: claim.via.cloned(),
            consumer_key: self.key.clone(),
        };
        receipt.seal(&self.identity.key).ok()
    }

    fn open_receipt(&self, text: &str, consumer: &PeerId) -> Option<(u64, u64)> {
        let receipt = Receipt::open(text, unix_s(), MAX_RECEIPT_AGE_S).ok()?;
        let is_it = receipt.overlay_id == self.overlay
            && receipt.content_id == self.content
            && receipt.consumer == *consumer
            && receipt.contributor == self.identity.peer;
        is_it.then_some((receipt.epoch, receipt.bytes))
    }

    fn is_stop(&self, text: &str) -> bool {
        let is_meant = stopping::is_meant(text, (&self.overlay, &self.content), &self.standing);
        if !is_meant {
            let content = &self.content;
            tracing::info!(%content, "a forged, lifted or foreign order to stop does nothing");
        }
        is_meant
    }
}
