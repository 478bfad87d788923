//! Played while it is fetched: a real player and real HTTP clients, over real processes of all
//! sides.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, ELSEWHERE, HAMBURG, MUENCHEN};
use system_tests::http::{self, Answer, get, request};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};

/// A source that gives `kbps`, and somebody who may fetch.
fn shared(scene: &Scene, path: &Path, kbps: u64) -> (PeerProgram, PeerProgram, String) {
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&["--set", &format!("limits.up-kbps={kbps}")]).expect("no daemon");
    let id = source.share(path).expect("not shared");
    (source, scene.peer("bert", HAMBURG).expect("not enrolled"), id)
}

/// Bytes that are there, and all of them.
fn progress(peer: &PeerProgram) -> (u64, u64) {
    let status = peer.status().expect("no status");
    let of = |name: &str| status["transfers"][0][name].as_u64().unwrap_or_default();
    (of("have"), of("size"))
}

/// A file with its index at the end, as cameras write them: a player reads the end first, then the
/// beginning.
#[test]
fn a_player_plays_before_the_download_ends() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    std::fs::create_dir_all(scene.at("source")).expect("no folder");
    let film = scene.at("source/film.mp4");
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25"])
        .args(["-t", "20", "-c:v", "mpeg4", "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M"])
        .args(["-bufsize", "6M"])
        .arg(&film)
        .output()
        .expect("ffmpeg cannot be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // A minute's worth of it at least, so that two seconds are played long before its end.
    let kbps = std::fs::metadata(&film).expect("no film").len() * 8 / 1000 / 60;
    let (_source, mut getter, id) = shared(&scene, &film, kbps);
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    let said = getter.run(&["get", &id, "--stream", "--detach", "-o", &folder]).expect("no get");
    let url = said.lines().find_map(|line| line.strip_prefix("play ")).expect("no address");
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/film.mp4"), "{url}");
    let play = |from: &str| {
        let played = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-xerror", "-ss", from, "-i", url, "-t", "2"])
            .args(["-f", "null", "-"])
            .output()
            .expect("ffmpeg cannot be run");
        assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
        let (have, size) = progress(&getter);
        assert!(have < size / 2, "{have} of {size} are there");
    };
    play("0");
    // Its user goes to another place.
    play("16");
}

#[test]
fn standard_output_gets_the_bytes_in_order_while_they_come() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 5, 4 << 20).expect("no film");
    let (source, getter, id) = shared(&scene, &scene.at("source/film.bin"), 2_000);
    let mut playing = getter.start(&["get", &id, "-o", "-"]).expect("no get");
    let mut out = playing.stdout.take().expect("no output");
    let mut bytes = vec![0; 300_000];
    out.read_exact(&mut bytes).expect("nothing comes");
    let (have, size) = progress(&getter);
    assert!(have < size, "all of it was there before the first part was handed on");
    source.run(&["limits", "--up", "0"]).expect("no limits");
    out.read_to_end(&mut bytes).expect("it does not go on");
    assert!(playing.wait().expect("no end").success());
    assert_eq!(bytes.len(), film.len());
    assert!(bytes == film);
}

fn ask(url: &str, fields: &[(&str, &str)]) -> Answer {
    let request = request("GET", url);
    fields.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
}

/// RFC 9110 §14: ranges, of what is here and of what is not yet.
#[test]
fn clients_read_ranges_and_nobody_else_reads_anything() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 6, 3_000_000).expect("no film");
    let (_source, mut getter, id) = shared(&scene, &scene.at("source/film.bin"), 8_000);
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    let said = getter.run(&["get", &id, "--stream", "--detach", "-o", &folder]).expect("no get");
    let url = said.lines().find_map(|line| line.strip_prefix("play ")).expect("no address");
    // The end first.
    let end = ask(url, &[("Range", "bytes=-1000")]);
    assert_eq!((end.status, &end.body[..]), (206, &film[2_999_000..]));
    assert_eq!(end.header("content-range"), Some("bytes 2999000-2999999/3000000"));
    let middle = ask(url, &[("Range", "bytes=262140-786500")]);
    assert_eq!((middle.status, &middle.body[..]), (206, &film[262_140..=786_500]));
    let tag = end.header("etag").expect("no tag").to_owned();
    let same = ask(url, &[("Range", "bytes=0-0"), ("If-Range", &tag)]);
    assert_eq!((same.status, &same.body[..]), (206, &film[..1]));
    let whole = ask(url, &[("Range", "bytes=0-0"), ("If-Range", "\"another\"")]);
    assert_eq!((whole.status, whole.body == film), (200, true));
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    let beyond = ask(url, &[("Range", "bytes=3000000-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */3000000")));
    let head = request("HEAD", url).send();
    assert_eq!((head.status, head.header("content-length")), (200, Some("3000000")));
    assert_eq!(head.header("accept-ranges"), Some("bytes"));
    let post = http::post(url, "text/plain", "x");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    // Without the key, or by a name that was made to lead here, there is nothing.
    let (base, key) = url["http://".len()..].split_once('/').expect("no path");
    let other = format!("http://{base}/{}{}", "0".repeat(32), &key[32..]);
    assert_eq!(get(&other).status, 404);
    let curl = Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: evil.example", url])
        .output()
        .expect("curl cannot be run");
    assert_eq!(String::from_utf8_lossy(&curl.stdout), "421");
}

/// Two files of one content at two places, each in its order; a file that is not fetched is told.
#[test]
fn one_file_of_several_is_played() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let first = film(&scene.at("source/album"), 7, 700_000).expect("no film");
    std::fs::rename(scene.at("source/album/film.bin"), scene.at("source/album/a.mkv"))
        .expect("not renamed");
    let second = film(&scene.at("source/album"), 8, 900_000).expect("no film");
    std::fs::rename(scene.at("source/album/film.bin"), scene.at("source/album/b.mp3"))
        .expect("not renamed");
    let (_source, getter, id) = shared(&scene, &scene.at("source/album"), 0);
    let all = getter.run(&["get", &id, "-o", "-"]).expect_err("which one?").to_string();
    assert!(all.contains("2 files; --file PATH chooses one"), "{all}");
    let bytes = getter.output(&["get", &id, "-o", "-", "--file", "album/b.mp3"]).expect("no get");
    assert!(bytes == second);
    let mut getter = getter;
    getter.serve(&[]).expect("no daemon");
    let target = scene.at("got").display().to_string();
    let said = getter.run(&["get", &id, "--stream", "--detach", "-o", &target]).expect("no get");
    let urls: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("play ")).collect();
    let kinds = urls.iter().map(|url| get(url));
    let got: Vec<(Option<String>, Vec<u8>)> = kinds
        .map(|answer| (answer.header("content-type").map(str::to_owned), answer.body))
        .collect();
    let expected = [(Some("video/x-matroska".into()), first), (Some("audio/mpeg".into()), second)];
    assert!(got == expected, "{urls:?}");
    let status: Value = getter.status().expect("no status");
    assert_eq!(status["transfers"].as_array().map(Vec::len), Some(1));
}

/// A large content is on its way from a source of 8 Mbit/s when another of 6 MiB is played: of the
/// large one come no more than the fragments of 1 MiB that have begun, where half of all came.
#[test]
fn what_is_played_comes_before_what_is_only_fetched() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("old"), 9, 64 << 20).expect("no film");
    let played = film(&scene.at("source"), 10, 6 << 20).expect("no film");
    let (source, mut getter, old) = shared(&scene, &scene.at("old/film.bin"), 8_000);
    let new = source.share(&scene.at("source/film.bin")).expect("not shared");
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    getter.run(&["get", &old, "--detach", "-o", &folder]).expect("no get");
    let have = |status: &Value| {
        let mut all = status["transfers"].as_array().into_iter().flatten();
        let one = all.find(|one| one["content-id"] == *old);
        one.and_then(|one| one["have"].as_u64()).unwrap_or_default()
    };
    getter.until(|status| have(status) > 0).expect("it does not come");
    let folder = scene.at("played").display().to_string();
    let said = getter.run(&["get", &new, "--stream", "--detach", "-o", &folder]).expect("no get");
    let url = said.lines().find_map(|line| line.strip_prefix("play ")).expect("no address");
    let before = have(&getter.status().expect("no status"));
    assert!(get(url).body == played);
    let after = have(&getter.status().expect("no status"));
    assert!(after - before <= 3 << 20, "{} bytes of the other came meanwhile", after - before);
    getter.until(|status| have(status) > after).expect("it does not go on");
}

/// Four sources of 2 Mbit/s each are in the midst of fragments of 1 MiB when the player goes to
/// another place: what is there comes without their being ended first.
#[test]
fn the_place_that_a_player_goes_to_comes_before_what_has_begun() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 11, 65 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let (first, mut getter, id) = shared(&scene, &path, 2_000);
    let mut sources = vec![first];
    for (user, address) in [("carl", BERLIN_TOO), ("dora", MUENCHEN), ("emil", ELSEWHERE)] {
        let mut source = scene.peer(user, address).expect("not enrolled");
        source.serve(&["--set", "limits.up-kbps=2000"]).expect("no daemon");
        source.share(&path).expect("not shared");
        sources.push(source);
    }
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    let said = getter.run(&["get", &id, "--stream", "--detach", "-o", &folder]).expect("no get");
    let url = said.lines().find_map(|line| line.strip_prefix("play ")).expect("no address");
    // All four give, and the first fragment is there.
    let gives = |one: &Value| one["downloaded"].as_u64() > Some(0);
    let transfer = |status: &Value| status["transfers"][0].clone();
    getter
        .until(|status| {
            let neighbours = transfer(status)["neighbours"].as_array().cloned().unwrap_or_default();
            neighbours.iter().filter(|one| gives(one)).count() == 4
        })
        .expect("not all four give");
    let before = progress(&getter).0;
    let answer = ask(url, &[("Range", "bytes=52428800-52429799")]);
    assert_eq!((answer.status, &answer.body[..]), (206, &film[52_428_800..52_429_800]));
    let came = progress(&getter).0 - before;
    assert!(came <= 2 << 20, "{came} bytes came before it");
}

/// What a peer fetches already, in whatever order, comes from its beginning on as soon as somebody
/// wants to play it; also after a crash.
#[test]
fn what_is_on_its_way_is_played_from_its_beginning() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 12, 6 << 20).expect("no film");
    let (source, mut getter, id) = shared(&scene, &scene.at("source/film.bin"), 4_000);
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    getter.run(&["get", &id, "--detach", "-o", &folder]).expect("no get");
    let comes = |least: u64| {
        let came = getter.until(|status| status["transfers"][0]["have"].as_u64() > Some(least));
        came.expect("it does not come");
    };
    comes(0);
    getter.run(&["get", &id, "--stream", "--detach", "-o", &folder]).expect("no get");
    // Whatever was asked for before has come by then, too.
    comes(progress(&getter).0 + (2 << 20));
    let part = std::fs::read(scene.at("got/film.bin.mp2p-part")).expect("no part of it");
    assert!(part[..1 << 20] == film[..1 << 20], "its beginning is not here");
    getter.kill();
    source.run(&["limits", "--up", "0"]).expect("no limits");
    let bytes = getter.output(&["get", &id, "-o", "-"]).expect("no get");
    assert!(bytes == film);
}
