//! The first path of the peer: shared in one city, fetched in another, over real processes of all
//! sides.

use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::from_rank;
use system_tests::swarm::{Scene, film};

/// TR 20002 §8.3.1 with peers that exchange: of two that have the content the one in the own PID
/// gives it.
fn the_nearer_serves(shape: Shape) {
    let scene = Scene::start(shape).expect("no scene");
    let film = film(&scene.at("source"), 1, 8 << 20).expect("no film");
    let (mut near, mut far) = (
        scene.peer("anna", BERLIN).expect("not enrolled"),
        scene.peer("bert", MUENCHEN).expect("not enrolled"),
    );
    let mut ids = Vec::new();
    for source in [&mut near, &mut far] {
        source.serve(&[]).expect("no daemon");
        ids.push(source.share(&scene.at("source/film.bin")).expect("not shared"));
    }
    // The name of the content is the BLAKE3 of its bytes, as b3sum prints it.
    assert_eq!(ids, [blake3::hash(&film).to_hex().to_string(), ids[0].clone()]);
    let getter = scene.peer("carl", BERLIN_TOO).expect("not enrolled");
    let got = getter.get("film.bin", &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    assert_eq!((&got["ranked-by"], &got["state"]), (&"map".into(), &"sharing".into()));
    assert!(from_rank(&got, 1) > 0.75, "{got}");
}

#[test]
fn of_two_sources_the_nearer_serves() {
    the_nearer_serves(Shape::OneProcess);
}

#[test]
fn of_two_sources_the_nearer_serves_with_roles_apart() {
    the_nearer_serves(Shape::FourProcesses);
}

/// Killed in the middle, it goes on where it was and fetches nothing twice but what was on its way.
#[test]
fn a_fetch_goes_on_after_a_crash() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 2, 4 << 20).expect("no film");
    let (mut source, mut getter) = (
        scene.peer("anna", BERLIN).expect("not enrolled"),
        scene.peer("bert", HAMBURG).expect("not enrolled"),
    );
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    // 8 Mbit/s: slow enough to be met in the middle.
    getter.serve(&["--set", "limits.down-kbps=8000"]).expect("no daemon");
    let target = scene.at("got").display().to_string();
    getter.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    let have = |status: &serde_json::Value| status["transfers"][0]["have"].as_u64().unwrap_or(0);
    getter.until(|status| have(status) > film.len() as u64 / 4).expect("nothing comes");
    getter.kill();
    assert!(!scene.at("got/film.bin").exists());
    getter.serve(&[]).expect("no daemon");
    let done = getter.until(|status| status["transfers"][0]["state"] == "sharing");
    let done = done.expect("it does not go on");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    let again = done["transfers"][0]["downloaded"].as_u64().unwrap_or_default();
    assert!(again < film.len() as u64 * 9 / 10, "{again} bytes were fetched again");
}

/// A rate that its user sets while it runs holds at once (Req-Traffic-030/040).
#[test]
fn limits_hold_as_soon_as_they_are_set() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 3, 2 << 20).expect("no film");
    let (mut source, getter) = (
        scene.peer("anna", BERLIN).expect("not enrolled"),
        scene.peer("bert", HAMBURG).expect("not enrolled"),
    );
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let limits = source.run(&["limits", "--up", "8000"]).expect("no limits");
    assert!(limits.contains("up-kbps = 8000"), "{limits}");
    let begun = std::time::Instant::now();
    getter.get(&id, &scene.at("got")).expect("not fetched");
    // 16.8 Mbit at 8 Mbit/s take two seconds; a slow machine only makes it longer.
    assert!(begun.elapsed().as_secs_f64() > 1.8, "{:?}", begun.elapsed());
    assert!(source.run(&["limits", "--connections", "0"]).is_err());
    let told = source.run(&["status"]).expect("no status");
    assert!(told.contains("\nlimits: up 8000 kbit/s, down no bound\n"), "{told}");
    assert!(told.contains(" others, ranked by the ISP's map\n"), "{told}");
    let limits = source.run(&["limits", "--window", "00:00-24:00=0,70"]).expect("no limits");
    assert!(limits.contains("# now, from 00:00 to 24:00: up-kbps 0, down-kbps 70\n"), "{limits}");
    let told = source.run(&["status"]).expect("no status");
    let now = "\nlimits: up no bound, down 70 kbit/s, from 00:00 to 24:00\n";
    assert!(told.contains(now), "{told}");
}

#[test]
fn what_cannot_be_done_is_told_in_a_line() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let peer = scene.peer("anna", BERLIN).expect("not enrolled");
    let told = |arguments: &[&str]| peer.run(arguments).expect_err("it was done").to_string();
    let nothing = told(&["get", "no such film", "-o", "x"]);
    assert!(nothing.contains("nothing is found for \"no such film\""), "{nothing}");
    let unknown = told(&["get", &"a".repeat(64), "-o", "x"]);
    assert!(unknown.contains("not-found"), "{unknown}");
    let status = told(&["status"]);
    assert!(status.contains("`peer serve` starts one"), "{status}");
    let share = told(&["share", "/nowhere/at/all"]);
    assert!(share.contains("/nowhere/at/all: No such file"), "{share}");
}
