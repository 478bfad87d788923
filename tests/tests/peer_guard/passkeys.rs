//! Passkeys between real peers (TR 20002 §8.3.9, second method).

use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::frame::ByeReason;
use mp2p::passkey::Passkey;
use mp2p::signed::SigningKey;
use serde_json::json;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::swarm::{Scene, film};

use crate::raw::{Raw, Target};

/// Cut by the builder into pieces of 128 KiB.
const FILM: usize = 1 << 20;

/// The key that OMS signs with.
pub(crate) fn key_of_oms(scene: &Scene) -> SigningKey {
    let path = scene.cities.p2psp.pki("../passkey-key.der");
    SigningKey::from_pkcs8(&std::fs::read(path).expect("no key")).expect("a key")
}

/// In a closed overlay a peer is let in with its own, fresh passkey alone, and bytes flow between
/// those who have one.
#[test]
fn flow_8_3_9_a_closed_overlay_lets_in_who_has_a_passkey_of_its_own() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let p2psp = &scene.cities.p2psp;
    let whole = film(&scene.at("source"), 21, FILM).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let owner = p2psp.peer_in(anna.state(), BERLIN).expect("no peer");
    let overlay =
        json!({"overlay-id": "family", "access": {"type": "closed", "users": ["ben", "carl"]}});
    assert_eq!(owner.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
    anna.serve(&[]).expect("no daemon");
    let path = scene.at("source/film.bin").display().to_string();
    let said = anna.run(&["share", &path, "--overlay", "family"]).expect("not shared");
    let id = said.split_whitespace().nth(1).expect("no id").to_owned();
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");

    let [ben, eve] = [("ben", HAMBURG), ("eve", MUENCHEN)]
        .map(|(user, at)| (scene.peer(user, at).expect("not enrolled"), at));
    let joined = p2psp.peer_in(ben.0.state(), ben.1).expect("no peer").join("family");
    let passkey = joined["passkey"].as_str().expect("no passkey").to_owned();
    let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, ("family", &id)) };
    let (ben, eve) = (Raw::of(&ben.0, ben.1), Raw::of(&eve.0, eve.1));
    let refused = Err(ByeReason::Refused);
    assert_eq!(ben.is_let_in(&target, None), refused, "without");
    assert_eq!(eve.is_let_in(&target, None), refused, "a stranger");
    assert_eq!(eve.is_let_in(&target, Some(&passkey)), refused, "borrowed");
    // What OMS itself might have signed, at another time, in another epoch; and a forger.
    let own = Passkey::peek(&passkey).expect("a passkey");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let over = Passkey { iat: now - 700, exp: now - 100, ..own.clone() };
    let void = Passkey { epoch: own.epoch - 1, ..own.clone() };
    let (oms, forger) = (key_of_oms(&scene), SigningKey::generate_ed25519().expect("a key"));
    let forger = SigningKey::from_pkcs8(&forger).expect("a key");
    for (what, passkey, key) in
        [("expired", &over, &oms), ("void", &void, &oms), ("forged", &own, &forger)]
    {
        let passkey = passkey.seal(key).expect("sealed");
        assert_eq!(ben.is_let_in(&target, Some(&passkey)), refused, "{what}");
    }
    assert_eq!(ben.is_let_in(&target, Some(&passkey)), Ok(()));
    // A peer gets its passkey by itself, and what it came for.
    let carl = scene.peer("carl", BERLIN_TOO).expect("not enrolled");
    carl.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), whole);
}

/// In an open overlay nobody needs a passkey, and a bad one is refused all the same.
#[test]
fn flow_8_3_9_an_open_overlay_lets_in_who_shows_no_passkey_and_refuses_a_bad_one() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let p2psp = &scene.cities.p2psp;
    film(&scene.at("source"), 22, FILM).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    let ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    let joined = p2psp.peer_in(ben.state(), HAMBURG).expect("no peer").join(&id);
    let passkey = joined["passkey"].as_str().expect("no passkey").to_owned();
    let eve = scene.peer("eve", MUENCHEN).expect("not enrolled");
    let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
    let (ben, eve) = (Raw::of(&ben, HAMBURG), Raw::of(&eve, MUENCHEN));
    // Before UMS is asked who she is: it lets go of whom it has never heard of.
    assert_eq!(eve.is_let_in(&target, Some(&passkey)), Err(ByeReason::Refused));
    assert_eq!(eve.is_let_in(&target, None), Ok(()));
    assert_eq!(ben.is_let_in(&target, Some(&passkey)), Ok(()));
}
