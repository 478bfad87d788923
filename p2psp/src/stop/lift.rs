//! A stop that is lifted, and peers that come back before they heard of one.

use std::sync::PoisonError;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::message::event::Event;

use crate::calls::LiftOrder;
use crate::database::DatabaseError;
use crate::stop::{Stopper, rows};

impl Stopper {
    /// Lets a distribution go on that was stopped by an order; whether there was such a stop. The
    /// same order again does nothing.
    ///
    /// # Errors
    /// It cannot be kept; the stop stays in force then.
    pub async fn lift(&self, order: LiftOrder) -> Result<bool, DatabaseError> {
        let lifted = self.database.write(move |tx| rows::lift(tx, &order)).await?;
        let Some((seq, overlay)) = lifted else { return Ok(false) };
        self.write_stones().lift(&overlay, seq);
        self.posted.write().unwrap_or_else(PoisonError::into_inner).remove(&seq);
        tracing::warn!(%overlay, seq, "a stop is lifted");
        Ok(true)
    }

    /// Numbers of the stops of an overlay that are void, the latest first.
    #[must_use]
    pub fn lifted(&self, overlay: &OverlayId) -> Vec<u64> {
        let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
        stones.lifted(overlay)
    }

    /// Whether an order ever stopped anything in an overlay, lifted or not.
    #[must_use]
    pub fn is_marked(&self, overlay: &OverlayId) -> bool {
        let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
        stones.of(overlay).is_some() || !stones.lifted(overlay).is_empty()
    }

    /// Tells a peer that begins to listen of the stops that it has not heard of: after a crash
    /// nobody else would, until it refreshes.
    pub fn remind(&self, peer: &PeerId) {
        let untold = {
            let stones = self.stones.read().unwrap_or_else(PoisonError::into_inner);
            stones.untold_by(peer)
        };
        for (seq, signed) in untold {
            let Ok(stop) = Text::new(&*signed) else { continue };
            let Some(number) = self.events.post_once(peer, &Event::Stop { stop }) else { continue };
            let mut posted = self.posted.write().unwrap_or_else(PoisonError::into_inner);
            let of_stop = posted.entry(seq).or_default();
            if !of_stop.iter().any(|(known, _)| known == peer) {
                of_stop.push((peer.clone(), number));
            }
        }
    }
}
