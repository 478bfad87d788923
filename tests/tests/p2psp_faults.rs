//! Whoever OMS asks is silent, or it restarts itself: lists keep coming, in time, and say what they
//! lack.

use std::time::{Duration, Instant};

use mp2p::message::event::Event;
use serde_json::json;
use system_tests::cities::{BERLIN, BERLIN_TOO, Cities, ELSEWHERE, HAMBURG, MUENCHEN};
use system_tests::p2psp::{self, P2psp, Peer, Shape, addresses};
use system_tests::wait::{AMPLE, until_seen};

/// A list that waits for nobody is there by then, curl and a handshake included.
const AT_ONCE: Duration = Duration::from_secs(20);

/// An overlay `film` with peers in three other cities.
fn others(cities: &Cities) -> Vec<Peer> {
    let operator = cities.p2psp.operator(BERLIN);
    let made = operator.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"})));
    assert_eq!(made.status, 201);
    let places = [("ben", ELSEWHERE), ("carla", MUENCHEN), ("dora", HAMBURG), ("emil", BERLIN_TOO)];
    let enrol = |(user, address)| {
        let peer = cities.p2psp.enrol(user, address).expect("a peer");
        let _ = peer.join("film");
        peer
    };
    places.into_iter().map(enrol).collect()
}

const NEAR_TO_FAR: [&str; 4] = [BERLIN_TOO, HAMBURG, MUENCHEN, ELSEWHERE];

/// UNIS, PAMS and UMS hang, one after the other: they take connections and say nothing.
#[test]
fn whoever_hangs_holds_up_no_list() {
    let cities = Cities::start_as(Shape::FourProcesses, &["--set", "call-timeout-ms=500"]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    let frida = cities.p2psp.enrol("frida", "127.1.0.12").unwrap();
    let lacks = |joined: &serde_json::Value| joined["status"].get("lacks").cloned();
    assert_eq!(lacks(&anna.join("film")), None);
    cities.unis.signal("STOP").unwrap();
    cities.p2psp.role("pams").signal("STOP").unwrap();
    let begin = Instant::now();
    let joined = anna.join("film");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(addresses(&joined), NEAR_TO_FAR);
    assert_eq!(joined["status"]["peer_info_list"][0]["score"], 0.5, "nothing is known");
    assert_eq!(lacks(&joined), Some(json!(["pams"])));
    cities.p2psp.role("ums").signal("STOP").unwrap();
    let begin = Instant::now();
    let joined = frida.join("film");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(joined["status"]["peer_info_list"].as_array().unwrap().len(), 5);
    assert_eq!(lacks(&joined), Some(json!(["pams", "ums"])));
    // Of a member whose profile is known, too: who was locked out meanwhile is not heard.
    let refreshed = || lacks(&anna.refresh("film"));
    until_seen("UMS is missed", refreshed, |seen| *seen == Some(json!(["pams", "ums"])));
    let ranked_by = || anna.refresh("film")["status"]["ranked-by"].clone();
    until_seen("the map is old", ranked_by, |by| by == "stale-map");
    for role in ["pams", "ums"] {
        cities.p2psp.role(role).signal("CONT").unwrap();
    }
    cities.unis.signal("CONT").unwrap();
    until_seen("the map is back", ranked_by, |by| by == "map");
    until_seen("nobody is missed", refreshed, Option::is_none);
}

/// An ISP that gives no maps is asked for each list; where it does not answer, scores rank alone.
#[test]
fn an_isp_without_maps_is_asked_and_not_waited_for() {
    let cities = Cities::start_without_maps(&["--set", "call-timeout-ms=2000"]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    let joined = anna.join("film");
    assert_eq!(
        (&joined["status"]["ranked-by"], addresses(&joined)),
        (&json!("ecs"), NEAR_TO_FAR.to_vec())
    );
    assert_eq!(joined["status"]["peer_info_list"][3]["rank"], 4);
    cities.unis.signal("STOP").unwrap();
    let begin = Instant::now();
    let list = anna.refresh("film");
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(list["status"]["ranked-by"], "score");
    assert_eq!(list["status"]["peer_info_list"].as_array().unwrap().len(), 4);
    cities.unis.signal("CONT").unwrap();
}

/// An ISP whose costs make no sense: immense, then all alike. Everybody stays on the list.
#[test]
fn costs_without_sense_leave_nobody_out() {
    let cities = Cities::start(&[]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    assert_eq!(addresses(&anna.join("film")), NEAR_TO_FAR);
    cities.raise_hamburg(900_000_000).unwrap();
    let list = anna.refresh("film");
    assert_eq!(addresses(&list), [BERLIN_TOO, MUENCHEN, HAMBURG, ELSEWHERE]);
    assert_eq!(list["status"]["ranked-by"], "map");
}

/// Overlays, members, reservations and events that wait outlive a restart; numbers go on.
#[test]
fn a_restart_loses_no_member_no_reservation_and_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let p2psp = P2psp::start(&state, &[]).unwrap();
    let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
    let ben = p2psp.enrol("ben", "127.0.0.11").unwrap();
    let cache = p2psp.enrol_server("cs/1", "127.0.0.30").unwrap();
    let overlay = json!({
        "overlay-id": "film", "title": "A film", "access": {"type": "closed", "users": ["ben"]},
    });
    assert_eq!(anna.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
    let ticket = anna.join("film")["ticket-id"].clone();
    let _ = ben.join("film");
    let told = json!({
        "kind": "cs", "dedicated": true, "capacity": {"bandwidth-bps": 1000, "storage-bytes": 1000},
        "peer_addr": [{"ip_address": "127.0.0.30", "port": 7100}],
    });
    let floor = cache.ask("PUT", "/oms/server", Some(&told)).json()["epoch"].as_u64().unwrap();
    let wish = json!({
        "kind": "delegate", "overlay-id": "film", "storage-bytes": 800, "duration-seconds": 600,
    });
    let reserved = ben.ask("POST", "/oms/reservation", Some(&wish)).json();
    assert_eq!(p2psp.daemon.stop().unwrap(), Some(0));

    let p2psp = P2psp::start(&state, &[]).unwrap();
    let [anna, ben, cache] = [anna, ben, cache].map(|peer| peer.at(&p2psp));
    let path = "/oms/overlay?overlay-id=film";
    let told_now = anna.ask("GET", path, None).json();
    assert_eq!((&told_now["num_peers"], &told_now["title"]), (&json!(2), &json!("A film")));
    assert_eq!(told_now["access"]["users"], json!(["ben"]));
    // The event that the cache did not fetch waits still.
    let (before, event) = cache.listen(None).next(AMPLE);
    let Event::Reservation { holder, .. } = event else { panic!("{event:?}") };
    assert_eq!(*holder.digits(), ben.id);
    let again = cache.ask("PUT", "/oms/server", Some(&told)).json();
    assert_eq!(
        (&again["epoch"], again["reservations"][0]["holder"].as_str()),
        (&json!(floor), Some(&*ben.id))
    );
    // What is taken stays taken.
    assert_eq!(ben.ask("POST", "/oms/reservation", Some(&wish)).status, 503);
    let change = json!({"reservation-id": reserved["reservations"][0]["reservation-id"]});
    assert_eq!(ben.ask("DELETE", "/oms/reservation", Some(&change)).status, 204);
    assert!(cache.listen(Some(before)).next(AMPLE).0 > before);
    assert_eq!(anna.refresh("film")["ticket-id"], ticket);

    // A crash is no restart: overlays are known, but what was kept once is not brought back twice.
    p2psp.daemon.signal("KILL").unwrap();
    drop(p2psp);
    let p2psp = P2psp::start(&state, &[]).unwrap();
    let [anna, cache] = [anna, cache].map(|peer| peer.at(&p2psp));
    let told_now = anna.ask("GET", path, None).json();
    assert_eq!((&told_now["num_peers"], &told_now["title"]), (&json!(0), &json!("A film")));
    let after = cache.ask("PUT", "/oms/server", Some(&told)).json()["epoch"].as_u64().unwrap();
    assert!(after > floor, "reservations of before the crash are void");
}

/// `p2psp overlays`, `peers`, `rank --explain` ask the running server as its operator.
#[test]
fn an_operator_sees_overlays_members_and_reasons() {
    let cities = Cities::start(&[]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    let _ = anna.join("film");
    let state = cities.p2psp.pki("..").display().to_string();
    let url = cities.p2psp.daemon.url.replace("127.0.0.1", "localhost");
    let ask = |arguments: &[&str]| {
        p2psp::run(&[arguments, &["--state-dir", &state, "--url", &url]].concat()).unwrap()
    };
    let overlays = ask(&["overlays"]);
    assert!(overlays.starts_with("film ") && overlays.contains("5 peers"), "{overlays}");
    let peers = ask(&["peers", "film"]);
    assert_eq!(peers.lines().count(), 5);
    assert!(
        peers.lines().any(|line| line.starts_with(&anna.id) && line.ends_with("anna")),
        "{peers}"
    );
    let ranked = ask(&["rank", "film", &anna.id, "--explain"]);
    let lines: Vec<&str> = ranked.lines().collect();
    assert_eq!(lines[0], "ranked by map, isp isp, from Berlin");
    for (line, (address, pid)) in lines[1..]
        .iter()
        .zip(NEAR_TO_FAR.into_iter().zip(["Berlin", "Hamburg", "Muenchen", "as3320"]))
    {
        assert!(line.contains(address) && line.contains(pid), "{ranked}");
    }
    // Each by the name that the other commands take.
    let listed: Vec<&str> = peers.lines().filter_map(|line| line.split(' ').next()).collect();
    for line in &lines[1..] {
        let peer = line.split_whitespace().nth(1).unwrap();
        assert!(listed.contains(&peer) && peer != anna.id, "{ranked}");
    }
    let json = ask(&["peers", "film", "--format", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()[0]["reach"], "reachable");
}
