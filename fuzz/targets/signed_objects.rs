//! Signed objects besides receipts: as they come, and with whatever content under a good signature.
//! What opens fits what it was checked against, and is sealed and opened again as the same.
#![no_main]

use std::fmt::Debug;
use std::sync::LazyLock;

use mp2p::delivery::Delivery;
use mp2p::id::{OverlayId, PeerId};
use mp2p::index_file::{IndexFile, service_id};
use mp2p::message::overlay::ServiceKind;
use mp2p::passkey::{Check, Passkey};
use mp2p::reservation::{Reservation, ReservationCheck};
use mp2p::signed::{Kind, PeerKey, SignedError, SigningKey, VerifyingKey, seal};
use mp2p::stop::{Stop, StopAck, StopCheck};
use serde_json::Value;

const NOW: u64 = 1_800_000_000;
/// A longer one of them is not read; index files may be, where a seed is not.
const MAX_BYTES: usize = 4096;
/// SHA-256 of the certificate that passkeys of the seeds are bound to.
const CERTIFICATE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

struct Scene {
    key: SigningKey,
    public: PeerKey,
    overlay: OverlayId,
    peer: PeerId,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let der = SigningKey::generate_ed25519().expect("randomness");
    let key = SigningKey::from_pkcs8(&der).expect("a key");
    Scene {
        public: PeerKey::of(&key).expect("its other half"),
        key,
        overlay: OverlayId::parse("film").expect("a name"),
        peer: PeerId::parse(&"a".repeat(64)).expect("a name"),
    }
});

impl Scene {
    fn oms(&self) -> &VerifyingKey {
        self.public.verifying()
    }

    fn check(&self) -> Check<'_> {
        let (overlay, holder) = (&self.overlay, &self.peer);
        let (issuer, certificate) = ("p2psp.example", CERTIFICATE);
        Check { issuer, overlay, holder, certificate, epoch: 3, now: NOW }
    }

    fn stop(&self, text: &str) -> Option<Stop> {
        let check = StopCheck { overlay: &self.overlay, after: 6, now: NOW };
        Stop::open(text, self.oms(), &check).ok()
    }

    fn reservation(&self, text: &str) -> Option<Reservation> {
        let opened = Reservation::open(text, self.oms()).ok()?;
        let (server, holder) = (&self.peer, &self.peer);
        let check = ReservationCheck { server, holder, epoch: 7, now: NOW };
        if opened.check(&check).is_ok() {
            assert!(opened.epoch >= 7 && opened.server == opened.holder);
        }
        Some(opened)
    }

    /// Seals `content` with the scene's key, which `names` say is its signer's, and opens it.
    fn try_out<T: Debug + PartialEq>(
        &self,
        kind: Kind,
        content: &Value,
        open: impl Fn(&str) -> Option<T>,
        write: impl Fn(&T, &SigningKey) -> Result<String, SignedError>,
    ) -> Option<T> {
        let opened = open(&seal(kind, content, &self.key).ok()?)?;
        // The defaults of what was left out may make it too long.
        let again = write(&opened, &self.key).ok().filter(|text| text.len() <= MAX_BYTES)?;
        assert_eq!(open(&again).as_ref(), Some(&opened));
        Some(opened)
    }

    /// `content` as of this scene's peer, which the members `name` and `key` are for.
    fn as_own(&self, content: &Value, name: &str, key: &str) -> Value {
        let mut own = content.clone();
        if let Some(object) = own.as_object_mut() {
            object.insert(name.to_owned(), self.public.peer_id().to_string().into());
            object.insert(key.to_owned(), self.public.to_string().into());
        }
        own
    }
}

/// Named by its hashes, or its overlay: no fuzzer finds that name.
fn named(mut content: Value) -> Value {
    let Ok(index) = serde_json::from_value::<IndexFile>(content.clone()) else { return content };
    let id = match index.kind {
        ServiceKind::File => index.cut().and_then(|cut| cut.content_id(&index.fragments.0)),
        _ => Some(service_id(&index.overlay_id)),
    };
    if let (Some(object), Some(id)) = (content.as_object_mut(), id) {
        object.insert("content-id".to_owned(), id.as_str().into());
    }
    content
}

fn as_it_comes(scene: &Scene, text: &str) {
    // Nobody guesses a signature.
    assert!(scene.stop(text).is_none() && scene.reservation(text).is_none());
    assert!(Passkey::open(text, scene.oms(), &scene.check()).is_err());
    assert!(Passkey::vouch(text, scene.oms(), &scene.check()).is_err());
    assert!(IndexFile::open(text).is_err() && Delivery::open(text).is_err());
    assert!(StopAck::open(text).is_err());
}

fn of_a_peer(scene: &Scene, content: &Value) {
    let index = named(scene.as_own(content, "publisher", "publisher-key"));
    let open = |text: &str| IndexFile::open(text).ok();
    if let Some(index) = scene.try_out(Kind::IndexFile, &index, open, IndexFile::seal) {
        assert_eq!(index.cut().is_some(), index.kind == ServiceKind::File);
        let fragments = index.cut().map_or(0, |cut| cut.count());
        assert_eq!(usize::try_from(fragments), Ok(index.fragments.0.len()));
    }
    let delivery = scene.as_own(content, "sender", "sender-key");
    let open = |text: &str| Delivery::open(text).ok();
    scene.try_out(Kind::Delivery, &delivery, open, Delivery::seal);
    let ack = scene.as_own(content, "peer-id", "key");
    scene.try_out(Kind::StopAck, &ack, |text| StopAck::open(text).ok(), StopAck::seal);
}

fn of_the_provider(scene: &Scene, content: &Value) {
    let stop = scene.try_out(Kind::Stop, content, |text| scene.stop(text), Stop::seal);
    assert!(stop.is_none_or(|stop| stop.seq > 6 && stop.overlay_id == scene.overlay));
    let open = |text: &str| scene.reservation(text);
    scene.try_out(Kind::Reservation, content, open, Reservation::seal);
    let open = |text: &str| {
        let opened = Passkey::open(text, scene.oms(), &scene.check()).ok();
        let vouched = Passkey::vouch(text, scene.oms(), &scene.check()).ok();
        // Who may come in with it is a member.
        assert!(opened.is_none() || vouched == opened);
        opened
    };
    let passkey = scene.try_out(Kind::Passkey, content, open, Passkey::seal);
    assert!(passkey.is_none_or(|passkey| passkey.epoch >= 3 && passkey.peer_id == scene.peer));
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let scene = &*SCENE;
    if let Ok(text) = std::str::from_utf8(bytes) {
        as_it_comes(scene, text);
    }
    let Ok(content) = serde_json::from_slice::<Value>(bytes) else { return };
    of_a_peer(scene, &content);
    of_the_provider(scene, &content);
});
