//! Forced stop, the provider's side (TR 20002 §8.3.4; Req-Content-010), in both shapes: out of the
//! index at once, refused at OMS for good, told to members, acknowledged, reported.

use serde_json::json;
use system_tests::p2psp::{P2psp, Peer, Shape};
use system_tests::wait::AMPLE;

use crate::scene::{Scene, publication, stop_of, stopped, until};

fn whole_flow(shape: Shape) {
    let scene = Scene::start(shape, &["winter"]);
    let carla = scene.p2psp.enrol("carla", "127.0.0.13").unwrap();
    let _ = carla.join("film");
    let events = scene.ben.listen(None);
    let body = json!({"content-id": scene.content("winter"), "reason": "I say so"});
    assert_eq!(scene.ben.ask("POST", "/ixs/takedown", Some(&body)).status, 403);
    assert_eq!(scene.found("winter"), 1);

    let taken = scene.take_down("winter");
    assert_eq!(scene.found("winter"), 0);
    let signed = events.until(AMPLE, stop_of);
    let stop = scene.opened(&signed, "film", 0).unwrap();
    assert_eq!((&*stop.reason, stop.content_id), ("no licence", None));
    assert!(stop.authority.ends_with("/authority/rights"), "{}", &*stop.authority);
    // Replayed, or shown elsewhere, it does nothing.
    assert_eq!(scene.opened(&signed, "film", stop.seq), None);
    assert_eq!(scene.opened(&signed, "song", 0), None);

    let refused = scene.anna.ask("PUT", "/oms/peer", Some(&scene.anna.join_request("film")));
    assert_eq!(stopped(&refused), signed);
    let film = json!({"overlay-id": "film"});
    let made = scene.anna.ask("POST", "/oms/overlay", Some(&film));
    assert_eq!(stopped(&made), signed);
    let again = publication("winter").registration(&scene.anna).unwrap();
    assert_eq!(scene.anna.ask("POST", "/ixs/content", Some(&again)).status, 451);

    let id = taken["takedown-id"].as_str().unwrap();
    let one = scene.until(id, |one| one["result"]["notified"] == 2);
    assert_eq!((&one["state"], &one["seq"]), (&json!("stopping"), &json!(stop.seq)));
    let result = json!({
        "members": 3, "notified": 2, "acknowledged": 0, "offline": 1, "forwarded": 0,
    });
    assert_eq!(one["result"], result);
    let ack = |of: &Peer| scene.acknowledge(&scene.ben, of, stop.seq, "film").status;
    assert_eq!([ack(&scene.ben), ack(&scene.ben), ack(&carla)], [204; 3]);
    scene.until(id, |one| one["result"]["acknowledged"] == 2 && one["result"]["offline"] == 0);
    assert_eq!(ack(&scene.anna), 204);
    let done = scene.until(id, |one| one["state"] == "done");
    let result = json!({
        "members": 3, "notified": 2, "acknowledged": 3, "offline": 0, "forwarded": 6,
    });
    assert_eq!(done["result"], result);
    assert_eq!(scene.take_down("winter"), done, "the same again is no other");
}

#[test]
fn flow_8_3_4_a_takedown_stops_the_distribution_and_reports_what_became_of_it() {
    whole_flow(Shape::OneProcess);
}

#[test]
fn flow_8_3_4_index_and_overlays_may_be_two_processes() {
    whole_flow(Shape::FourProcesses);
}

#[test]
fn acknowledgements_that_are_forged_or_not_waited_for_are_refused() {
    let scene = Scene::start(Shape::OneProcess, &["winter"]);
    let stranger = scene.p2psp.enrol("carla", "127.0.0.13").unwrap();
    let taken = scene.take_down("winter");
    let one = scene.until(taken["takedown-id"].as_str().unwrap(), |one| one["seq"].is_u64());
    let seq = one["seq"].as_u64().unwrap();
    let ben = &scene.ben;
    assert_eq!(scene.acknowledge(ben, &stranger, seq, "film").status, 404);
    assert_eq!(scene.acknowledge(ben, ben, seq + 1, "film").status, 404);
    assert_eq!(scene.acknowledge(ben, ben, seq, "song").status, 404);
    for forged in ["", "a.b.c", taken["takedown-id"].as_str().unwrap()] {
        let body = json!({"stop-ack": forged});
        let refused = ben.ask("POST", "/oms/stop-ack", Some(&body));
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("stop-ack")));
    }
}

/// What was stopped stays stopped, and who was told is known.
#[test]
fn a_stop_outlives_a_restart_and_whoever_announces_again() {
    let scene = Scene::start(Shape::OneProcess, &["winter"]);
    let taken = scene.take_down("winter");
    let id = taken["takedown-id"].as_str().unwrap().to_owned();
    let before = scene.until(&id, |one| one["seq"].is_u64());
    let Scene { p2psp, anna, ben, authority, folder, .. } = scene;
    assert_eq!(p2psp.daemon.stop().unwrap(), Some(0));
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).unwrap();
    let [anna, ben, authority] = [anna, ben, authority].map(|peer| p2psp.again(&peer));
    let made = p2psp.operator("127.0.0.14").ask(
        "POST",
        "/oms/overlay",
        Some(&json!({"overlay-id": "film"})),
    );
    let signed = stopped(&made);
    let joined = ben.ask("POST", "/oms/peer", Some(&ben.join_request("film")));
    assert_eq!(stopped(&joined), signed);
    let path = format!("/ixs/takedown?takedown-id={id}");
    let after = authority.ask("GET", &path, None).json()["takedowns"][0].clone();
    assert_eq!(after["seq"], before["seq"]);
    // The next stop has a new number.
    let song = json!({"overlay-id": "song"});
    assert_eq!(anna.ask("POST", "/oms/overlay", Some(&song)).status, 201);
    let body = json!({"overlay-id": "song", "reason": "none"});
    let other = authority.ask("POST", "/ixs/takedown", Some(&body)).json();
    let other = other["takedown-id"].as_str().unwrap();
    let seq = until(&authority, other, |one| one["seq"].is_u64())["seq"].as_u64();
    assert!(seq > after["seq"].as_u64());
    let refused = anna.ask("POST", "/oms/peer", Some(&anna.join_request("song")));
    assert_eq!(refused.status, 410);
}

#[test]
fn one_content_of_an_overlay_ends_and_the_others_go_on() {
    let scene = Scene::start(Shape::OneProcess, &["winter", "summer"]);
    let events = scene.ben.listen(None);
    scene.take_down("winter");
    let stop = scene.opened(&events.until(AMPLE, stop_of), "film", 0).unwrap();
    let (winter, summer) = (scene.content("winter"), scene.content("summer"));
    assert_eq!((stop.ends(&winter), stop.ends(&summer)), (true, false));
    assert_eq!((scene.found("winter"), scene.found("summer")), (0, 1));
    let joined = scene.anna.refresh("film");
    assert_eq!(joined["stops"].as_array().unwrap().len(), 1);
    assert_eq!(joined["status"]["peer_info_list"].as_array().unwrap().len(), 1);
    // The last one takes the overlay with it.
    scene.take_down("summer");
    let stop = scene.opened(&events.until(AMPLE, stop_of), "film", stop.seq).unwrap();
    assert_eq!(stop.content_id, None);
    assert_eq!(
        scene.anna.ask("PUT", "/oms/peer", Some(&scene.anna.join_request("film"))).status,
        410
    );
}

/// The operator's command line, beside the running server.
#[test]
fn the_command_line_takes_down_and_forbids() {
    let scene = Scene::start(Shape::OneProcess, &["winter", "summer"]);
    let state = scene.folder.path().join("state").display().to_string();
    let (winter, summer) = (scene.content("winter"), scene.content("summer"));
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.extend(["--state-dir", &state]);
        system_tests::p2psp::run(&all).unwrap()
    };
    let change = run(&["denylist", "add", summer.as_str(), "--reason", "none"]);
    let told = format!("content {summer} is forbidden, as of change 1\n");
    assert_eq!((change, scene.found("summer")), (told, 0));
    let list = run(&["denylist", "list"]);
    assert!(
        list.starts_with(&format!("content {summer}  2")) && list.ends_with(": none\n"),
        "{list}"
    );
    let taken = run(&["takedown", "--content", winter.as_str(), "--reason", "no licence"]);
    assert!(taken.contains("OMS is not told yet") && taken.contains("by operator"), "{taken}");
    assert_eq!(scene.found("winter"), 0);
    scene.until(taken.split(' ').next().unwrap(), |one| one["state"] == "stopping");
    assert!(run(&["takedown", "--list"]).contains("2 members: "));
    stopped(&scene.anna.ask("PUT", "/oms/peer", Some(&scene.anna.join_request("film"))));
}
