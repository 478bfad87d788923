//! What is forbidden is refused by real peers (Req-Content-020).

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_there;

/// Asked every second.
const OFTEN: [&str; 2] = ["--set", "refresh.denylist-seconds=1"];

fn deny(scene: &Scene, digest: &str, kind: &str, denied: bool) {
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let body = json!({
        "digests": [{"digest": digest, "kind": kind, "denied": denied}], "reason": "court order",
    });
    assert_eq!(operator.ask("POST", "/ixs/denylist", Some(&body)).status, 200);
}

fn failed(peer: &PeerProgram) -> String {
    let status = peer.until(|status| status["transfers"][0]["state"] == "failed");
    let status = status.expect("it goes on");
    status["transfers"][0]["message"].as_str().unwrap_or_default().to_owned()
}

/// A content that becomes forbidden while it is fetched ends at both ends, with a word why; it is
/// refused from then on, while the provider is away, too, and comes back when it is allowed again.
#[test]
fn a_content_that_becomes_forbidden_ends_in_the_middle() {
    let mut scene = Scene::start(Shape::OneProcess).expect("no scene");
    let whole = film(&scene.at("source"), 31, 4 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    anna.serve(&OFTEN).expect("no daemon");
    bert.serve(&["--set", "limits.down-kbps=4000", OFTEN[0], OFTEN[1]]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let target = scene.at("got").display().to_string();
    bert.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    let have = |status: &Value| status["transfers"][0]["have"].as_u64().unwrap_or(0);
    bert.until(|status| have(status) > 0).expect("nothing comes");
    deny(&scene, &id, "content", true);
    for peer in [&bert, &anna] {
        let why = failed(peer);
        assert!(why.contains("forbidden by the provider's denylist"), "{why}");
    }
    let status = bert.status().expect("no status");
    assert!(have(&status) < whole.len() as u64, "{status}");
    assert!(!scene.at("got/film.bin").exists());
    // Kept over a restart, with nobody to ask.
    scene.cities.p2psp.kill().expect("it lives");
    bert.kill();
    bert.serve(&OFTEN).expect("no daemon");
    let why = failed(&bert);
    assert!(why.contains(&id), "{why}");
    let index = bert.state().join("contents").join(&id).join("index.jws");
    let again = bert.run(&["get", &index.display().to_string(), "-o", &target]);
    let again = again.expect_err("it was fetched").to_string();
    assert!(again.contains("forbidden by the provider's denylist"), "{again}");
}

/// A fragment is forbidden in whichever content it turns up; neither is it shared.
#[test]
fn a_content_with_a_forbidden_fragment_is_refused_until_it_is_allowed_again() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let whole = film(&scene.at("source"), 32, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    anna.serve(&OFTEN).expect("no daemon");
    bert.serve(&OFTEN).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let index = anna.state().join("contents").join(&id).join("index.jws");
    let signed = std::fs::read_to_string(&index).expect("no index file");
    let index_file = mp2p::index_file::IndexFile::open(&signed).expect("an index file");
    let third = index_file.fragments.0[2].to_string();
    deny(&scene, &third, "fragment", true);
    let why = failed(&anna);
    assert!(why.contains("fragment 2") && why.contains(&third), "{why}");
    let index = index.display().to_string();
    let target = scene.at("got").display().to_string();
    let refused = until_there("it is refused", || bert.run(&["get", &index, "-o", &target]).err());
    assert!(refused.to_string().contains("forbidden by the provider's denylist"), "{refused}");
    let shared = anna.run(&["share", &scene.at("source/film.bin").display().to_string()]);
    let shared = shared.expect_err("it was shared").to_string();
    assert!(shared.contains("forbidden by the provider's denylist"), "{shared}");
    // Allowed again, it is a content as any other.
    deny(&scene, &third, "fragment", false);
    anna.run(&["stop", &id]).expect("not given up");
    let shared = until_there("it is shared", || anna.share(&scene.at("source/film.bin")).ok());
    assert_eq!(shared, id);
    until_there("it is fetched", || bert.get(&index, &scene.at("again")).ok());
    assert_eq!(std::fs::read(scene.at("again/film.bin")).expect("no file"), whole);
}
