//! Expulsion (Req-Net-090): a sender that signed what it should not have sent is out by one report,
//! which nobody else could have forged; weaker reports only lower its place
//! ([`crate::membership::Oms::report`]).
//!
//! Out of the lists, refused at joins, its passkeys void (the epoch rises), and everybody told.

use mp2p::delivery::{Delivery, Verdict};
use mp2p::id::{OverlayId, PeerId};
use mp2p::index_file::IndexFile;
use mp2p::message::event::Event;

use crate::database::DatabaseError;
use crate::expulsion::Ground;
use crate::membership::Oms;
use crate::overlay::StoreError;

impl Oms {
    /// Whether there is such a peer to be put out: a member, one that is out already, or one that
    /// UMS knows of, though it is not here now. Where UMS does not say the operator is believed.
    ///
    /// # Errors
    /// There is no such overlay, and nobody is out of it.
    pub async fn can_be_out(
        &self,
        overlay: &OverlayId,
        peer: &PeerId,
        now: u64,
    ) -> Result<bool, StoreError> {
        if self.expulsions.is_out(overlay, peer) {
            return Ok(true);
        }
        self.store.terms(overlay)?;
        if self.store.member(overlay, peer, now).is_some() {
            return Ok(true);
        }
        let known = self.in_time("r7", self.users.class(peer)).await;
        Ok(known.is_none_or(|known| known.qualified))
    }

    /// Puts a peer out of an overlay; whether that is new.
    ///
    /// # Errors
    /// It cannot be kept.
    pub async fn expel(
        &self,
        overlay: &OverlayId,
        peer: &PeerId,
        ground: Ground,
    ) -> Result<bool, DatabaseError> {
        let now = ground.now;
        if !self.expulsions.expel((overlay.clone(), peer.clone()), ground).await? {
            return Ok(false);
        }
        let epoch = self.passkeys.raise_epoch(overlay).unwrap_or_else(|error| {
            tracing::error!(%error, "the epoch of passkeys was not raised");
            self.passkeys.epoch()
        });
        let members = self.store.members(overlay, now).unwrap_or_default();
        self.store.leave(overlay, peer, now);
        let others = members.iter().map(|member| &member.peer).filter(|member| *member != peer);
        let told = others.chain([peer]);
        let (overlay_id, peer_id) = (overlay.clone(), peer.clone());
        let told = self.events.post_all(told, &Event::Expelled { overlay_id, peer_id, epoch });
        tracing::warn!(%overlay, %peer, epoch, told = told.len(), "a peer is expelled");
        Ok(true)
    }

    /// Whether what `accused` signed proves that it sent wrong bytes; then it is out.
    pub(crate) async fn convict(
        &self,
        overlay: &OverlayId,
        accused: &PeerId,
        evidence: &str,
        (reporter, now): (&PeerId, u64),
    ) -> bool {
        let Ok(delivery) = Delivery::open(evidence) else { return false };
        if delivery.sender != *accused || delivery.overlay_id != *overlay {
            return false;
        }
        let asked = self.contents.index_file(delivery.content_id.clone());
        let file = self.in_time("r-ixs", asked).await.flatten();
        let Some(Ok(file)) = file.map(|text| IndexFile::open(&text)) else { return false };
        if delivery.verdict(&file) != Verdict::Bad || file.overlay_id != *overlay {
            return false;
        }
        let ground = Ground {
            who: reporter.to_string(),
            reason: format!("fragment {} was not the publisher's", delivery.fragment),
            proof: Some(evidence.to_owned()),
            now,
        };
        let expelled = self.expel(overlay, accused, ground).await;
        expelled.inspect_err(|error| tracing::error!(%error, "no expulsion was kept")).is_ok()
    }
}
