//! What peers tell the provider, and what comes of it (TR 20002 §8.3.8, §8.3.10, §8.3.4), over real
//! processes of all sides.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait;

/// What `peer` prints with `arguments`, as soon as it is as wanted.
fn until(peer: &PeerProgram, arguments: &[&str], is_so: impl Fn(&Value) -> bool) -> Value {
    peer.until_says(arguments, is_so).unwrap_or_else(|error| panic!("{arguments:?}: {error:#}"))
}

/// A film of this length that Anna in Berlin shares and Bert in Hamburg has fetched.
fn shared(scene: &Scene, bytes: usize) -> (PeerProgram, PeerProgram, String) {
    film(&scene.at("source"), 7, bytes).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    bert.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    bert.get(&id, &scene.at("got")).expect("not fetched");
    (anna, bert, id)
}

/// §8.3.8: successes and receipts go to UMS, and the publisher reads the result; who gave has the
/// credit for it.
#[test]
fn flow_8_3_8_the_publisher_reads_who_got_its_content() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (bytes, _) = (3 << 20, ());
    let (anna, bert, id) = shared(&scene, bytes);
    let all = bytes as u64;
    let result = until(&anna, &["report", &id, "--json"], |said| {
        said["complete"] == 1 && said["receipted"].as_u64() == Some(all)
    });
    assert_eq!((&result["bytes"], &result["consumers"]), (&json!(all), &json!(1)));
    let far = result["by-distance"]["1"].as_u64();
    assert_eq!(far, Some(all), "{result}");
    let account =
        until(&anna, &["account", "--json"], |said| said["credit"]["earned"].as_u64() == Some(all));
    assert_eq!(account["user-id"], "anna");
    let spent =
        until(&bert, &["account", "--json"], |said| said["credit"]["spent"].as_u64() == Some(all));
    assert_eq!(spent["credit"]["earned"], 0);
    // A content of somebody else is none of Bert's business.
    assert!(bert.run(&["report", &id]).is_err());
}

/// §8.3.10: what a peer measures of itself reaches PAMS by itself.
#[test]
fn flow_8_3_10_a_peer_tells_what_it_measures() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (anna, _bert, _) = shared(&scene, 1 << 20);
    let id = anna.status().expect("no status")["peer-id"].as_str().unwrap_or_default().to_owned();
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let path = format!("/pams/status?peer-id={id}");
    let answer = wait::until(|| {
        let answer = operator.ask("GET", &path, None);
        if answer.status == 200 { Ok(answer) } else { Err(answer.status) }
    });
    let status = answer.expect("no status").json();
    assert!(status["age-s"].is_u64(), "{status}");
}

/// What the kernel has counted at the loopback interface, out; in is the same.
fn counted() -> u64 {
    let interfaces = std::fs::read_to_string("/proc/net/dev").expect("no counters");
    let counts = interfaces.lines().find_map(|line| line.trim().strip_prefix("lo:"));
    let bytes = counts.and_then(|counts| counts.split_whitespace().nth(8));
    bytes.and_then(|bytes| bytes.parse().ok()).expect("no number")
}

/// Bytes over the loopback interface that no peer knows of.
fn send(bytes: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no port");
    let address = listener.local_addr().expect("no address");
    let sender = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).expect("not connected");
        stream.write_all(&vec![7; bytes]).expect("not sent");
    });
    let (mut stream, _) = listener.accept().expect("nobody came");
    assert_eq!(std::io::copy(&mut stream, &mut std::io::sink()).expect("lost"), bytes as u64);
    sender.join().expect("it panicked");
}

/// Req-Traffic-020: what a peer tells is what the kernel counted at its interface between two
/// reports, whoever sent it.
#[test]
fn the_traffic_of_the_interface_is_measured_and_told() {
    let seldom = ["--set", "activity.report-seconds=3600"];
    let scene = Scene::start_with(Shape::OneProcess, &seldom).expect("no scene");
    let (anna, _bert, _) = shared(&scene, 1 << 20);
    let id = anna.status().expect("no status")["peer-id"].clone();
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let told = || {
        let asked = json!({"peers": [id], "wait-s": 10});
        let answer = operator.ask("POST", "/pams/pull", Some(&asked)).json();
        assert_eq!(answer["asked"], 1, "{answer}");
        let status = answer["standings"][0]["status"].clone();
        ["up-bps", "down-bps"].map(|name| status[name].as_f64().expect("no rate"))
    };
    let now = || (counted() as f64 * 8.0, Instant::now());
    let begins = [now()];
    let _before = told();
    let begins = [begins[0], now()];
    send(32 << 20);
    let ends = [now()];
    let rates = told();
    let ends = [ends[0], now()];
    // The time between the reports is one within what is known here.
    let within = ends[0].1.duration_since(begins[1].1).as_secs_f64();
    let around = ends[1].1.duration_since(begins[0].1).as_secs_f64();
    let (least, most) =
        ((ends[0].0 - begins[1].0) / around, (ends[1].0 - begins[0].0) / within + 1.0);
    assert!(least * around >= f64::from(32 << 20) * 8.0);
    for rate in rates {
        assert!(least - 1.0 <= rate && rate <= most, "{least} {rate} {most}");
    }
}

/// Req-Net-090: who is put out of an overlay hears of it at once, though the next refresh is an
/// hour away, and says so to its user.
#[test]
fn a_peer_that_is_expelled_says_so_at_once() {
    let seldom = ["overlay.heartbeat-seconds=3600", "overlay.expires-seconds=9000"];
    let seldom = seldom.map(|setting| ["--set", setting]).concat();
    let scene = Scene::start_with(Shape::OneProcess, &seldom).expect("no scene");
    let (anna, bert, id) = shared(&scene, 1 << 20);
    let status = bert.status().expect("no status");
    let peer = status["peer-id"].as_str().expect("no name");
    let order = format!("/oms/expel?overlay-id={id}&peer-id={peer}");
    assert_eq!(scene.cities.p2psp.operator(MUENCHEN).ask("POST", &order, None).status, 204);
    let out = bert.until(|status| status["transfers"][0]["state"] == "failed");
    let out = out.expect("it does not know")["transfers"][0]["message"].to_string();
    assert!(out.contains("expelled from the overlay"), "{out}");
    let stays = anna.status().expect("no status")["transfers"][0]["state"].clone();
    assert_eq!(stays, "sharing");
}

/// Req-Net-090: who is let in again is met again by members that had been told of the expulsion and
/// have not begun anew since.
#[test]
fn a_peer_that_is_readmitted_is_met_again() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (anna, bert, id) = shared(&scene, 1 << 20);
    let status = bert.status().expect("no status");
    let peer = status["peer-id"].as_str().expect("no name");
    let order = format!("/oms/expel?overlay-id={id}&peer-id={peer}");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    assert_eq!(operator.ask("POST", &order, None).status, 204);
    bert.until(|status| status["transfers"][0]["state"] == "failed").expect("it does not know");
    let linked = |status: &Value| status["transfers"][0]["neighbours"] != json!([]);
    anna.until(|status| !linked(status)).expect("she keeps him");
    assert_eq!(operator.ask("DELETE", &order, None).status, 204);
    bert.run(&["stop", &id]).expect("not given up");
    let got = bert.get(&id, &scene.at("again")).expect("not fetched");
    assert_eq!(got["neighbours"].as_array().map(Vec::len), Some(1), "{got}");
    assert!(scene.at("again/film.bin").exists());
}

/// An expulsion voids the passkeys of an overlay (TR 20002 §8.3.9). Members fetch new ones at once,
/// so that they are met by whoever comes, and not at their next refresh, here an hour later; those
/// of another overlay keep theirs.
#[test]
fn an_expulsion_keeps_nobody_from_those_who_are_in() {
    let seldom = ["overlay.heartbeat-seconds=3600", "overlay.expires-seconds=9000"];
    let seldom = seldom.map(|setting| ["--set", setting]).concat();
    let scene = Scene::start_with(Shape::OneProcess, &seldom).expect("no scene");
    film(&scene.at("source"), 8, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    let provider = &scene.cities.p2psp;
    let (operator, eve) =
        (provider.operator(MUENCHEN), provider.enrol("eve", "127.1.0.66").expect("not enrolled"));
    let other = json!({"overlay-id": "other"});
    assert_eq!(operator.ask("POST", "/oms/overlay", Some(&other)).status, 201);
    for (overlay, user, address) in [("other", "bert", HAMBURG), (&*id, "carl", MUENCHEN)] {
        let _ = eve.join(overlay);
        let order = format!("/oms/expel?overlay-id={overlay}&peer-id={}", eve.id);
        assert_eq!(operator.ask("POST", &order, None).status, 204);
        let peer = scene.peer(user, address).expect("not enrolled");
        let folder = scene.at(user).display().to_string();
        let got = peer.run(&["get", &id, "-o", &folder, "--wait", "20"]);
        got.unwrap_or_else(|error| panic!("{overlay}: {error:#}"));
    }
}

/// §8.3.4: an authority's order ends the distribution at every peer, and it stays ended.
#[test]
fn flow_8_3_4_peers_stop_at_once_and_for_good() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (mut anna, bert, id) = shared(&scene, 1 << 20);
    let authority =
        scene.cities.p2psp.enrol_named("authority/rights", MUENCHEN).expect("not enrolled");
    let body = json!({"content-id": id, "reason": "no licence"});
    let taken = authority.ask("POST", "/ixs/takedown", Some(&body));
    assert_eq!(taken.status, 202);
    let taken = taken.json();
    for peer in [&anna, &bert] {
        let stopped = |status: &Value| status["transfers"][0]["state"] == "stopped";
        peer.until(stopped).expect("it goes on");
    }
    let path = format!("/ixs/takedown?takedown-id={}", taken["takedown-id"].as_str().unwrap_or(""));
    let acknowledged = wait::until(|| {
        let one = authority.ask("GET", &path, None).json()["takedowns"][0].clone();
        if one["result"]["acknowledged"] == 2 { Ok(()) } else { Err(one) }
    });
    acknowledged.expect("not acknowledged");
    // Whoever starts again has not forgotten, and whoever comes late gets nothing.
    anna.kill();
    anna.serve(&[]).expect("no daemon");
    // At first it is shown as it is begun, then as it is.
    let again = anna.until(|status| status["transfers"][0]["state"] == "stopped");
    again.expect("it begins anew");
    let late = scene.peer("carl", MUENCHEN).expect("not enrolled");
    assert!(late.get(&id, &scene.at("late")).is_err());
    assert!(!scene.at("late/film.bin").exists());
}
