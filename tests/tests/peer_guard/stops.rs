//! Forced stop among real peers (TR 20002 §8.3.4): forged, foreign and old orders do nothing; a
//! genuine one reaches those whom OMS does not.

use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::frame::Frame;
use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::Text;
use mp2p::signed::SigningKey;
use mp2p::stop::Stop;
use serde_json::{Value, json};
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_there;

use crate::raw::{Raw, Target};

/// Nobody refreshes within a test, but for a reason.
const SELDOM: [&str; 4] =
    ["--set", "overlay.heartbeat-seconds=3600", "--set", "overlay.expires-seconds=10800"];
/// Nobody answers there.
const CUT_OFF: [&str; 4] =
    ["--set", "provider.oms=https://127.0.0.1:9", "--set", "provider.ixs=https://127.0.0.1:9"];
const SLOW: [&str; 2] = ["--set", "limits.down-kbps=400"];

fn state(status: &Value) -> &Value {
    &status["transfers"][0]["state"]
}

fn is_linked(status: &Value) -> bool {
    status["transfers"][0]["neighbours"].as_array().is_some_and(|all| !all.is_empty())
}

fn take_down(scene: &Scene, id: &str) {
    let authority = scene.cities.p2psp.enrol_named("authority/rights", MUENCHEN);
    let body = json!({"content-id": id, "reason": "no licence"});
    let taken = authority.expect("not enrolled").ask("POST", "/ixs/takedown", Some(&body));
    assert_eq!(taken.status, 202);
}

fn begin(peer: &PeerProgram, id: &str, scene: &Scene, at: &str) {
    let target = scene.at(at).display().to_string();
    peer.run(&["get", id, "-o", &target, "--detach"]).expect("not begun");
    peer.until(is_linked).expect("not linked");
}

#[test]
fn flow_8_3_4_a_forged_foreign_or_damaged_order_does_nothing_between_peers() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 81, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    // Whoever says what is no order is let in no more: each is said by another.
    let say = |host: usize, order: String| {
        let address = format!("127.2.0.{}", 20 + host);
        let eve = scene.peer(&format!("eve{host}"), &address).expect("not enrolled");
        let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
        let frames = vec![target.hello(None), Frame::Stop(order.into())];
        let said =
            Raw::of(&eve, &address).say(&target, frames, |frame| matches!(frame, Frame::Bye(_)));
        assert!(matches!(said.first(), Some(Frame::Pello(_))), "{said:?}");
    };
    let key = |der: &[u8]| SigningKey::from_pkcs8(der).expect("a key");
    let oms = std::fs::read(scene.cities.p2psp.pki("../passkey-key.der")).expect("no key");
    let (oms, forger) = (key(&oms), key(&SigningKey::generate_ed25519().expect("a key")));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let stop = Stop {
        overlay_id: OverlayId::parse(&id).expect("an overlay"),
        content_id: Some(ContentId::parse(&id).expect("a content")),
        seq: 7,
        iat: now,
        reason: Text::new("no licence").expect("short"),
        authority: Text::new("authority/rights").expect("short"),
    };
    let other = ContentId::parse(&"b".repeat(64)).expect("a content");
    let genuine = stop.seal(&oms).expect("sealed");
    let orders = [
        ("forged", stop.seal(&forger).expect("sealed")),
        ("of another overlay", {
            let overlay_id = OverlayId::parse("elsewhere").expect("an overlay");
            Stop { overlay_id, ..stop.clone() }.seal(&oms).expect("sealed")
        }),
        ("of another content", {
            Stop { content_id: Some(other), ..stop.clone() }.seal(&oms).expect("sealed")
        }),
        ("of tomorrow", Stop { iat: now + 86_400, ..stop.clone() }.seal(&oms).expect("sealed")),
        ("damaged", genuine.replace('.', "A.")),
    ];
    for (host, (what, order)) in orders.into_iter().enumerate() {
        say(host, order);
        assert_eq!(state(&anna.status().expect("no status")), "sharing", "{what}");
    }
    say(9, genuine);
    anna.until(|status| state(status) == "stopped").expect("it goes on");
}

/// An order that was lifted is void for good: said again by whoever kept it, it does nothing.
#[test]
fn flow_8_3_4_an_order_that_was_lifted_does_nothing_when_it_is_said_again() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 84, 1 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&path).expect("not shared");
    let authority = scene.cities.p2psp.enrol_named("authority/rights", MUENCHEN);
    let authority = authority.expect("not enrolled");
    let body = json!({"content-id": id, "reason": "no licence"});
    let taken = authority.ask("POST", "/ixs/takedown", Some(&body));
    assert_eq!(taken.status, 202);
    let taken = taken.json()["takedown-id"].as_str().expect("no name").to_owned();
    anna.until(|status| state(status) == "stopped").expect("it goes on");
    let order = anna.state().join("contents").join(&id).join("stop.jws");
    let order = std::fs::read_to_string(order).expect("no order");
    let lift = format!("/ixs/takedown?takedown-id={taken}&reason=appeal%20won");
    assert_eq!(authority.ask("DELETE", &lift, None).status, 200);
    let again = until_there("it is shared again", || {
        let _ = anna.run(&["stop", &id]);
        anna.share(&path).ok()
    });
    assert_eq!(again, id);
    anna.until(|status| state(status) == "sharing").expect("not shared");
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    let eve = scene.peer("eve", HAMBURG).expect("not enrolled");
    let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
    let frames = vec![target.hello(None), Frame::Stop(order.into())];
    let said = Raw::of(&eve, HAMBURG).say(&target, frames, |frame| matches!(frame, Frame::Bye(_)));
    assert!(matches!(said.first(), Some(Frame::Pello(_))), "{said:?}");
    assert_eq!(state(&anna.status().expect("no status")), "sharing");
    let ben = scene.peer("ben", MUENCHEN).expect("not enrolled");
    ben.get(&id, &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/film.bin")).expect("no file") == film);
}

/// Ben is cut off from OMS and linked with Anna, who passes the order on; Carl was away and is cut
/// off when he comes back: Anna, who has stopped, tells him.
#[test]
fn flow_8_3_4_an_order_reaches_those_that_oms_does_not() {
    let scene = Scene::start_with(Shape::OneProcess, &SELDOM).expect("no scene");
    film(&scene.at("source"), 82, 4 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    let mut carl = scene.peer("carl", MUENCHEN).expect("not enrolled");
    for (peer, at) in [(&mut carl, "carl"), (&mut ben, "ben")] {
        peer.serve(&SLOW).expect("no daemon");
        begin(peer, &id, &scene, at);
        peer.kill();
    }
    let alone = [&SLOW[..], &CUT_OFF[..]].concat();
    ben.serve(&alone).expect("no daemon");
    ben.until(is_linked).expect("not linked");
    assert_eq!(state(&ben.status().expect("no status")), "fetching");
    take_down(&scene, &id);
    for peer in [&anna, &ben] {
        peer.until(|status| state(status) == "stopped").expect("it goes on");
    }
    carl.serve(&alone).expect("no daemon");
    carl.until(|status| state(status) == "stopped").expect("it goes on");
    assert!(!scene.at("carl/film.bin").exists() && !scene.at("ben/film.bin").exists());
}

/// OMS is killed and forgets its members; the order that comes before they refresh reaches them as
/// soon as they listen again.
#[test]
fn flow_8_3_4_an_order_reaches_members_that_oms_has_forgotten() {
    let mut scene = Scene::start_with(Shape::OneProcess, &SELDOM).expect("no scene");
    film(&scene.at("source"), 83, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let mut ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    ben.get(&id, &scene.at("got")).expect("not fetched");
    scene.cities.p2psp.crash().expect("it does not come back");
    take_down(&scene, &id);
    for peer in [&anna, &ben] {
        peer.until(|status| state(status) == "stopped").expect("it goes on");
    }
}
