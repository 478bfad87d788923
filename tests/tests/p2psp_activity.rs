//! Flow 8.3.10 with real processes, all roles in one and in four: status reported directly,
//! pulled, and by a super peer; resources, history, and what is told to whom.

use std::thread;
use std::time::Instant;

use mp2p::message::event::Event;
use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer, Provided, Shape};
use system_tests::wait::{AMPLE, until_seen};
use tempfile::TempDir;

struct Scene {
    p2psp: P2psp,
    anna: Peer,
    ben: Peer,
    operator: Peer,
    _folder: TempDir,
}

impl Scene {
    fn start(shape: Shape) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let p2psp = P2psp::start_as(shape, &folder.path().join("state"), &[]).expect("a provider");
        let anna = p2psp.enrol("anna", "127.0.0.10").expect("a peer");
        let ben = p2psp.enrol("ben", "127.0.0.11").expect("a peer");
        let operator = p2psp.operator("127.0.0.12");
        let film = json!({"overlay-id": "film"});
        assert_eq!(operator.ask("POST", "/oms/overlay", Some(&film)).status, 201);
        Self { p2psp, anna, ben, operator, _folder: folder }
    }
}

fn report(peer: &Peer, load: f64) -> Value {
    json!({"peer-id": peer.id, "status": {"cpu-load": load, "up-bps": 8_000_000}})
}

fn send(from: &Peer, reports: &[Value]) -> u16 {
    from.ask("POST", "/pams/status", Some(&json!({"reports": reports}))).status
}

fn status_of(asker: &Peer, of: &Peer) -> Value {
    asker.ask("GET", &format!("/pams/status?peer-id={}", of.id), None).json()
}

/// Steps 1 to 4, direct; Annex A.1: others see a score until the user agrees to more.
#[test]
fn flow_8_3_10_a_report_reaches_the_list_as_a_score_unless_the_user_agreed() {
    for shape in Shape::BOTH {
        let scene = Scene::start(shape);
        let (anna, ben) = (&scene.anna, &scene.ben);
        assert_eq!(send(ben, &[report(ben, 0.25)]), 204);
        let _ = ben.join("film");
        assert_eq!(anna.join("film")["status"]["peer_info_list"][0]["score"], 0.75);
        let seen = status_of(anna, ben);
        assert_eq!((&seen["score"], seen.get("status")), (&json!(0.75), None));
        assert!(seen["age-s"].is_u64() && seen["failed"] == false, "{seen}");
        assert_eq!(status_of(ben, ben)["status"]["up-bps"], 8_000_000);
        assert_eq!(status_of(&scene.operator, ben)["status"]["cpu-load"], 0.25);
        let mut open = report(ben, 0.5);
        open["static"] = json!({"agent": "peer/1", "sharing-policy": {"show-status": true}});
        assert_eq!(send(ben, &[open]), 204);
        let seen = status_of(anna, ben);
        assert_eq!((&seen["score"], &seen["status"]["cpu-load"]), (&json!(0.5), &json!(0.5)));
        assert_eq!(seen["static"]["agent"], "peer/1");
        // What the user says of all peers goes before what one of them says, whichever way.
        for (consent, shown) in [(Some(false), false), (Some(true), true), (None, true)] {
            let said = json!({"show-status": consent});
            assert_eq!(ben.ask("PUT", "/ums/consent", Some(&said)).status, 204);
            assert_eq!(status_of(anna, ben).get("status").is_some(), shown, "{consent:?}");
            assert_eq!(status_of(ben, ben)["status"]["cpu-load"], 0.5);
        }
    }
}

/// Status on demand: the request comes down the peer's event stream, the answer has what it
/// reports then.
#[test]
fn flow_8_3_10_status_is_pulled_over_the_event_stream() {
    for shape in Shape::BOTH {
        let scene = Scene::start(shape);
        let (anna, ben) = (&scene.anna, &scene.ben);
        let _ = ben.join("film");
        assert_eq!(send(ben, &[report(ben, 0.25)]), 204);
        assert_eq!(send(anna, &[report(anna, 0.5)]), 204);
        let events = ben.listen(None);
        let mut asked = json!({"peers": [ben.id, anna.id], "wait-s": 0});
        // The stream is open once the request gets through.
        let pull = |body: &Value| scene.operator.ask("POST", "/pams/pull", Some(body)).json();
        until_seen("ben's stream is open", || pull(&asked), |pulled| pulled["asked"] == 1);
        let is_request = |event: &Event| matches!(event, Event::StatusRequest {}).then_some(());
        events.until(AMPLE, is_request);
        asked["wait-s"] = json!(10);
        let pulled = thread::scope(|scope| {
            let answer = scope.spawn(|| pull(&asked));
            events.until(AMPLE, is_request);
            assert_eq!(send(ben, &[report(ben, 0.75)]), 204);
            answer.join().expect("an answer")
        });
        let scores: Vec<&Value> = (0..2).map(|at| &pulled["standings"][at]["score"]).collect();
        assert_eq!(scores, [&json!(0.25), &json!(0.5)]);
        assert_eq!(anna.ask("POST", "/pams/pull", Some(&asked)).status, 403);
    }
}

/// A super peer's batch counts for those who put themselves in its care, and for nobody else; what
/// it carried is its account.
#[test]
fn flow_8_3_10_a_super_peer_reports_for_those_in_its_care() {
    for shape in Shape::BOTH {
        let scene = Scene::start(shape);
        let (anna, ben) = (&scene.anna, &scene.ben);
        let carla = scene.p2psp.enrol("carla", "127.0.0.13").unwrap();
        let care = json!({"super-peer": anna.id});
        assert_eq!(ben.ask("POST", "/pams/super", Some(&care)).status, 204);
        assert_eq!(anna.ask("POST", "/pams/super", Some(&care)).status, 400);
        // One stranger among them, and nothing of the batch counts.
        let batch = [report(anna, 0.0), report(ben, 0.25), report(&carla, 0.5)];
        assert_eq!(send(anna, &batch), 403);
        assert_eq!(anna.ask("GET", "/pams/status", None).status, 404);
        assert_eq!(send(anna, &batch[..2]), 204);
        let seen = status_of(ben, ben);
        assert_eq!((&seen["via"], &seen["score"]), (&json!(anna.id), &json!(0.75)));
        let account = anna.ask("GET", "/pams/super", None).json();
        assert_eq!((&account["members"], &account["batches"]), (&json!(1), &json!(1)));
        assert_eq!(account["reports"], 1);
        let path = format!("/pams/super?peer-id={}", anna.id);
        assert_eq!(ben.ask("GET", &path, None).status, 403);
        assert_eq!(scene.operator.ask("GET", &path, None).json()["reports"], 1);
        assert_eq!(ben.ask("DELETE", "/pams/super", None).status, 204);
        assert_eq!(send(anna, &batch[1..2]), 403);
    }
}

/// Req-Reso-010 to 030: by name or type, with the owner that the certificate names.
#[test]
fn resources_are_found_with_their_owner_and_their_age() {
    let scene = Scene::start(Shape::OneProcess);
    let (anna, ben) = (&scene.anna, &scene.ben);
    let mut told = report(ben, 0.0);
    told["resources"] = json!([
        {"resource-id": "disk", "type": "storage", "location": "Berlin", "owner": "eve",
         "policy": {"class-floor": 1, "delegate": true}, "capacity": 100, "usage": 50, "ratio": 0.5},
    ]);
    assert_eq!(send(ben, &[told.clone()]), 204);
    let found = anna.ask("GET", "/pams/resource?type=storage", None).json();
    let first = &found["resources"][0];
    assert_eq!((&first["peer-id"], &first["score"]), (&json!(ben.id), &json!(0.25)));
    assert!(first["age-s"].is_u64());
    let resource = &first["resource"];
    assert_eq!((&resource["location"], &resource["capacity"]), (&json!("Berlin"), &json!(0)));
    assert_eq!(resource["policy"]["delegate"], true);
    let path = "/pams/resource?resource-id=disk";
    let whole = &scene.operator.ask("GET", path, None).json()["resources"][0]["resource"];
    assert_eq!((&whole["owner"], &whole["usage"]), (&json!("ben"), &json!(50)));
    assert_eq!(
        anna.ask("GET", "/pams/resource?resource-id=d", None).json(),
        json!({"resources": []})
    );
    assert_eq!(anna.ask("GET", "/pams/resource", None).status, 400);
    told["resources"][0]["usage"] = json!(101);
    assert_eq!(send(ben, &[told]), 400);
}

/// Req-Reso-040 and missed reports: history for its own peer, and who fell silent.
#[test]
fn history_is_kept_and_silence_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["--set", "activity.report-seconds=1", "--set", "activity.missed-reports=1"];
    let p2psp = P2psp::start(&folder.path().join("state"), &set).unwrap();
    let (anna, ben) =
        (p2psp.enrol("anna", "127.0.0.10").unwrap(), p2psp.enrol("ben", "127.0.0.11").unwrap());
    for load in [0.25, 0.75] {
        assert_eq!(send(&ben, &[report(&ben, load)]), 204);
    }
    let history = ben.ask("GET", "/pams/history", None).json();
    let windows = history["windows"].as_array().unwrap();
    let reports: u64 = windows.iter().map(|window| window["reports"].as_u64().unwrap()).sum();
    assert_eq!((reports, &windows[0]["up-bps"]), (2, &json!(8_000_000)));
    let path = format!("/pams/history?peer-id={}", ben.id);
    assert_eq!(anna.ask("GET", &path, None).status, 403);
    let status = || status_of(&anna, &ben);
    until_seen("ben's silence is noticed", status, |status| status["failed"] == true);
    assert_eq!(send(&ben, &[report(&ben, 0.5)]), 204);
    assert_eq!(status_of(&ben, &ben)["missed"], 0);
}

/// Req-User-060: what PAMS hears of a peer's interface is what UMS holds its credit against, in
/// whichever process.
#[test]
fn what_a_peer_measures_reaches_its_users_account() {
    for shape in Shape::BOTH {
        let scene = Provided::start_as(shape, &["--set", "activity.tell-seconds=1"]);
        scene.film();
        let ben = scene.member("ben", "127.0.0.11");
        let begin = Instant::now();
        let measured = || {
            assert_eq!(send(&ben, &[report(&ben, 0.5)]), 204);
            let account = ben.ask("GET", "/ums/account", None).json();
            account["days"][0]["measured"].as_u64().unwrap_or_default()
        };
        let bytes = until_seen("what is measured adds up", measured, |bytes| *bytes > 2_000_000);
        // A million bytes a second, and one second for clocks of whole seconds.
        assert!(bytes as f64 <= 1e6 * (begin.elapsed().as_secs_f64() + 1.0), "{bytes}");
    }
}

/// Numbers that cannot be meant change nothing.
#[test]
fn a_report_that_cannot_be_is_refused() {
    let scene = Scene::start(Shape::OneProcess);
    let ben = &scene.ben;
    for (status, code) in [
        (json!({"cpu-load": 1.5}), 400),
        (json!({"cpu-load": -0.5}), 400),
        (json!({"up-bps": -1}), 400),
        (json!({"up-bps": u64::MAX}), 400),
        (json!({"connections": 4_000_000}), 400),
        (json!({"cpu-load": 0.5}), 204),
    ] {
        let body = json!({"reports": [{"peer-id": ben.id, "status": status}]});
        assert_eq!(ben.ask("POST", "/pams/status", Some(&body)).status, code, "{body}");
    }
    let many: Vec<Value> = (0..1001).map(|_| report(ben, 0.5)).collect();
    assert_eq!(send(ben, &many), 400);
    assert_eq!(status_of(ben, ben)["score"], 0.5);
}
