//! Forced stop (TR 20002 §8.3.4) and who comes late: away at the order, or back after it was
//! lifted.

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Peer, Shape};
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_there;

/// Nobody leaves by being silent.
const SELDOM: [&str; 2] = ["--set", "overlay.expires-seconds=10800"];
/// OMS does not answer, IXS does.
const WITHOUT_OMS: [&str; 2] = ["--set", "provider.oms=https://127.0.0.1:9"];

fn state(status: &Value, id: &str) -> Value {
    let transfers = status["transfers"].as_array().into_iter().flatten();
    let mut found = transfers.filter(|transfer| transfer["content-id"] == id);
    found.next().map_or(Value::Null, |transfer| transfer["state"].clone())
}

fn until(peer: &PeerProgram, id: &str, wanted: &str) {
    peer.until(|status| state(status, id) == wanted).expect(wanted);
}

fn authority(scene: &Scene) -> Peer {
    scene.cities.p2psp.enrol_named("authority/rights", MUENCHEN).expect("not enrolled")
}

/// Takes a content down; the name of that.
fn take_down(authority: &Peer, id: &str) -> String {
    let body = json!({"content-id": id, "reason": "no licence"});
    let taken = authority.ask("POST", "/ixs/takedown", Some(&body));
    assert_eq!(taken.status, 202);
    taken.json()["takedown-id"].as_str().expect("no name").to_owned()
}

/// Waits until so many members have said that they stopped.
fn acknowledged(authority: &Peer, taken: &str, members: u64) {
    let path = format!("/ixs/takedown?takedown-id={taken}");
    until_there("it is acknowledged", || {
        let one = authority.ask("GET", &path, None).json()["takedowns"][0].clone();
        (one["result"]["acknowledged"] == members).then_some(())
    });
}

/// Ben hears from IXS that the film is forbidden, and only later from OMS that it was stopped: he
/// says so then, to his user and to OMS.
#[test]
fn flow_8_3_4_who_hears_first_that_a_content_is_forbidden_follows_the_order_all_the_same() {
    let scene = Scene::start_with(Shape::OneProcess, &SELDOM).expect("no scene");
    film(&scene.at("source"), 85, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    ben.get(&id, &scene.at("got")).expect("not fetched");
    ben.kill();
    let authority = authority(&scene);
    let taken = take_down(&authority, &id);
    until(&anna, &id, "stopped");
    acknowledged(&authority, &taken, 1);
    anna.kill();
    ben.serve(&WITHOUT_OMS).expect("no daemon");
    until(&ben, &id, "failed");
    ben.kill();
    ben.serve(&[]).expect("no daemon");
    until(&ben, &id, "stopped");
    acknowledged(&authority, &taken, 2);
}

/// Of two contents of an overlay one is stopped while Ben is away, and the event for him is lost:
/// when he comes back the other one goes on.
#[test]
fn flow_8_3_4_one_content_of_several_stops_at_who_was_away_as_well() {
    let mut scene = Scene::start_with(Shape::OneProcess, &SELDOM).expect("no scene");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    let [winter, summer] = [("winter", 86), ("summer", 87)].map(|(name, seed)| {
        film(&scene.at(name), seed, 1 << 20).expect("no film");
        let path = scene.at(name).join("film.bin").display().to_string();
        let said = anna.run(&["share", &path, "--title", name, "--overlay", "seasons"]);
        let id = said.expect("not shared").split(' ').nth(1).expect("no id").to_owned();
        ben.get(&id, &scene.at("got").join(name)).expect("not fetched");
        id
    });
    ben.kill();
    let authority = authority(&scene);
    let taken = take_down(&authority, &winter);
    until(&anna, &winter, "stopped");
    acknowledged(&authority, &taken, 1);
    // It is not said again, and what is forbidden he does not hear: it comes with the list.
    scene.cities.p2psp.crash().expect("it does not come back");
    ben.serve(&["--set", "provider.ixs=https://127.0.0.1:9"]).expect("no daemon");
    until(&ben, &winter, "stopped");
    acknowledged(&authority, &taken, 2);
    assert_eq!(state(&ben.status().expect("no status"), &summer), "sharing");
}

/// Both know that the film is forbidden, and look again in five minutes: what was lifted is shared
/// and fetched at once all the same.
#[test]
fn flow_8_3_4_what_was_lifted_is_shared_and_fetched_at_once() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 88, 1 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&path).expect("not shared");
    let authority = authority(&scene);
    let taken = take_down(&authority, &id);
    until(&anna, &id, "stopped");
    let index = anna.state().join("contents").join(&id).join("index.jws").display().to_string();
    let target = scene.at("got").display().to_string();
    for peer in [&mut anna, &mut ben] {
        peer.kill();
        peer.serve(&[]).expect("no daemon");
        let refused = until_there("it is refused", || {
            peer.run(&["get", &index, "-o", &target, "--detach"]).err()
        });
        assert!(refused.to_string().contains("forbidden by the provider's denylist"), "{refused}");
    }
    let lift = format!("/ixs/takedown?takedown-id={taken}&reason=appeal%20won");
    assert_eq!(authority.ask("DELETE", &lift, None).status, 200);
    let shown = format!("/ixs/takedown?takedown-id={taken}");
    until_there("OMS is told", || {
        let one = authority.ask("GET", &shown, None).json()["takedowns"][0].clone();
        (one["lift"]["told"] == true).then_some(())
    });
    assert_eq!(anna.share(&path).expect("not shared"), id);
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    until(&anna, &id, "sharing");
    ben.get(&id, &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/film.bin")).expect("no file") == film);
}
