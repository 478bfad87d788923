//! An overlay with contents, members and an authority, and what both say of a stop.

use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::event::Event;
use mp2p::signed::{PeerKey, VerifyingKey};
use mp2p::stop::{Stop, StopAck, StopCheck};
use serde_json::{Value, json};
use system_tests::http::Answer;
use system_tests::p2psp::{P2psp, Peer, Shape};
use system_tests::publisher::{Publication, key};
use system_tests::wait::until_seen;

/// A provider, an overlay with two members, and an authority.
pub(crate) struct Scene {
    pub(crate) p2psp: P2psp,
    pub(crate) anna: Peer,
    pub(crate) ben: Peer,
    pub(crate) authority: Peer,
    /// OMS's key.
    pub(crate) key: VerifyingKey,
    pub(crate) folder: tempfile::TempDir,
}

impl Scene {
    /// Anna's overlay `film`, where she and ben take part, with a content of each of `titles`.
    pub(crate) fn start(shape: Shape, titles: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let p2psp = P2psp::start_as(shape, &folder.path().join("state"), &[]).unwrap();
        let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
        let ben = p2psp.enrol("ben", "127.0.0.11").unwrap();
        let authority = p2psp.enrol_named("authority/rights", "127.0.0.12").unwrap();
        let film = json!({"overlay-id": "film"});
        assert_eq!(anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        for title in titles {
            let body = publication(title).registration(&anna).unwrap();
            assert_eq!(anna.ask("POST", "/ixs/content", Some(&body)).status, 204);
        }
        let joined = anna.join("film");
        let _ = ben.join("film");
        let key = VerifyingKey::parse(joined["oms-key"].as_str().unwrap()).unwrap();
        Self { p2psp, anna, ben, authority, key, folder }
    }

    pub(crate) fn content(&self, title: &str) -> ContentId {
        publication(title).index_file(&self.anna).unwrap().content_id
    }

    pub(crate) fn take_down(&self, title: &str) -> Value {
        take_down(&self.authority, &self.content(title))
    }

    pub(crate) fn found(&self, title: &str) -> usize {
        let found = self.ben.ask("GET", &format!("/ixs/content?q={title}"), None).json();
        found["contents"].as_array().unwrap().len()
    }

    /// The takedown, as soon as `is_so` holds of it.
    pub(crate) fn until(&self, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        until(&self.authority, id, is_so)
    }

    pub(crate) fn opened(&self, stop: &str, overlay: &str, after: u64) -> Option<Stop> {
        let overlay = OverlayId::parse(overlay).unwrap();
        let check = StopCheck { overlay: &overlay, after, now: now() };
        Stop::open(stop, &self.key, &check).ok()
    }

    pub(crate) fn acknowledge(&self, by: &Peer, of: &Peer, seq: u64, overlay: &str) -> Answer {
        let signing = key(of).unwrap();
        let ack = StopAck {
            overlay_id: OverlayId::parse(overlay).unwrap(),
            seq,
            peer_id: PeerId::parse(&of.id).unwrap(),
            stopped_at: now(),
            forwarded: 2,
            key: PeerKey::of(&signing).unwrap(),
        };
        let body = json!({"stop-ack": ack.seal(&signing).unwrap()});
        by.ask("POST", "/oms/stop-ack", Some(&body))
    }
}

/// Has a content taken down.
pub(crate) fn take_down(authority: &Peer, content: &ContentId) -> Value {
    let body = json!({"content-id": content, "reason": "no licence"});
    let taken = authority.ask("POST", "/ixs/takedown", Some(&body));
    assert_eq!(taken.status, 202, "{}", String::from_utf8_lossy(&taken.body));
    taken.json()
}

/// The takedown, as soon as `is_so` holds of it.
pub(crate) fn until(authority: &Peer, id: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/ixs/takedown?takedown-id={id}");
    let look = || authority.ask("GET", &path, None).json()["takedowns"][0].clone();
    until_seen("the takedown is as wanted", look, is_so)
}

pub(crate) fn publication(title: &str) -> Publication<'_> {
    Publication { overlay: "film", title, version: 1, bytes: title.as_bytes() }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn stop_of(event: &Event) -> Option<String> {
    match event {
        Event::Stop { stop } => Some(stop.to_string()),
        _ => None,
    }
}

pub(crate) fn stopped(answer: &Answer) -> String {
    assert_eq!(answer.status, 410, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.json()["error"]["code"], "stopped");
    answer.json()["stop"].as_str().unwrap().to_owned()
}
