//! Names of overlays that are over: kept for whose they were as long as there is something of
//! theirs in them; contents of such overlays are told apart in searches.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use serde_json::{Value, json};
use system_tests::http::Answer;
use system_tests::p2psp::{Peer, Provided, Shape};
use system_tests::publisher::Publication;
use system_tests::wait::until_seen;

const FILM: Publication<'_> =
    Publication { overlay: "film", title: "winter", version: 1, bytes: b"a film" };

fn make(peer: &Peer, name: &str) -> Answer {
    peer.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": name})))
}

fn code(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"]["code"].clone())
}

fn end(peer: &Peer, name: &str) {
    let path = format!("/oms/overlay?overlay-id={name}");
    assert_eq!(peer.ask("DELETE", &path, None).status, 204);
}

/// Whether what is found, by words and by overlay, is marked as of an overlay that is over.
fn gone(peer: &Peer) -> [bool; 2] {
    ["/ixs/content?q=winter", "/ixs/overlay?overlay-id=film"].map(|path| {
        let found = peer.ask("GET", path, None).json();
        assert_eq!(found["contents"].as_array().map(Vec::len), Some(1), "{found}");
        found["contents"][0]["gone"] == true
    })
}

#[test]
fn the_name_of_an_overlay_with_contents_is_its_owners_and_searches_say_that_it_is_over() {
    for shape in Shape::BOTH {
        let scene = Provided::start_as(shape, &[]);
        let [anna, too, ben] = [("anna", 10), ("anna", 11), ("ben", 12)]
            .map(|(user, host)| scene.p2psp.enrol(user, &format!("127.0.0.{host}")).unwrap());
        for name in ["film", "empty"] {
            assert_eq!(make(&anna, name).status, 201);
        }
        let body = FILM.registration(&anna).unwrap();
        assert_eq!(anna.ask("POST", "/ixs/content", Some(&body)).status, 204);
        assert_eq!(gone(&ben), [false, false]);
        end(&anna, "film");
        end(&anna, "empty");
        assert_eq!(gone(&ben), [true, true]);
        assert_eq!(code(&make(&ben, "film")), (409, json!("overlay-kept")));
        assert_eq!(make(&ben, "empty").status, 201, "there is nothing of anna's in it");
        // Any peer of hers makes it again, and its contents are exchanged again.
        assert_eq!(make(&too, "film").status, 201);
        assert_eq!(gone(&ben), [false, false]);
        // The provider does as it likes.
        end(&anna, "film");
        assert_eq!(make(&scene.p2psp.operator("127.0.0.9"), "film").status, 201);
    }
}

/// An overlay that nobody is in for long is over as well; over a crash, too.
#[test]
fn a_name_is_kept_where_everybody_left_and_oms_crashed() {
    let mut scene = Provided::start(&["--set", "overlay.idle-seconds=1"]);
    let anna = scene.p2psp.enrol("anna", "127.0.0.10").unwrap();
    let ben = scene.p2psp.enrol("ben", "127.0.0.11").unwrap();
    let body = FILM.registration(&anna).unwrap();
    // On a slow machine it may be over before she is in.
    let publish = || {
        let _ = make(&anna, "film");
        let _ = anna.ask("POST", "/oms/peer", Some(&anna.join_request("film")));
        anna.ask("POST", "/ixs/content", Some(&body)).status
    };
    until_seen("the film is registered", publish, |status| *status == 204);
    let _ = anna.ask("DELETE", "/oms/peer", Some(&anna.join_request("film")));
    until_seen("the overlay is over", || gone(&ben), |gone| *gone == [true, true]);
    assert_eq!(code(&make(&ben, "film")), (409, json!("overlay-kept")));
    scene.p2psp.crash().unwrap();
    let (anna, ben) = (anna.at(&scene.p2psp), ben.at(&scene.p2psp));
    assert_eq!(code(&make(&ben, "film")), (409, json!("overlay-kept")));
    assert_eq!(make(&anna, "film").status, 201);
}
