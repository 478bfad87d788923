//! Classes between real peers (TR 20002 §8.3.9, both methods): the higher one is served first.

use std::time::{Duration, Instant};

use serde_json::Value;
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Shape, run};
use system_tests::swarm::{Scene, film};

/// Long enough for any machine; only reached when something is wrong.
const AMPLE: Duration = Duration::from_secs(120);
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
    let since = Instant::now();
    // What came before the other was there says nothing of their shares.
    let mut before = None;
    loop {
        let (slow, fast) = (low.status().expect("no status"), high.status().expect("no status"));
        if have(&fast) == 0 {
            assert!(since.elapsed() < AMPLE, "{slow} {fast}");
            continue;
        }
        let before = *before.get_or_insert((have(&slow), have(&fast)));
        if have(&fast) >= FILM as u64 * 3 / 4 {
            // Ten parts of eleven are its own. Nobody starves.
            let (slowly, quickly) = (have(&slow) - before.0, have(&fast) - before.1);
            assert!(slowly * 5 < quickly * 3 && have(&slow) > 0, "{before:?} {slow} {fast}");
            return;
        }
        assert!(since.elapsed() < AMPLE, "{slow} {fast}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn flow_8_3_9_by_their_passkeys_the_higher_class_is_served_first() {
    the_higher_class_is_served_first(true);
}

#[test]
fn flow_8_3_9_by_the_word_of_ums_the_higher_class_is_served_first() {
    the_higher_class_is_served_first(false);
}
