//! Peers report that others fail, over real processes: the overlay is organised anew, those
//! concerned hear of it, and who lies achieves little (Req-Net-050, Req-Net-060).

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::message::event::Event;
use serde_json::{Value, json};
use system_tests::p2psp::{Peer, Provided, addresses};
use system_tests::wait::AMPLE;

fn scene(settings: &[&str]) -> Provided {
    let more: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let scene = Provided::start(&more);
    scene.film();
    scene
}

fn peers<const N: usize>(scene: &Provided, users: [&str; N]) -> [Peer; N] {
    let mut host = 10;
    users.map(|user| {
        host += 1;
        scene.p2psp.enrol(user, &format!("127.0.0.{host}")).expect("a peer")
    })
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

fn says(reporter: &Peer, kind: &str, accused: &Peer, at: u64) -> (u16, Value) {
    let report = json!({
        "overlay-id": "film",
        "reports": [{"kind": kind, "peer-id": accused.id, "at": at}],
    });
    let answer = reporter.ask("POST", "/oms/peer/report", Some(&report));
    let json = answer.json();
    let what = if answer.status == 200 { &json["counted"] } else { &json["error"]["code"] };
    (answer.status, what.clone())
}

/// Net-060 where peers are dialled: one report is enough to look; only who does not answer goes.
#[test]
fn a_reported_peer_is_dialled_and_goes_only_if_it_does_not_answer() {
    let scene = scene(&["overlay.probe=true"]);
    let [anna, ben, carla] = peers(&scene, ["anna", "ben", "carla"]);
    let doors = [&anna, &ben, &carla].map(|peer| TcpListener::bind((peer.address(), 0)).unwrap());
    let request = |peer: &Peer, door: &TcpListener| {
        let mut request = peer.join_request("film");
        request["peer_addr"][0]["port"] = json!(door.local_addr().unwrap().port());
        request
    };
    let requests = [(&anna, 0), (&ben, 1), (&carla, 2)].map(|(peer, at)| request(peer, &doors[at]));
    for (peer, request) in [&anna, &ben, &carla].into_iter().zip(&requests) {
        assert_eq!(peer.ask("POST", "/oms/peer", Some(request)).json()["reachable"], true);
    }
    let (at_anna, at_carla) = (anna.listen(None), carla.listen(None));
    let list = || addresses_of(&carla.ask("PUT", "/oms/peer", Some(&requests[2])).json());
    // A lie: ben answers.
    assert_eq!(says(&anna, "unreachable", &ben, now()), (200, json!(1)));
    assert_eq!(list(), [anna.address(), ben.address()]);
    // The truth.
    let [_, door, _] = doors;
    drop(door);
    assert_eq!(says(&anna, "timeout", &ben, now()), (200, json!(1)));
    assert_eq!(list(), [anna.address()]);
    for listening in [&at_anna, &at_carla] {
        let failed = listening.until(AMPLE, |event| match event {
            Event::Reorganised { failed, .. } => Some(failed[0].to_string()),
            _ => None,
        });
        assert_eq!(failed, ben.id);
    }
    // Ben is back when he is.
    let door = TcpListener::bind((ben.address(), 0)).unwrap();
    let back = ben.ask("PUT", "/oms/peer", Some(&request(&ben, &door)));
    assert_eq!(back.json()["reachable"], true);
    assert_eq!(list(), [anna.address(), ben.address()]);
}

fn addresses_of(answer: &Value) -> Vec<String> {
    let mut addresses: Vec<String> = addresses(answer).into_iter().map(str::to_owned).collect();
    addresses.sort();
    addresses
}

/// Sybil accusers: users count, not peers; replayed, early and foreign reports count nothing.
#[test]
fn many_peers_of_one_user_are_one_voice_and_old_reports_are_none() {
    let scene = scene(&[]);
    let [anna, too, three, ben, carla, dora] =
        peers(&scene, ["anna", "anna", "anna", "ben", "carla", "dora"]);
    for peer in [&anna, &too, &three, &ben, &carla] {
        let _ = peer.join("film");
    }
    let is_listed = || {
        let list = carla.refresh("film");
        addresses(&list).contains(&ben.address())
    };
    for liar in [&anna, &too, &three, &anna] {
        assert_eq!(says(liar, "unreachable", &ben, now()), (200, json!(1)));
    }
    assert!(is_listed(), "three peers of one user are one voice");
    assert_eq!(says(&carla, "unreachable", &ben, now() - 700), (200, json!(0)), "of another time");
    assert_eq!(says(&carla, "unreachable", &ben, now() + 700), (200, json!(0)));
    assert_eq!(says(&carla, "unreachable", &dora, now()), (200, json!(0)), "no member");
    assert_eq!(says(&anna, "unreachable", &too, now()), (200, json!(0)), "her own");
    assert_eq!(says(&dora, "unreachable", &ben, now()), (403, json!("no-member")));
    assert!(is_listed());
    // A second user says the same: he is let go, and is back with his next sign of life.
    assert_eq!(says(&carla, "timeout", &ben, now()), (200, json!(1)));
    assert!(!is_listed());
    let _ = ben.refresh("film");
    assert!(is_listed());
}

/// Whom several users find slow stands last, and says why.
#[test]
fn whom_several_users_complain_of_stands_last() {
    let scene = scene(&[]);
    let [anna, ben, carla, dora, emil] = peers(&scene, ["anna", "ben", "carla", "dora", "emil"]);
    for peer in [&anna, &ben, &carla, &dora, &emil] {
        let _ = peer.join("film");
    }
    let accuse = || {
        for user in [&anna, &carla, &dora] {
            assert_eq!(says(user, "slow", &ben, now()), (200, json!(1)));
        }
        emil.refresh("film")
    };
    let list = accuse();
    let reasons = list["status"]["peer_info_list"].as_array().unwrap().iter();
    assert!(reasons.map(|entry| &entry["reason"]).all(Value::is_null), "nobody knows them yet");
    for user in ["anna", "carla", "dora"] {
        scene.command(&["users", "trust", user, "3"]).unwrap();
    }
    let list = accuse();
    let last = list["status"]["peer_info_list"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["peer-id"], &last["reason"]), (&json!(ben.id), &json!("unreliable")));
    let told = emil.ask("GET", "/oms/overlay?overlay-id=film", None).json();
    assert_eq!(told["health"]["failures"], 1);
    // A flood of reports is told to wait.
    let flood = (0..200).any(|_| says(&emil, "slow", &ben, now()).0 == 429);
    assert!(flood, "200 reports of one user went through");
}
