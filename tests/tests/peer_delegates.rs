//! Delegates (TR 20002 §8.3.7) where caches have little room, or none.

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

/// Of a small cache the overlays of others take half at most, and a peer that wants to leave finds
/// the other half.
#[test]
fn a_delegate_finds_room_in_a_cache_that_several_overlays_use() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut carla = scene.peer("carla", BERLIN_TOO).expect("not enrolled");
    let role = ["--role", "peer,cache", "--set", "cache.storage-mib=100"];
    carla.serve(&role).expect("no cache");
    until_so("OMS knows the cache", || {
        let servers = operator.ask("GET", "/oms/servers", None).json();
        servers.as_array().is_some_and(|servers| servers.len() == 1)
    });
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    for seed in 31..36 {
        let folder = scene.at(&format!("film-{seed}"));
        film(&folder, seed, 300_000).expect("no film");
        anna.share(&folder.join("film.bin")).expect("not shared");
    }
    let is_used = |status: &Value| status["cache"]["reserved-bytes"].as_u64() > Some(40 << 20);
    let status = carla.until(is_used).expect("nothing is attached");
    assert!(status["cache"]["reserved-bytes"].as_u64() <= Some(50 << 20), "{status}");
    film(&scene.at("source"), 36, 20 << 20).expect("no film");
    let mona = scene.peer("mona", HAMBURG).expect("not enrolled");
    let path = scene.at("source/film.bin").display().to_string();
    let said = mona.run(&["share", &path, "--delegate"]).expect("no cache takes it over");
    assert!(said.contains("a cache will give it"), "{said}");
}

/// Where no cache takes it over, nothing of it is left: nobody finds what nobody gives.
#[test]
fn what_no_cache_takes_over_is_not_shared() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 37, 1 << 20).expect("no film");
    let mona = scene.peer("mona", BERLIN).expect("not enrolled");
    let path = scene.at("source/film.bin").display().to_string();
    let refused = mona.run(&["share", &path, "--delegate"]).expect_err("there is no cache");
    let refused = refused.to_string();
    assert!(refused.contains("it is shared no more: no cache takes it over"), "{refused}");
    assert!(mona.run(&["search", "film"]).is_err());
    let mut mona = mona;
    mona.serve(&[]).expect("no daemon");
    assert_eq!(mona.status().expect("no status")["transfers"], json!([]));
    // What was shared before goes on.
    mona.share(&scene.at("source/film.bin")).expect("not shared");
    let refused = mona.run(&["share", &path, "--delegate"]).expect_err("there is no cache");
    assert!(refused.to_string().contains("this peer goes on sharing it"), "{refused}");
    mona.run(&["search", "film"]).expect("it is gone");
}
