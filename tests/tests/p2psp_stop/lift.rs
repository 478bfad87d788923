//! A stop that is lifted: by an authority and nobody else, on record, and for all who hear of it.

use serde_json::json;
use system_tests::p2psp::{P2psp, Peer, Shape};
use system_tests::wait::AMPLE;

use crate::scene::{Scene, publication, stop_of, stopped, take_down};

fn whole(shape: Shape) {
    let scene = Scene::start(shape, &["winter"]);
    let events = scene.ben.listen(None);
    let taken = scene.take_down("winter");
    let id = taken["takedown-id"].as_str().unwrap();
    let first = scene.opened(&events.until(AMPLE, stop_of), "film", 0).unwrap();
    scene.until(id, |one| one["seq"] == first.seq);
    let lift = format!("/ixs/takedown?takedown-id={id}&reason=appeal%20won");
    assert_eq!(scene.ben.ask("DELETE", &lift, None).status, 403);
    assert_eq!(
        scene.authority.ask("DELETE", "/ixs/takedown?takedown-id=none&reason=x", None).status,
        404
    );
    stopped(&scene.ben.ask("PUT", "/oms/peer", Some(&scene.ben.join_request("film"))));

    let lifted = scene.authority.ask("DELETE", &lift, None);
    assert_eq!(lifted.status, 200, "{}", String::from_utf8_lossy(&lifted.body));
    let lifted = lifted.json();
    assert_eq!(
        (&lifted["state"], &lifted["lift"]["reason"]),
        (&json!("lifted"), &json!("appeal won"))
    );
    let by = lifted["lift"]["authority"].as_str().unwrap();
    assert!(by.ends_with("/authority/rights"), "{by}");
    scene.until(id, |one| one["lift"]["told"] == true);
    // The overlay is its owner's again and nobody else's, and the content may be registered.
    let film = json!({"overlay-id": "film"});
    let stranger = scene.ben.ask("POST", "/oms/overlay", Some(&film));
    assert_eq!((stranger.status, &stranger.json()["error"]["code"]), (409, &json!("overlay-kept")));
    assert_eq!(scene.anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
    let again = publication("winter").registration(&scene.anna).unwrap();
    assert_eq!(scene.anna.ask("POST", "/ixs/content", Some(&again)).status, 204);
    assert_eq!(scene.found("winter"), 1);
    // Members hear that the old order is void.
    assert_eq!(scene.ben.join("film")["void-stops"], json!([first.seq]));
    // Lifted twice is lifted once; taken down again it is another stop.
    assert_eq!(
        scene.authority.ask("DELETE", &lift, None).json()["lift"]["at"],
        lifted["lift"]["at"]
    );
    let second = scene.take_down("winter");
    assert_ne!(second["takedown-id"], taken["takedown-id"]);
    let stop = scene.opened(&events.until(AMPLE, stop_of), "film", first.seq).unwrap();
    assert!(stop.seq > first.seq);
    stopped(&scene.ben.ask("PUT", "/oms/peer", Some(&scene.ben.join_request("film"))));
}

#[test]
fn an_authority_lifts_a_stop_and_what_it_ended_goes_on() {
    whole(Shape::OneProcess);
}

#[test]
fn a_stop_is_lifted_where_index_and_overlays_are_two_processes() {
    whole(Shape::FourProcesses);
}

/// The tombstone stays, marked, and both trails tell of it; what somebody else forbade stays so.
#[test]
fn a_lift_is_on_record_outlives_a_crash_and_allows_no_more_than_its_own() {
    let scene = Scene::start(Shape::OneProcess, &["winter", "summer"]);
    let operator = scene.p2psp.operator("127.0.0.14");
    let taken = scene.take_down("winter");
    let id = taken["takedown-id"].as_str().unwrap().to_owned();
    scene.until(&id, |one| one["seq"].is_u64());
    let (winter, summer) = (scene.content("winter"), scene.content("summer"));
    let deny = json!({
        "digests": [{"digest": summer, "kind": "content", "denied": true}], "reason": "none",
    });
    assert_eq!(operator.ask("POST", "/ixs/denylist", Some(&deny)).status, 200);
    let both = json!({"content-id": summer, "overlay-id": "film", "reason": "no licence"});
    let second = scene.authority.ask("POST", "/ixs/takedown", Some(&both)).json();
    let second = second["takedown-id"].as_str().unwrap();
    let state = scene.folder.path().join("state").display().to_string();
    let run = |arguments: &[&str]| {
        system_tests::p2psp::run(&[arguments, &["--state-dir", &state]].concat())
    };
    for id in [&*id, second] {
        let told = run(&["takedown", "--lift", id, "--reason", "a mistake"]).unwrap();
        assert!(told.contains(": lifted") && told.contains("a mistake by operator"), "{told}");
        scene.until(id, |one| one["lift"]["told"] == true);
    }
    assert!(run(&["takedown", "--lift", "none", "--reason", "x"]).is_err());
    assert!(run(&["takedown", "--lift", &id]).unwrap_err().to_string().contains("--reason"));
    let list = run(&["denylist", "list"]).unwrap();
    assert!(!list.contains(winter.as_str()) && list.contains(summer.as_str()), "{list}");
    let trails = run(&["audit", "verify"]).unwrap();
    for name in ["users.db:", "index.db:", "stops.db:", "expulsions.db:"] {
        assert!(trails.lines().any(|line| line.starts_with(name)), "{trails}");
    }
    let what = |file: &str| {
        let trail = rusqlite::Connection::open(scene.folder.path().join("state").join(file));
        let count = "SELECT count(*) FROM audit WHERE what = 'lift'";
        trail.unwrap().query_row(count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((what("index.db"), what("stops.db")), (2, 2));

    let Scene { p2psp, anna, ben, folder, .. } = scene;
    p2psp.daemon.signal("KILL").unwrap();
    drop(p2psp);
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).unwrap();
    let (anna, ben) = (p2psp.again(&anna), p2psp.again(&ben));
    let film = json!({"overlay-id": "film"});
    assert_eq!(anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
    assert_eq!(ben.join("film")["void-stops"].as_array().map(Vec::len), Some(2));
}

/// An authority does not undo what another one ordered, whether it ordered the same or not: the
/// content is allowed again when both have lifted theirs, or an operator has.
#[test]
fn an_authority_lifts_what_it_ordered_and_nothing_else() {
    for shape in Shape::BOTH {
        let scene = Scene::start(shape, &["winter"]);
        let other = scene.p2psp.enrol_named("authority/court", "127.0.0.15").unwrap();
        let first = scene.take_down("winter");
        let [first, second] = [first, take_down(&other, &scene.content("winter"))]
            .map(|taken| taken["takedown-id"].as_str().unwrap().to_owned());
        assert_ne!(first, second, "each order is one of its own");
        for id in [&first, &second] {
            scene.until(id, |one| one["seq"].is_u64());
        }
        let lift = |by: &Peer, id: &str| {
            let path = format!("/ixs/takedown?takedown-id={id}&reason=appeal");
            let answer = by.ask("DELETE", &path, None);
            (answer.status, answer.json()["error"]["code"].clone())
        };
        assert_eq!(lift(&other, &first), (403, json!("not-yours")));
        assert_eq!(lift(&scene.authority, &second), (403, json!("not-yours")));
        assert_eq!(lift(&other, &second).0, 200);
        scene.until(&second, |one| one["lift"]["told"] == true);
        // The first order is in force still, at IXS and at OMS.
        let again = publication("winter").registration(&scene.anna).unwrap();
        assert_eq!(scene.anna.ask("POST", "/ixs/content", Some(&again)).status, 451);
        stopped(&scene.ben.ask("PUT", "/oms/peer", Some(&scene.ben.join_request("film"))));
        assert_eq!(lift(&scene.p2psp.operator("127.0.0.14"), &first).0, 200);
        scene.until(&first, |one| one["lift"]["told"] == true);
        let film = json!({"overlay-id": "film"});
        assert_eq!(scene.anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        assert_eq!(scene.anna.ask("POST", "/ixs/content", Some(&again)).status, 204);
    }
}

/// A slip of the pen stops nothing, and does not pass for a stop.
#[test]
fn what_nobody_knows_is_not_taken_down() {
    for shape in Shape::BOTH {
        let scene = Scene::start(shape, &["winter"]);
        let order = |what: &str, name: &str| {
            let body = json!({what: name, "reason": "none"});
            let answer = scene.authority.ask("POST", "/ixs/takedown", Some(&body));
            (answer.status, answer.json()["error"]["code"].clone())
        };
        assert_eq!(order("overlay-id", "fi1m"), (404, json!("not-found")));
        assert_eq!(order("content-id", &"0".repeat(64)), (404, json!("not-found")));
        let state = scene.folder.path().join("state");
        let state = if shape == Shape::FourProcesses { state.join("ixs") } else { state };
        let state = state.display().to_string();
        let run = |overlay: &str, more: &[&str]| {
            let order = ["takedown", "--overlay", overlay, "--reason", "x", "--state-dir", &state];
            system_tests::p2psp::run(&[&order[..], more].concat())
        };
        let refused = run("fi1m", &[]).unwrap_err().to_string();
        assert!(refused.contains("there is no overlay fi1m here"), "{refused}");
        assert!(run("fi1m", &["--force"]).unwrap().contains("overlay fi1m: OMS is not told yet"));
        // One without contents is known all the same.
        let song = json!({"overlay-id": "song"});
        assert_eq!(scene.anna.ask("POST", "/oms/overlay", Some(&song)).status, 201);
        assert_eq!(order("overlay-id", "song").0, 202);
        assert!(run("film", &[]).unwrap().contains("overlay film:"));
    }
}
