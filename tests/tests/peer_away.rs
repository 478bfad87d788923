//! What peers do by themselves: they tell each other of members, go on while the provider is away,
//! and come back to it (TR 20002 §8.3.5; real processes).

use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_seen;

/// Lists name the nearest alone.
const SHORT: [&str; 4] = ["--set", "list.size=1", "--set", "list.max-size=1"];

fn have(status: &Value) -> u64 {
    status["transfers"][0]["have"].as_u64().unwrap_or(0)
}

fn id_of(peer: &PeerProgram) -> String {
    peer.status().expect("no status")["peer-id"].as_str().expect("no id").to_owned()
}

/// Bytes that came from another peer, of one that is linked.
fn from(status: &Value, peer: &str) -> u64 {
    let neighbours = status["transfers"][0]["neighbours"].as_array().cloned().unwrap_or_default();
    let found = neighbours.iter().find(|one| one["peer-id"] == peer);
    found.map_or(0, |one| one["downloaded"].as_u64().unwrap_or(0))
}

/// §8.3.5: searched, joined; the list names Ben alone, Ben tells of Carl, and the content comes
/// from both. It does so with the provider killed as soon as the list was there.
fn a_neighbour_tells_of_another(provider_goes: bool) {
    let mut scene = Scene::start_with(Shape::OneProcess, &SHORT).expect("no scene");
    let whole = film(&scene.at("source"), 61, 8 << 20).expect("no film");
    let mut carl = scene.peer("carl", MUENCHEN).expect("not enrolled");
    carl.serve(&["--set", "limits.peer-up-kbps=6000"]).expect("no daemon");
    let id = carl.share(&scene.at("source/film.bin")).expect("not shared");
    carl.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    let mut ben = scene.peer("ben", BERLIN).expect("not enrolled");
    ben.serve(&["--set", "limits.up-kbps=4000"]).expect("no daemon");
    let target = scene.at("ben").display().to_string();
    ben.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    ben.until(|status| have(status) > 0).expect("nothing comes");

    let mut anna = scene.peer("anna", BERLIN_TOO).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let found = anna.run(&["search", "film"]).expect("nothing found");
    assert!(found.contains(&id), "{found}");
    let target = scene.at("anna").display().to_string();
    anna.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    anna.until(|status| status["transfers"][0]["members"] == 3).expect("not joined");
    if provider_goes {
        scene.cities.p2psp.kill().expect("it lives");
        let waits = |status: &Value| {
            status["waits-for"][0].as_str().is_some_and(|what| what.starts_with("the provider"))
        };
        anna.until(waits).expect("nothing is said of the provider");
    }
    let (ben_id, carl_id) = (id_of(&ben), id_of(&carl));
    let both = |status: &Value| from(status, &ben_id) > 0 && from(status, &carl_id) > 0;
    anna.until(both).expect("it comes from one alone");
    anna.until(|status| have(status) == whole.len() as u64).expect("it does not come");
    assert_eq!(std::fs::read(scene.at("anna/film.bin")).expect("no file"), whole);
}

#[test]
fn flow_8_3_5_a_neighbour_tells_of_another_and_both_serve() {
    a_neighbour_tells_of_another(false);
}

#[test]
fn members_are_heard_of_while_the_provider_is_away() {
    a_neighbour_tells_of_another(true);
}

/// The provider is killed: what runs goes on, what had a list before begins with it; it comes back,
/// and all are its members again.
#[test]
fn without_the_provider_transfers_go_on_and_begin_and_peers_come_back_to_it() {
    let mut scene = Scene::start(Shape::OneProcess).expect("no scene");
    let whole = film(&scene.at("source"), 62, 4 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let slow = ["--set", "limits.down-kbps=8000"];
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    let mut carl = scene.peer("carl", MUENCHEN).expect("not enrolled");
    for (peer, at) in [(&mut ben, "ben"), (&mut carl, "carl")] {
        peer.serve(&slow).expect("no daemon");
        let target = scene.at(at).display().to_string();
        peer.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
        peer.until(|status| have(status) > 0).expect("nothing comes");
    }
    carl.kill();
    scene.cities.p2psp.kill().expect("it lives");
    let at = have(&ben.status().expect("no status"));
    assert!(at < whole.len() as u64, "it was done before the provider was gone");
    ben.until(|status| have(status) == whole.len() as u64).expect("it does not go on");
    // A command of its own, by the name; nobody answers but the peers of the last list.
    carl.get("film.bin", &scene.at("carl")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("carl/film.bin")).expect("no file"), whole);
    let unknown = carl.run(&["get", "another film", "-o", "x"]).expect_err("it was fetched");
    assert!(unknown.to_string().contains("the provider is away"), "{unknown}");

    carl.serve(&[]).expect("no daemon");
    scene.cities.p2psp.back().expect("it does not come back");
    let operator = scene.cities.p2psp.operator("127.0.0.9");
    let path = format!("/oms/members?overlay-id={id}");
    let members = || operator.ask("GET", &path, None).json();
    let all = |members: &Value| members.as_array().is_some_and(|members| members.len() == 3);
    until_seen("all are members again", members, all);
}
