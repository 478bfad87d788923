//! Nothing that peers report is lost, and nothing counts twice, whoever is killed (Req-User-060,
//! TR 20002 §8.3.8): sums of UMS against what the peers hold.

use std::collections::BTreeMap;
use std::path::Path;

use mp2p::receipt::Receipt;
use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::{until_seen, until_so};

const FILM: usize = 12 << 20;

/// The bytes of the last receipt of each epoch in the spools of `peers`.
fn receipted(peers: &[&PeerProgram]) -> BTreeMap<u64, u64> {
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for peer in peers {
        for text in spooled(peer.state(), "receipt") {
            // Of now or of tomorrow: how old it is does not matter here.
            let receipt = Receipt::open(&text, u64::MAX / 2, u64::MAX).expect("a receipt");
            let bytes = last.entry(receipt.epoch).or_default();
            *bytes = (*bytes).max(receipt.bytes);
        }
    }
    last
}

fn spooled(state: &Path, ending: &str) -> Vec<String> {
    let files = std::fs::read_dir(state.join("spool")).expect("no spool").flatten();
    let ours = files.filter(|file| file.path().extension().is_some_and(|it| it == ending));
    ours.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
}

/// UMS is away while Ben fetches, and both peers and the provider are killed again and again; what
/// the spools of the peers hold then is what UMS says when it is back, to the byte, though it is
/// killed while it takes it.
#[test]
fn sums_at_ums_are_those_of_the_peers_whoever_is_killed_and_when() {
    let mut scene = Scene::start(Shape::OneProcess).expect("no scene");
    let whole = film(&scene.at("source"), 71, FILM).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    // Nobody answers there.
    let away = ["--set", "provider.ums=https://127.0.0.1:9"];
    let slow = [&away[..], &["--set", "limits.down-kbps=16000"]].concat();
    anna.serve(&away).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    ben.serve(&slow).expect("no daemon");
    let target = scene.at("got").display().to_string();
    ben.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    let have = |status: &Value| status["transfers"][0]["have"].as_u64().unwrap_or(0);
    // At places that the content says: anywhere, and in each run the same.
    for round in 1..=4_u64 {
        let place = FILM as u64 * round / 6 + u64::from(whole[round as usize]) * 1024;
        ben.until(|status| have(status) >= place).expect("it does not go on");
        match round {
            2 => {
                anna.kill();
                anna.serve(&away).expect("no daemon");
            }
            3 => scene.cities.p2psp.crash().expect("it does not come back"),
            _ => {}
        }
        ben.kill();
        ben.serve(&slow).expect("no daemon");
    }
    let done = |status: &Value| status["transfers"][0]["state"] == "sharing";
    ben.until(done).expect("it does not end");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), whole);
    // All that was given receipts for lies in both spools or in one.
    anna.kill();
    ben.kill();
    let sums = receipted(&[&anna, &ben]);
    let sum: u64 = sums.values().sum();
    // What was fetched since the last receipt before a kill has none.
    assert!(sum > FILM as u64 / 5 && sum <= FILM as u64, "{sums:?}");
    anna.serve(&[]).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    scene.cities.p2psp.crash().expect("it does not come back");
    ben.kill();
    scene.cities.p2psp.crash().expect("it does not come back");
    ben.serve(&[]).expect("no daemon");
    let told = |report: &Value| {
        let bytes = report["bytes"].as_u64() == Some(FILM as u64);
        bytes && report["receipted"].as_u64() == Some(sum) && report["complete"] == json!(1)
    };
    let operator = scene.cities.p2psp.operator("127.0.0.9");
    let result = || operator.ask("GET", &format!("/ums/result?overlay-id={id}"), None).json();
    until_seen(&format!("UMS has {sums:?}"), &result, |all| told(&all["contents"][0]));
    until_so("the spools are empty", || [&anna, &ben].iter().all(|peer| is_empty(peer.state())));
    // Told once more, as after a crash before the answer was noted: nothing changes.
    let path = "/ums/account?user-id=";
    let earned = operator.ask("GET", &format!("{path}anna"), None).json();
    let spent = operator.ask("GET", &format!("{path}ben"), None).json();
    assert_eq!(earned["credit"]["earned"].as_u64(), Some(sum), "{earned}");
    assert_eq!(spent["credit"]["spent"].as_u64(), Some(sum), "{spent}");
    ben.kill();
    ben.serve(&[]).expect("no daemon");
    until_so("the spool is empty", || is_empty(ben.state()));
    assert!(told(&result()["contents"][0]), "{}", result());
}

fn is_empty(state: &Path) -> bool {
    ["receipt", "success"].iter().all(|ending| spooled(state, ending).is_empty())
}

/// An overlay that is made while UMS does not answer is its owner's all the same, once it does.
#[test]
fn who_founded_an_overlay_is_told_when_ums_is_back() {
    let scene = Scene::start(Shape::FourProcesses).expect("no scene");
    let p2psp = &scene.cities.p2psp;
    let anna = p2psp.enrol("anna", BERLIN).expect("a peer");
    p2psp.role("ums").signal("STOP").expect("not stopped");
    let made = anna.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "late"})));
    assert_eq!(made.status, 201);
    p2psp.role("ums").signal("CONT").expect("not continued");
    let result = || anna.ask("GET", "/ums/result?overlay-id=late", None);
    until_seen("UMS knows of it", || result().status, |status| *status == 200);
}
