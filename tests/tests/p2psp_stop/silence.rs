//! One end of a stop is away: OMS while a takedown is asked, a member while OMS tells, OMS's memory
//! after a crash. Whoever comes back hears of it.

use serde_json::json;
use system_tests::p2psp::{P2psp, Shape};
use system_tests::wait::AMPLE;

use crate::scene::{Scene, stop_of, stopped, until};

/// What is taken down while OMS does not answer is kept, and told when it is back.
#[test]
fn a_takedown_waits_for_an_oms_that_is_away() {
    let scene = Scene::start(Shape::FourProcesses, &["winter"]);
    scene.p2psp.role("oms").signal("STOP").unwrap();
    let taken = scene.take_down("winter");
    let id = taken["takedown-id"].as_str().unwrap();
    assert_eq!((&taken["state"], scene.found("winter")), (&json!("pending"), 0));
    scene.p2psp.role("ixs").wait_for_log("OMS is not told").unwrap();
    scene.p2psp.role("oms").signal("CONT").unwrap();
    scene.until(id, |one| one["seq"].is_u64());
    stopped(&scene.anna.ask("PUT", "/oms/peer", Some(&scene.anna.join_request("film"))));
}

/// After a crash of OMS nobody knows any more to whom the event went: who has not heard of the stop
/// is told as soon as it listens, once.
#[test]
fn a_member_that_was_away_hears_of_a_stop_at_once_after_a_crash() {
    let scene = Scene::start(Shape::OneProcess, &["winter"]);
    let taken = scene.take_down("winter");
    let id = taken["takedown-id"].as_str().unwrap().to_owned();
    let seq = scene.until(&id, |one| one["seq"].is_u64())["seq"].as_u64().unwrap();
    let Scene { p2psp, ben, authority, folder, .. } = scene;
    p2psp.daemon.signal("KILL").unwrap();
    drop(p2psp);
    let p2psp = P2psp::start(&folder.path().join("state"), &[]).unwrap();
    let (ben, authority) = (p2psp.again(&ben), p2psp.again(&authority));
    let (number, event) = ben.listen(None).next(AMPLE);
    assert!(stop_of(&event).is_some(), "{event:?}");
    let acknowledged = ben.ask("POST", "/oms/events/ack", Some(&json!({"seq": number})));
    assert_eq!(acknowledged.json(), json!({"waiting": 0}));
    let told = until(&authority, &id, |one| one["result"]["notified"] == 1);
    assert_eq!((&told["seq"], &told["result"]["offline"]), (&json!(seq), &json!(1)));
}
