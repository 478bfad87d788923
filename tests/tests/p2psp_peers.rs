//! Peers of a provider without any ISP: who they are, what they may, and what is refused.

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::event::Event;
use mp2p::passkey::{Check, Passkey, PasskeyError};
use mp2p::signed::VerifyingKey;
use serde_json::{Value, json};
use system_tests::curl;
use system_tests::p2psp::{P2psp, Peer, addresses};
use system_tests::wait::{AMPLE, until};

struct Scene {
    p2psp: P2psp,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let p2psp = P2psp::start(&folder.path().join("state"), more).expect("a server");
        Self { p2psp, _folder: folder }
    }

    /// A peer of anna's, and the overlay `film`, which is hers.
    fn anna(&self) -> Peer {
        let anna = self.p2psp.enrol("anna", "127.0.0.10").expect("a peer");
        let overlay = json!({"overlay-id": "film", "title": "A film", "type": "live"});
        assert_eq!(anna.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
        anna
    }
}

fn fingerprint(peer: &Peer) -> String {
    let mut command = std::process::Command::new("openssl");
    command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(peer.file("client.pem"));
    let output = command.output().expect("openssl runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_once('=').expect("a fingerprint").1.trim().replace(':', "").to_lowercase()
}

/// The peer's id is the hash of its key, by openssl's account.
#[test]
fn a_peer_is_named_by_its_own_key() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let script = "openssl x509 -in \"$1\" -noout -pubkey | openssl pkey -pubin -outform DER \
        | openssl dgst -sha256 -r";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, "sh"]).arg(anna.file("client.pem"));
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert_eq!(text.split(' ').next().unwrap(), anna.id);
}

/// Flow 8.3.9, second method, up to the peer that checks: OMS' passkey opens with OMS' key alone,
/// for its holder's certificate alone.
#[test]
fn flow_8_3_9_a_passkey_is_good_for_its_own_peer_only() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
    let joined = anna.join("film");
    let _ = ben.join("film");
    let key = VerifyingKey::parse(joined["oms-key"].as_str().unwrap()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let overlay = OverlayId::parse("film").unwrap();
    let open = |holder: &Peer| {
        let (peer, certificate) = (PeerId::parse(&holder.id).unwrap(), fingerprint(holder));
        let check = Check {
            issuer: "p2psp.localhost",
            overlay: &overlay,
            holder: &peer,
            certificate: &certificate,
            epoch: joined["epoch"].as_u64().unwrap(),
            now: now.as_ref().unwrap().as_secs(),
        };
        Passkey::open(joined["passkey"].as_str().unwrap(), &key, &check)
    };
    let passkey = open(&anna).unwrap();
    assert_eq!((passkey.sub.as_str(), passkey.class), ("anna", 0));
    assert!(matches!(open(&ben), Err(PasskeyError::Borrowed("peer"))));
}

#[test]
fn a_list_points_at_nobody_who_did_not_join() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
    let mut lie = ben.join_request("film");
    lie["peer_addr"][0]["ip_address"] = json!("192.0.2.80");
    assert_eq!(ben.ask("POST", "/oms/peer", Some(&lie)).status, 200);
    assert_eq!(addresses(&anna.join("film")), ["127.0.0.11"]);
    let mut mail = ben.join_request("film");
    mail["peer_addr"][0]["port"] = json!(25);
    let refused = ben.ask("POST", "/oms/peer", Some(&mail));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("address")));
}

#[test]
fn nobody_acts_as_another() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
    let _ = anna.join("film");
    let as_anna = anna.join_request("film");
    for method in ["POST", "PUT", "DELETE"] {
        let refused = ben.ask(method, "/oms/peer", Some(&as_anna));
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("not-yours")));
    }
    assert_eq!(ben.ask("GET", "/ums/profile?user-id=anna", None).status, 403);
    let operator = scene.p2psp.operator("127.0.0.12");
    assert_eq!(operator.ask("POST", "/oms/peer", Some(&as_anna)).status, 403);
    assert_eq!(operator.ask("GET", "/ums/profile?user-id=anna", None).status, 200);
    let url = format!("{}/oms/overlay?overlay-id=film", scene.p2psp.daemon.url);
    let nobody = curl::run(curl::with(&scene.p2psp.pki("ca.pem"), None).arg(url)).unwrap();
    assert_eq!((nobody.status, &nobody.json()["error"]["code"]), (403, &json!("no-certificate")));
}

/// Req-Net-040, and the end of a membership.
#[test]
fn an_overlay_is_described_before_joining_and_forgets_who_leaves() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
    let _ = ben.join("film");
    let path = "/oms/overlay?overlay-id=film";
    let told = anna.ask("GET", path, None).json();
    assert_eq!((&told["num_peers"], &told["type"]), (&json!(1), &json!("live")));
    assert_eq!((&told["owner-id"], &told["title"]), (&json!(anna.id), &json!("A film")));
    // A cache among the members is told of.
    assert_eq!(told["health"]["caches"], 0);
    let cache = scene.p2psp.enrol_server("cs/1", "127.0.0.30").unwrap();
    let _ = cache.join("film");
    let told = anna.ask("GET", path, None).json();
    assert_eq!((&told["num_peers"], &told["health"]["caches"]), (&json!(2), &json!(1)));
    assert_eq!(cache.ask("DELETE", "/oms/peer", Some(&cache.join_request("film"))).status, 204);
    assert_eq!(ben.ask("DELETE", "/oms/peer", Some(&ben.join_request("film"))).status, 204);
    assert_eq!(ben.ask("DELETE", "/oms/peer", Some(&ben.join_request("film"))).status, 404);
    assert_eq!(addresses(&anna.join("film")), [""; 0]);
    let joined = anna.refresh("film");
    assert_eq!(
        (&joined["status"]["ranked-by"], &joined["ticket-id"]),
        (&json!("score"), &json!(3))
    );
}

#[test]
fn bodies_that_are_none_change_nothing() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let long = "x".repeat(70_000);
    for (body, status, code) in [
        (json!({}), 400, "body"),
        (json!({"overlay-id": "fi/lm", "peer-id": anna.id}), 400, "body"),
        (json!({"overlay-id": "film", "peer-id": anna.id}), 400, "body"),
        (json!({"overlay-id": "film", "peer-id": anna.id, "peer_addr": []}), 400, "address"),
        (json!({"overlay-id": "film", "peer-id": anna.id, "title": long}), 413, "too-large"),
        (anna.join_request("song"), 404, "no-overlay"),
    ] {
        let refused = anna.ask("POST", "/oms/peer", Some(&body));
        let error: Value = refused.json()["error"]["code"].clone();
        assert_eq!((refused.status, error), (status, json!(code)));
    }
    assert_eq!(anna.ask("GET", "/oms/overlay?overlay-id=film", None).json()["num_peers"], 0);
    assert_eq!(anna.ask("GET", "/nothing", None).status, 404);
    assert_eq!(anna.ask("PATCH", "/oms/peer", None).status, 405);
}

/// A process has the roles that it was given, and lists without the others.
#[test]
fn a_role_that_is_not_there_is_done_without() {
    let scene = Scene::start(&["--role", "oms"]);
    let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
    let _ = ben.join("film");
    let joined = anna.join("film");
    assert_eq!(addresses(&joined), ["127.0.0.11"]);
    assert_eq!(joined["status"]["peer_info_list"][0]["score"], 0.5);
    assert_eq!(anna.ask("GET", "/ixs/content?q=x", None).status, 404);
    scene.p2psp.daemon.signal("HUP").unwrap();
    scene.p2psp.daemon.wait_for_log("settings taken over").unwrap();
    assert_eq!(scene.p2psp.daemon.stop().unwrap(), Some(0));
}

/// Flow 8.3.3: OMS passes on where two members come from, whatever they say of it, to these two and
/// to nobody else, each answer once.
#[test]
fn flow_8_3_3_two_members_hear_where_each_is_seen_from_and_a_third_cannot_be_named() {
    let scene = Scene::start(&[]);
    let [ben, carla] = [("ben", "127.0.0.11"), ("carla", "127.0.0.12")]
        .map(|(user, address)| scene.p2psp.enrol(user, address).unwrap());
    let anna = scene.anna();
    let (by_anna, by_ben) = (anna.listen(None), ben.listen(None));
    for peer in [&anna, &ben] {
        let mut request = peer.join_request("film");
        request["peer_addr"][0]["ip_address"] = json!("203.0.113.80");
        (request["nat"], request["rendezvous"]) = (json!("cone"), json!(true));
        assert_eq!(peer.ask("POST", "/oms/peer", Some(&request)).status, 200);
    }
    let ask = |from: &Peer, with: &Peer, port: u16, answer: bool| {
        let body = json!({
            "overlay-id": "film", "peer-id": with.id, "rendezvous-id": "r1", "port": port,
            "answer": answer,
        });
        from.ask("POST", "/oms/peer/rendezvous", Some(&body)).status
    };
    assert_eq!(ask(&carla, &ben, 7001, false), 403, "no member");
    let _ = carla.join("film");
    assert_eq!(ask(&carla, &ben, 7001, false), 404, "she opens no ways");
    assert_eq!(ask(&ben, &anna, 7002, true), 403, "nobody asked");
    assert_eq!(ask(&anna, &ben, 25, false), 400, "a port of another service");
    // As soon as his stream is open.
    until(|| match ask(&anna, &ben, 7001, false) {
        204 => Ok(()),
        other => Err(other),
    })
    .unwrap();
    let heard = |event: &Event| match event {
        Event::Rendezvous { peer_id, address, answer, .. } => {
            Some((peer_id.to_string(), format!("{}:{}", address.ip_address, address.port), *answer))
        }
        _ => None,
    };
    let asked = (anna.id.clone(), "127.0.0.10:7001".to_owned(), false);
    assert_eq!(by_ben.until(AMPLE, heard), asked);
    assert_eq!(ask(&carla, &anna, 7003, true), 404, "who was not asked");
    assert_eq!(ask(&ben, &anna, 7002, true), 204);
    let answered = (ben.id.clone(), "127.0.0.11:7002".to_owned(), true);
    assert_eq!(by_anna.until(AMPLE, heard), answered);
    assert_eq!(ask(&ben, &anna, 7002, true), 403, "a second time");
}
