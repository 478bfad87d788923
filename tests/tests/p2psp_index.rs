//! The index of a provider: what peers publish, find and replace, and what is forbidden (TR 20002
//! §8.3.5; Req-Content-020, -060).

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use mp2p::index_file::IndexFile;
use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer, addresses};
use system_tests::publisher::Publication;

struct Scene {
    p2psp: P2psp,
    anna: Peer,
    ben: Peer,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let p2psp = P2psp::start(&folder.path().join("state"), &[]).unwrap();
        let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
        let ben = p2psp.enrol("ben", "127.0.0.11").unwrap();
        let film = json!({"overlay-id": "film"});
        assert_eq!(anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        Self { p2psp, anna, ben, _folder: folder }
    }
}

fn film(version: u64, bytes: &[u8]) -> Publication<'_> {
    Publication { overlay: "film", title: "Winter in Grönland", version, bytes }
}

fn code(peer: &Peer, method: &str, path: &str, body: &Value) -> (u16, String) {
    let answer = peer.ask(method, path, Some(body));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let code = serde_json::from_str::<Value>(&text).unwrap_or_default();
    (answer.status, code["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// Flow 8.3.5, steps 1 to 4: found by its words, in which overlay, where to join, and what it
/// consists of; every fragment can be checked.
#[test]
fn flow_8_3_5_a_content_is_found_by_its_words_and_joined() {
    let scene = Scene::start();
    let (p2psp, anna, ben) = (&scene.p2psp, &scene.anna, &scene.ben);
    let _ = anna.join("film");
    let bytes = vec![7; 40_000];
    let film = film(1, &bytes);
    let registration = film.registration(anna).unwrap();
    assert_eq!(anna.ask("POST", "/ixs/content", Some(&registration)).status, 204);
    let found = ben.ask("GET", "/ixs/content?q=gronland", None).json();
    assert_eq!(found["contents"][0]["overlay-id"], "film");
    assert_eq!(found["contents"][0]["size"], 40_000);
    assert_eq!(found["oms"], p2psp.daemon.url);
    let content = found["contents"][0]["content-id"].as_str().unwrap();
    let answer = ben.ask("GET", &format!("/ixs/index?content-id={content}"), None).json();
    let opened = IndexFile::open(answer["index-file"].as_str().unwrap()).unwrap();
    assert_eq!(opened, film.index_file(anna).unwrap());
    assert_eq!(*opened.publisher.digits(), anna.id);
    assert_eq!((&answer["overlay-id"], &answer["oms"]), (&json!("film"), &found["oms"]));
    assert_eq!(addresses(&ben.join("film")), ["127.0.0.10"]);
    let missing = format!("/ixs/index?content-id={}", "0".repeat(64));
    assert_eq!(ben.ask("GET", &missing, None).status, 404);
}

#[test]
fn a_publication_is_its_publishers_and_goes_forward_only() {
    let scene = Scene::start();
    let (anna, ben) = (&scene.anna, &scene.ben);
    let (old, new) = (film(1, b"old"), film(2, b"new"));
    let register =
        |peer: &Peer, method: &str, body: &Value| code(peer, method, "/ixs/content", body);
    let not_yours = (403, "not-yours".to_owned());
    let registration = old.registration(anna).unwrap();
    assert_eq!(register(ben, "POST", &registration), not_yours);
    // The overlay is hers, also while nothing is registered in it; another has to be made first.
    assert_eq!(register(ben, "POST", &new.registration(ben).unwrap()), not_yours);
    let nowhere = Publication { overlay: "nowhere", title: "Lost", version: 1, bytes: b"lost" };
    assert_eq!(register(ben, "POST", &nowhere.registration(ben).unwrap()).0, 404);
    assert_eq!(register(anna, "POST", &registration).0, 204);
    assert_eq!(register(ben, "POST", &new.registration(ben).unwrap()), not_yours);
    assert_eq!(register(anna, "PUT", &registration), (409, "version".to_owned()));
    let mut forged = registration.clone();
    let text = forged["index-file"].as_str().unwrap().to_owned();
    forged["index-file"] = json!(text[..text.len() - 4]);
    assert_eq!(register(anna, "PUT", &forged), (400, "index-file".to_owned()));
    let mut update = new.registration(anna).unwrap();
    update["replaces"] = json!(old.index_file(anna).unwrap().content_id);
    assert_eq!(register(anna, "PUT", &update).0, 204);
    let found = ben.ask("GET", "/ixs/content?q=winter", None).json();
    let content = new.index_file(anna).unwrap().content_id;
    assert_eq!(found["contents"].as_array().unwrap().len(), 1);
    assert_eq!(found["contents"][0]["content-id"], content.as_str());
    let path = format!("/ixs/content?content-id={content}");
    assert_eq!(ben.ask("DELETE", &path, None).status, 403);
    assert_eq!(anna.ask("DELETE", &path, None).status, 204);
    assert_eq!(anna.ask("DELETE", &path, None).status, 404);
}

/// Req-Content-020: refused at the registration, gone from the search, and told to peers by number.
#[test]
fn what_is_forbidden_is_refused_and_peers_are_told() {
    let scene = Scene::start();
    let (p2psp, anna, ben) = (&scene.p2psp, &scene.anna, &scene.ben);
    let (operator, bytes) = (p2psp.operator("127.0.0.12"), vec![3; 20_000]);
    let film = film(1, &bytes);
    let registration = film.registration(anna).unwrap();
    let fragment = film.index_file(anna).unwrap().fragments.0[1].to_string();
    let digests = json!([{"digest": fragment, "kind": "fragment"}]);
    let deny = json!({"digests": digests, "reason": "no licence"});
    assert_eq!(code(ben, "POST", "/ixs/denylist", &deny).0, 403);
    assert_eq!(operator.ask("POST", "/ixs/denylist", Some(&deny)).json()["seq"], 1);
    let refused = code(anna, "POST", "/ixs/content", &registration);
    assert_eq!(refused, (451, "denied".to_owned()));
    assert_eq!(ben.ask("GET", "/ixs/content?q=winter", None).json()["contents"], json!([]));
    let list = ben.ask("GET", "/ixs/denylist", None).json();
    assert_eq!(list["digests"][0]["digest"], fragment);
    assert_eq!(ben.ask("GET", "/ixs/denylist?after=1", None).json()["digests"], json!([]));
    let mut allow = deny;
    allow["digests"][0]["denied"] = json!(false);
    assert_eq!(operator.ask("POST", "/ixs/denylist", Some(&allow)).json()["seq"], 2);
    assert_eq!(anna.ask("POST", "/ixs/content", Some(&registration)).status, 204);
}
