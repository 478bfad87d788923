//! A distribution that was stopped by order (TR 20002 §8.3.4): kept on the disk, so that it stays
//! stopped, and acknowledged. One that is forbidden since (Req-Content-020) ends as well.

use std::path::Path;
use std::time::Instant;

use mp2p::id::{ContentId, OverlayId};
use mp2p::signed::PeerKey;
use mp2p::stop::{Stop, StopAck, StopCheck};

use crate::control::message::State;
use crate::home::replace;
use crate::identity::Identity;
use crate::report::{Kind, Reports};
use crate::transfer::driver::Driver;
use crate::transfer::notary::unix_s;
use crate::transfer::standing::{Shared, Standing};

/// Longest order read back.
const MAX_BYTES: u64 = 64 << 10;

/// The order that stopped it, from an earlier run.
pub(crate) fn stone(folder: &Path) -> Option<String> {
    let path = folder.join("stop.jws");
    let found = std::fs::metadata(&path).ok()?;
    (found.len() <= MAX_BYTES).then(|| std::fs::read_to_string(&path).ok()).flatten()
}

/// Whether OMS orders with it that this content is to stop.
pub(crate) fn is_meant(
    text: &str,
    (overlay, content): (&OverlayId, &ContentId),
    standing: &Shared,
) -> bool {
    let standing = Standing::now(standing);
    let Some(key) = &standing.oms_key else { return false };
    let check = StopCheck { overlay, after: 0, now: unix_s() };
    let is_void = |stop: &Stop| standing.void_stops.contains(&stop.seq);
    Stop::open(text, key, &check).is_ok_and(|stop| stop.ends(content) && !is_void(&stop))
}

/// Keeps the order and says to OMS that it was followed.
pub(crate) fn follow(
    text: &str,
    (folder, overlay): (&Path, &OverlayId),
    (identity, standing, reports): (&Identity, &Shared, &Reports),
    forwarded: u32,
) {
    if let Err(error) = replace(&folder.join("stop.jws"), text.as_bytes()) {
        tracing::warn!(%error, "the order to stop cannot be kept");
    }
    let now = unix_s();
    let standing = Standing::now(standing);
    let Some(key) = &standing.oms_key else { return };
    let check = StopCheck { overlay, after: 0, now };
    let Ok(stop) = Stop::open(text, key, &check) else { return };
    let Ok(key) = PeerKey::of(&identity.key) else { return };
    let ack = StopAck {
        overlay_id: overlay.clone(),
        seq: stop.seq,
        peer_id: identity.peer.clone(),
        stopped_at: now,
        forwarded,
        key,
    };
    if let Ok(sealed) = ack.seal(&identity.key) {
        reports.put(Kind::StopAck, &format!("{overlay} {}", stop.seq), &sealed);
    }
}

impl Driver {
    /// More is forbidden than was: ends the transfer where its content is, for everybody who is
    /// linked, too.
    pub(crate) fn denied(&mut self) {
        if self.state == State::Stopped {
            return;
        }
        if let Some(why) = self.node.denylist.refusal(&self.kept.index) {
            tracing::warn!(content = %self.kept.index.content_id, why, "a transfer ends");
            (self.state, self.message) = (State::Failed, Some(why));
            self.show(Instant::now());
            self.ending.cancel();
        }
    }
}
