//! Classes between real peers (TR 20002 §8.3.9, both methods): the higher one is served first.

use serde_json::Value;
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Shape, run};
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_seen;

const FILM: usize = 6 << 20;

/// Anna gives 8 Mbit/s to two at a time, of class 0 and of class 9; they give each other next to
/// nothing, and are in PIDs of their own, so that neither waits for the other's share. `shows`:
/// whether they show passkeys, else Anna asks UMS.
fn the_higher_class_is_served_first(shows: bool) {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let p2psp = &scene.cities.p2psp;
    film(&scene.at("source"), 51, FILM).expect("no film");
    let mut anna = scene.peer("anna", HAMBURG).expect("not enrolled");
    anna.serve(&["--set", "limits.up-kbps=8000"]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let shown = format!("sharing.show-passkey={shows}");
    let mean = ["--set", "limits.up-kbps=8", "--set", &shown];
    let mut low = scene.peer("low", BERLIN).expect("not enrolled");
    let mut high = scene.peer("high", MUENCHEN).expect("not enrolled");
    // A user is known from the first join on.
    let known = p2psp.peer_in(high.state(), MUENCHEN).expect("no peer");
    let hall = serde_json::json!({"overlay-id": "hall"});
    assert_eq!(known.ask("POST", "/oms/overlay", Some(&hall)).status, 201);
    let _joined = known.join("hall");
    let state = p2psp.pki("..").display().to_string();
    run(&["class", "set", "high", "9", "--state-dir", &state]).expect("no class");
    for (peer, at) in [(&mut low, "low"), (&mut high, "high")] {
        peer.serve(&mean).expect("no daemon");
        let target = scene.at(at).display().to_string();
        peer.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    }
    let have = |status: &Value| status["transfers"][0]["have"].as_u64().unwrap_or(0);
    let look = || [&low, &high].map(|peer| have(&peer.status().expect("no status")));
    // What came before the other was there says nothing of their shares.
    let before = until_seen("both are served", look, |[_, fast]| *fast > 0);
    let enough = FILM as u64 * 3 / 4;
    let after = until_seen("most is there", look, |[_, fast]| *fast >= enough);
    // Ten parts of eleven are its own. Nobody starves.
    let (slowly, quickly) = (after[0] - before[0], after[1] - before[1]);
    assert!(slowly * 5 < quickly * 3 && after[0] > 0, "{before:?} {after:?}");
}

#[test]
fn flow_8_3_9_by_their_passkeys_the_higher_class_is_served_first() {
    the_higher_class_is_served_first(true);
}

#[test]
fn flow_8_3_9_by_the_word_of_ums_the_higher_class_is_served_first() {
    the_higher_class_is_served_first(false);
}
