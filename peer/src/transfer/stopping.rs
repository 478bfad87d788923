//! A distribution that was stopped by order (TR 20002 §8.3.4): kept on the disk, so that it stays
//! stopped, and acknowledged.

use std::path::Path;

use mp2p::id::{ContentId, OverlayId};
use mp2p::signed::PeerKey;
use mp2p::stop::{Stop, StopAck, StopCheck, StopError};

use crate::home::replace;
use crate::identity::Identity;
use crate::report::{Kind, Reports};
use crate::transfer::notary::unix_s;
use crate::transfer::standing::{Shared, Standing};

/// What is said of a content that was stopped, whatever else is so.
pub(crate) const BY_ORDER: &str = "its distribution was stopped by order";
/// Longest order read back.
const MAX_BYTES: u64 = 64 << 10;

/// The order that stopped it, from an earlier run.
pub(crate) fn stone(folder: &Path) -> Option<String> {
    let path = folder.join("stop.jws");
    let found = std::fs::metadata(&path).ok()?;
    (found.len() <= MAX_BYTES).then(|| std::fs::read_to_string(&path).ok()).flatten()
}

/// Forgets an order that lies beside a content and is about something else, or was lifted as far as
/// OMS said last. One that cannot be checked, as where OMS has another key by now, stays in force.
pub(crate) fn forget_stray(
    folder: &Path,
    (overlay, content): (&OverlayId, &ContentId),
    standing: &Shared,
) {
    let (Some(text), standing) = (stone(folder), Standing::now(standing)) else { return };
    let Some(key) = &standing.oms_key else { return };
    let is_stray = match Stop::open(&text, key, &StopCheck { overlay, after: 0, now: unix_s() }) {
        Ok(stop) => !stop.ends(content) || standing.void_stops.contains(&stop.seq),
        Err(StopError::OtherOverlay(_)) => true,
        Err(_unknown) => false,
    };
    if is_stray {
        tracing::warn!(%content, "an order to stop that is lifted or about something else is left");
        let _ = std::fs::remove_file(folder.join("stop.jws"));
    }
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

#[cfg(test)]
mod tests {
    use mp2p::message::bound::Text;
    use mp2p::signed::SigningKey;

    use super::*;

    const OVERLAY: &str = "film";

    fn content(letter: char) -> ContentId {
        ContentId::parse(&letter.to_string().repeat(64)).unwrap()
    }

    fn sealed(overlay: &str, content_id: Option<ContentId>, seq: u64, key: &SigningKey) -> String {
        let overlay_id = OverlayId::parse(overlay).unwrap();
        let (reason, authority) = (Text::default(), Text::default());
        let iat = unix_s();
        Stop { overlay_id, content_id, seq, iat, reason, authority }.seal(key).unwrap()
    }

    /// What is found beside content `a` of the overlay at the next start: recorded elsewhere or
    /// lifted since, it does nothing; what is in force, or is not known to be none, does.
    #[test]
    fn an_order_that_was_recorded_elsewhere_or_lifted_is_forgotten() {
        let key = || SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let (oms, other) = (key(), key());
        let standing = Shared::default();
        {
            let mut standing = standing.write().unwrap();
            standing.oms_key = Some(oms.verifying().unwrap());
            standing.void_stops = vec![3];
        }
        let cases = [
            (sealed(OVERLAY, Some(content('a')), 4, &oms), true),
            (sealed(OVERLAY, None, 4, &oms), true),
            (sealed(OVERLAY, Some(content('b')), 4, &oms), false),
            (sealed("song", Some(content('a')), 4, &oms), false),
            (sealed(OVERLAY, Some(content('a')), 3, &oms), false),
            (sealed(OVERLAY, Some(content('a')), 4, &other), true),
            ("damaged".to_owned(), true),
        ];
        let folder = tempfile::tempdir().unwrap();
        let (overlay, a) = (OverlayId::parse(OVERLAY).unwrap(), content('a'));
        for (place, (text, stays)) in cases.into_iter().enumerate() {
            std::fs::write(folder.path().join("stop.jws"), text).unwrap();
            forget_stray(folder.path(), (&overlay, &a), &Shared::default());
            assert!(stone(folder.path()).is_some(), "{place}: nothing is known of OMS");
            forget_stray(folder.path(), (&overlay, &a), &standing);
            assert_eq!(stone(folder.path()).is_some(), stays, "{place}");
        }
    }
}
