//! What a user types, over real processes: search, several contents, some of their files, account,
//! report, and progress where there is a terminal.

use std::io::Read;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG};
use system_tests::p2psp::{self, Shape};
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

fn source(scene: &Scene) -> PeerProgram {
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    source
}

/// Bytes of a film that is called otherwise.
fn named(scene: &Scene, name: &str, seed: u64, bytes: usize) -> Vec<u8> {
    let path = scene.at(name);
    let folder = path.parent().expect("no folder");
    let film = film(folder, seed, bytes).expect("no film");
    std::fs::rename(folder.join("film.bin"), &path).expect("not renamed");
    film
}

#[test]
fn several_contents_come_at_once_and_are_found_by_words() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (one, two) = (named(&scene, "one.bin", 71, 700_000), named(&scene, "two.bin", 72, 900_000));
    let source = source(&scene);
    let share = |name: &str, more: &[&str]| {
        let path = scene.at(name).display().to_string();
        let said = source.run(&[&["share", &path], more].concat()).expect("not shared");
        said.split_whitespace().nth(1).expect("no id").to_owned()
    };
    let first = share("one.bin", &["--title", "Sommer in Rügen", "--description", "Strand, Wind"]);
    let second = share("two.bin", &[]);
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    let found = peer.run(&["search", "rugen", "wind"]).expect("nothing found");
    assert!(found.contains(&first) && found.contains("Sommer in Rügen"), "{found}");
    assert!(!found.contains(&second), "{found}");
    let none = peer.run(&["search", "winter"]).expect_err("found").to_string();
    assert!(none.contains("nothing is found"), "{none}");
    let folder = scene.at("got").display().to_string();
    let said = peer.run(&["get", &first, "two.bin", "-o", &folder]).expect("not fetched");
    assert!(said.contains("Sommer in Rügen: ") && said.contains("two.bin: "), "{said}");
    assert!(said.contains("100 % from the nearest peers"), "{said}");
    assert!(std::fs::read(scene.at("got/one.bin")).expect("no file") == one);
    assert!(std::fs::read(scene.at("got/two.bin")).expect("no file") == two);
    // By the index file, as its publisher signed it; mail has changed the end of its line.
    let signed = source.run(&["index", "two.bin"]).expect("no index file");
    assert_eq!(signed.trim().split('.').count(), 3, "{signed}");
    std::fs::write(scene.at("two.jws"), format!("{}\r\n\r\n", signed.trim())).expect("disk");
    let index = scene.at("two.jws").display().to_string();
    let other = scene.at("other").display().to_string();
    let third = scene.peer("carl", "127.2.0.11").expect("not enrolled");
    third.run(&["get", &index, "-o", &other]).expect("not fetched");
    assert!(std::fs::read(scene.at("other/two.bin")).expect("no file") == two);
}

/// Without a running peer, each command is one for as long as it takes: of two at once the second
/// goes through the first, and goes on by itself when that has ended.
#[test]
fn two_commands_at_once_fetch_what_each_was_told_to() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let short = named(&scene, "short.bin", 77, 300_000);
    let long = named(&scene, "long.bin", 78, 3 << 20);
    let source = source(&scene);
    for name in ["short.bin", "long.bin"] {
        source.share(&scene.at(name)).expect("not shared");
    }
    source.run(&["limits", "--up", "8000"]).expect("not limited");
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    let folder = scene.at("got").display().to_string();
    let get = |name| peer.start(&["get", name, "-o", &folder]).expect("not started");
    let mut both = [get("short.bin"), get("long.bin")];
    for child in &mut both {
        assert!(child.wait().expect("no end").success());
    }
    let got = |name: &str| std::fs::read(scene.at("got").join(name)).expect("no file");
    assert!(got("short.bin") == short && got("long.bin") == long);
}

/// A second one would be the same member at another port.
#[test]
fn a_second_daemon_of_the_same_peer_does_not_start() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let source = source(&scene);
    let said = source.run(&["serve"]).expect_err("it starts").to_string();
    assert!(said.contains("a peer is running with this state folder already"), "{said}");
}

/// The index leads to the overlay that a content was shared in last: there its source is, too, and
/// whoever waits for it.
#[test]
fn what_is_shared_again_in_another_overlay_is_given_there() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = named(&scene, "one.bin", 79, 300_000);
    let source = source(&scene);
    let id = source.share(&scene.at("one.bin")).expect("not shared");
    let mut waits = scene.peer("carl", HAMBURG).expect("not enrolled");
    waits.serve(&[]).expect("no daemon");
    let folder = scene.at("carls").display().to_string();
    source.run(&["limits", "--up", "8"]).expect("not limited");
    waits.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
    let path = scene.at("one.bin").display().to_string();
    let share = ["share", &path, "--overlay", "other", "--title"];
    let refused = source.run(&[&share[..], &[" "]].concat()).expect_err("shared").to_string();
    assert!(refused.contains("a title has a character at least"), "{refused}");
    source.run(&[&share[..], &["Neu"]].concat()).expect("not shared");
    let status = source.status().expect("no status");
    let (overlay, title) =
        (&status["transfers"][0]["overlay-id"], &status["transfers"][0]["title"]);
    assert_eq!((overlay, title), (&json!("other"), &json!("Neu")));
    source.run(&["limits", "--reset"]).expect("not reset");
    let peer = scene.peer("bert", "127.2.0.12").expect("not enrolled");
    peer.get("Neu", &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/one.bin")).expect("no file") == film);
    waits.run(&["get", "Neu", "-o", &folder]).expect("not fetched");
    assert!(std::fs::read(scene.at("carls/one.bin")).expect("no file") == film);
}

/// Who has an old id or index file hears of the new version, which alone is found by its name.
#[test]
fn a_new_version_takes_the_place_of_an_old_one() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    named(&scene, "film.bin", 85, 300_000);
    let source = source(&scene);
    let old = source.share(&scene.at("film.bin")).expect("not shared");
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    let file = scene.at("old.jws").display().to_string();
    peer.run(&["index", &old, "-o", &file]).expect("no index file");
    let folder = scene.at("new").display().to_string();
    std::fs::create_dir(&folder).expect("no folder");
    let film = named(&scene, "new/film.bin", 86, 300_000);
    let path = format!("{folder}/film.bin");
    let said = source.run(&["share", &path, "--replaces", "film.bin"]).expect("not shared");
    let new = said.split_whitespace().nth(1).expect("no id").to_owned();
    let status = source.status().expect("no status");
    let transfers = status["transfers"].as_array().expect("no list");
    assert_eq!((transfers.len(), &transfers[0]["content-id"]), (1, &json!(new)));
    peer.get("film.bin", &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/film.bin")).expect("no file") == film);
    let instead =
        format!("it is registered no longer; the newest in its overlay is {new} film.bin");
    let told = peer.run(&["get", &old]).expect_err("fetched").to_string();
    assert!(told.contains(&instead), "{told}");
    let late = scene.at("late").display().to_string();
    let told = peer.run(&["get", &file, "-o", &late, "--wait", "1"]).expect_err("fetched");
    assert!(told.to_string().contains(&instead), "{told}");
    // Nobody else's, and nothing that is not there.
    let stranger = peer.run(&["share", &file, "--replaces", &new]).expect_err("shared").to_string();
    assert!(stranger.contains("another user"), "{stranger}");
    let nothing = source.run(&["share", &path, "--replaces", &old]).expect_err("shared");
    assert!(nothing.to_string().contains("nothing can be replaced"), "{nothing}");
}

/// To OMS a peer is one member of an overlay, whatever it shares in it.
#[test]
fn who_gives_up_one_of_two_contents_of_an_overlay_stays_in_it_with_the_other() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    named(&scene, "old.bin", 75, 300_000);
    let new = named(&scene, "new.bin", 76, 300_000);
    let source = source(&scene);
    let old = source.share(&scene.at("old.bin")).expect("not shared");
    let path = scene.at("new.bin").display().to_string();
    source.run(&["share", &path, "--overlay", &old]).expect("not shared");
    let state = scene.cities.p2psp.pki("..").display().to_string();
    let url = scene.cities.p2psp.daemon.url.replace("127.0.0.1", "localhost");
    let members = || {
        let said =
            p2psp::run(&["peers", &old, "--format", "json", "--state-dir", &state, "--url", &url]);
        let said: Value = serde_json::from_str(&said.expect("not asked")).expect("no JSON");
        said.as_array().expect("no list").len()
    };
    let is_in = |status: &Value| {
        let transfers = status["transfers"].as_array().expect("no list");
        transfers.iter().all(|one| one["members"] == 1)
    };
    source.until(is_in).expect("not joined");
    assert_eq!(members(), 1);
    source.run(&["stop", &old]).expect("not stopped");
    assert_eq!(members(), 1);
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    peer.get("new.bin", &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/new.bin")).expect("no file") == new);
    source.run(&["stop", "new.bin"]).expect("not stopped");
    assert_eq!(members(), 0);
}

/// That its publisher is in the overlay with another content keeps nothing in the index.
#[test]
fn what_is_changed_leaves_the_index_though_its_publisher_shares_more_in_its_overlay() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    named(&scene, "old.bin", 87, 300_000);
    let new = named(&scene, "new.bin", 88, 300_000);
    let source = source(&scene);
    let old = source.share(&scene.at("old.bin")).expect("not shared");
    let path = scene.at("new.bin").display().to_string();
    source.run(&["share", &path, "--overlay", &old]).expect("not shared");
    std::fs::write(scene.at("old.bin"), b"changed").expect("not changed");
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    until_so("the index has it no more", || peer.run(&["search", "old"]).is_err());
    peer.get("new.bin", &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/new.bin")).expect("no file") == new);
}

#[test]
fn some_files_of_a_content_come_and_others_later() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let files = ["album/a.bin", "album/b.bin", "album/c.bin"];
    let bytes = [300_000, 800_000, 400_000];
    let films: Vec<Vec<u8>> = (0..3).map(|n| named(&scene, files[n], n as u64, bytes[n])).collect();
    let source = source(&scene);
    let id = source.share(&scene.at("album")).expect("not shared");
    let mut peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    peer.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    let get = |files: &[&str]| {
        let files = files.iter().flat_map(|file| ["--file", file]);
        let all: Vec<&str> = ["get", &id, "-o", &folder].into_iter().chain(files).collect();
        peer.run(&all)
    };
    let there = |at: usize| std::fs::read(scene.at("got").join(files[at])).ok();
    let said = get(&[files[1]]).expect("not fetched");
    assert!(said.contains("album: 781.25 KiB in "), "{said}");
    assert!(there(1).as_ref() == Some(&films[1]) && there(0).is_none() && there(2).is_none());
    get(&[files[0]]).expect("not fetched");
    assert!(there(0).as_ref() == Some(&films[0]) && there(2).is_none());
    get(&[]).expect("not fetched");
    assert!(there(2).as_ref() == Some(&films[2]));
    // All of it is here; what is told is what was asked for.
    let said = get(&[files[0], files[2]]).expect("not fetched");
    assert!(said.contains("album: 683.59 KiB in "), "{said}");
    let file = scene.at("got/album/a.bin").display().to_string();
    let said = peer.run(&["get", &id, "-o", &file]).expect_err("fetched").to_string();
    assert!(said.contains("a.bin is a file"), "{said}");
    let unknown = get(&["album/d.bin"]).expect_err("fetched").to_string();
    assert!(unknown.contains("has no file album/d.bin"), "{unknown}");
    let status = peer.status().expect("no status");
    assert_eq!(status["transfers"][0]["have"], bytes.iter().sum::<usize>());
}

#[test]
fn a_user_sees_the_account_and_decides_what_others_see() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let peer = source(&scene);
    let none = peer.run(&["account"]).expect_err("an account").to_string();
    assert!(none.contains("it is made when a content is first shared or fetched"), "{none}");
    film(&scene.at("source"), 75, 1000).expect("no film");
    peer.share(&scene.at("source/film.bin")).expect("not shared");
    peer.until(|status| status["transfers"][0]["ranked-by"] == "map").expect("not joined");
    let account = |more: &[&str]| -> Value {
        let said = peer.run(&[&["account", "--json"], more].concat()).expect("no account");
        serde_json::from_str(&said).expect("no JSON")
    };
    let before = account(&[]);
    assert_eq!((&before["user-id"], &before["show-status"]), (&json!("anna"), &Value::Null));
    assert_eq!(account(&["--show-status", "yes"])["show-status"], true);
    assert_eq!(account(&[])["show-status"], true);
    assert_eq!(account(&["--show-status", "no"])["show-status"], false);
    let text = peer.run(&["account"]).expect("no account");
    assert!(text.contains("user anna, class 0") && text.contains("as a score"), "{text}");
}

/// `script` gives the command a terminal of its own.
#[test]
fn a_terminal_shows_how_far_a_fetch_is() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 74, 3 << 20).expect("no film");
    let mut source = source(&scene);
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    source.run(&["limits", "--up", "4000"]).expect("no limits");
    let peer = scene.peer("bert", HAMBURG).expect("not enrolled");
    let folder = scene.at("got").display().to_string();
    let line = peer.line(&["get", &id, "-o", &folder]).expect("no line");
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &format!("stty cols 100; {line}"), "/dev/null"]);
    script.stdin(Stdio::null()).stdout(Stdio::piped()).env("TERM", "xterm");
    let mut child = script.spawn().expect("script cannot be run");
    let mut out = child.stdout.take().expect("no output");
    let mut bytes = Vec::new();
    out.read_to_end(&mut bytes).expect("nothing is shown");
    let shown = String::from_utf8_lossy(&bytes);
    assert!(child.wait().expect("no end").success(), "{shown}");
    for part in ["film.bin", "% of 3.00 MiB", "/s", "1 of 1 others", "100 % rank 1"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    source.kill();
}

/// A command that shares by itself ends when what it shares is given up.
#[test]
fn who_shares_ends_when_it_was_stopped() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    named(&scene, "one.bin", 75, 100_000);
    let anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let path = scene.at("one.bin").display().to_string();
    let mut sharing = anna.start(&["share", &path]).expect("not started");
    anna.until(|status| status["transfers"][0]["state"] == "sharing").expect("not shared");
    anna.run(&["stop", "one.bin"]).expect("not stopped");
    assert_eq!(sharing.wait().expect("no end").code(), Some(2));
}
