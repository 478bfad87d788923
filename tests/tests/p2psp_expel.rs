//! Expulsion (Req-Net-090), the provider's side: what a sender signed is its own proof; whoever
//! lies achieves nothing with it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::delivery::Delivery;
use mp2p::fragment::FragmentHash;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::event::Event;
use mp2p::signed::{Kind, PeerKey, seal};
use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer, Shape, addresses};
use system_tests::publisher::{Publication, key};
use system_tests::wait::AMPLE;

static BYTES: [u8; 20_000] = [7; 20_000];

struct Scene {
    p2psp: P2psp,
    anna: Peer,
    ben: Peer,
    carla: Peer,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// Anna publishes a film of two fragments; all three take part.
    fn start(shape: Shape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let p2psp = P2psp::start_as(shape, &folder.path().join("state"), &[]).unwrap();
        let [anna, ben, carla] = [("anna", 10), ("ben", 11), ("carla", 12)]
            .map(|(user, host)| p2psp.enrol(user, &format!("127.0.0.{host}")).unwrap());
        let film = json!({"overlay-id": "film"});
        assert_eq!(anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        let body = film_of(&anna).registration(&anna).unwrap();
        assert_eq!(anna.ask("POST", "/ixs/content", Some(&body)).status, 204);
        for peer in [&anna, &ben, &carla] {
            let _ = peer.join("film");
        }
        Self { p2psp, anna, ben, carla, _folder: folder }
    }

    /// What ben sent to carla, if `hash` is that of the bytes.
    fn delivery(&self, hash: FragmentHash) -> Delivery {
        let sender_key = PeerKey::of(&key(&self.ben).unwrap()).unwrap();
        Delivery {
            overlay_id: OverlayId::parse("film").unwrap(),
            content_id: film_of(&self.anna).index_file(&self.anna).unwrap().content_id,
            fragment: 1,
            hash,
            sender: PeerId::parse(&self.ben.id).unwrap(),
            receiver: PeerId::parse(&self.carla.id).unwrap(),
            ts: now(),
            sender_key,
        }
    }

    /// Carla reports ben, with what is to prove it.
    fn report(&self, evidence: &str) {
        let failure = json!({
            "kind": "bad-fragment", "peer-id": self.ben.id, "fragment": 1, "at": now(),
            "evidence": evidence,
        });
        let report = json!({"overlay-id": "film", "reports": [failure]});
        let answer = self.carla.ask("POST", "/oms/peer/report", Some(&report));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn is_out(&self) -> bool {
        let joined = self.ben.ask("PUT", "/oms/peer", Some(&self.ben.join_request("film")));
        match joined.status {
            200 => false,
            403 => joined.json()["error"]["code"] == "expelled",
            other => panic!("{other}"),
        }
    }
}

fn film_of(_: &Peer) -> Publication<'static> {
    Publication { overlay: "film", title: "Film", version: 1, bytes: &BYTES }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn expelled(event: &Event) -> Option<(String, u64)> {
    match event {
        Event::Expelled { peer_id, epoch, .. } => Some((peer_id.to_string(), *epoch)),
        _ => None,
    }
}

fn whole(shape: Shape) {
    let scene = Scene::start(shape);
    let events = scene.anna.listen(None);
    let epoch = scene.anna.refresh("film")["epoch"].as_u64().unwrap();
    let bad = scene.delivery(FragmentHash([0; 32]));
    let proof = bad.seal(&key(&scene.ben).unwrap()).unwrap();
    scene.report(&proof);
    assert!(scene.is_out());
    assert_eq!(events.until(AMPLE, expelled), (scene.ben.id.clone(), epoch + 1));
    let refreshed = scene.anna.refresh("film");
    assert_eq!(refreshed["epoch"], epoch + 1, "older passkeys are void");
    assert_eq!(addresses(&refreshed), ["127.0.0.12"]);
    // Let in again, the same proof does nothing.
    let operator = scene.p2psp.operator("127.0.0.13");
    let path = format!("/oms/expel?overlay-id=film&peer-id={}", scene.ben.id);
    assert_eq!(scene.carla.ask("DELETE", &path, None).status, 403);
    assert_eq!(operator.ask("DELETE", &path, None).status, 204);
    assert!(!scene.is_out());
    scene.report(&proof);
    assert!(!scene.is_out(), "a proof counts once");
    assert_eq!(operator.ask("POST", &path, None).status, 204);
    assert!(scene.is_out());
}

/// Req-Net-090: one report is enough.
#[test]
fn a_sender_that_signed_wrong_bytes_is_out_by_one_report() {
    whole(Shape::OneProcess);
}

#[test]
fn a_proof_is_held_against_the_index_of_another_process() {
    whole(Shape::FourProcesses);
}

/// The operator's command, beside the running server; what it says goes on record.
#[test]
fn an_operator_expels_and_readmits_by_the_command_line() {
    let scene = Scene::start(Shape::OneProcess);
    let state = scene.p2psp.pki("..").display().to_string();
    let url = scene.p2psp.daemon.url.replace("127.0.0.1", "localhost");
    let expel = |more: &[&str]| {
        let order = ["expel", "film", &scene.ben.id, "--state-dir", &state, "--url", &url];
        system_tests::p2psp::run(&[&order[..], more].concat())
    };
    let events = scene.anna.listen(None);
    let told = expel(&["--reason", "floods & böse Worte"]).unwrap();
    assert_eq!(told, format!("{} is out of film\n", scene.ben.id));
    assert!(scene.is_out());
    assert_eq!(events.until(AMPLE, expelled).0, scene.ben.id);
    let trail = rusqlite::Connection::open(scene.p2psp.pki("../expulsions.db")).unwrap();
    let row = "SELECT what, who, detail ->> 'reason' FROM audit";
    let row: (String, String, String) =
        trail.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!((&*row.0, &*row.2), ("expel", "floods & böse Worte"));
    assert!(row.1.contains("/operator/"), "{}", row.1);
    expel(&["--readmit"]).unwrap();
    assert!(!scene.is_out());
    // Who is away can be put out as well.
    let left = scene.ben.ask("DELETE", "/oms/peer", Some(&scene.ben.join_request("film")));
    assert_eq!(left.status, 204);
    expel(&[]).unwrap();
    assert!(scene.is_out());
    expel(&["--readmit"]).unwrap();
    for (overlay, peer, told) in [
        ("fi1m", &*scene.ben.id, "there is no overlay fi1m"),
        ("film", &*"0".repeat(64), "is no member of film, and no peer that any user has"),
    ] {
        let order = ["expel", overlay, peer, "--state-dir", &state, "--url", &url];
        let refused = system_tests::p2psp::run(&order).unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    let refused = expel(&["--readmit"]).unwrap_err().to_string();
    assert!(refused.contains("is not expelled"), "{refused}");
}

#[test]
fn reports_that_prove_nothing_put_nobody_out() {
    let scene = Scene::start(Shape::OneProcess);
    let (ben, carla) = (key(&scene.ben).unwrap(), key(&scene.carla).unwrap());
    let good = film_of(&scene.anna).index_file(&scene.anna).unwrap().fragments.0[1];
    let bad = scene.delivery(FragmentHash([0; 32]));
    let song = Delivery { overlay_id: OverlayId::parse("song").unwrap(), ..bad.clone() };
    let none = Delivery { fragment: 2, ..bad.clone() };
    let unknown =
        Delivery { content_id: mp2p::index_file::service_id(&bad.overlay_id), ..bad.clone() };
    for (what, evidence) in [
        ("what was sent is what it should be", scene.delivery(good).seal(&ben).unwrap()),
        ("carla signed in ben's name", seal(Kind::Delivery, &bad, &carla).unwrap()),
        ("another overlay", song.seal(&ben).unwrap()),
        ("no such fragment", none.seal(&ben).unwrap()),
        ("no such content", unknown.seal(&ben).unwrap()),
        ("nothing", String::new()),
        ("no proof at all", "a.b.c".to_owned()),
    ] {
        scene.report(&evidence);
        assert!(!scene.is_out(), "{what}");
    }
    let told: Value = scene.anna.refresh("film");
    assert!(addresses(&told).contains(&"127.0.0.11"));
}
