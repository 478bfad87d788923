//! Cache and relay servers over real processes: what is reserved with them, for whom, and what
//! comes of it (TR 20002 §8.3.3, §8.3.6, §8.3.7).

use std::net::TcpListener;

use mp2p::message::event::Event;
use mp2p::reservation::{Reservation, ReservationKind};
use mp2p::signed::VerifyingKey;
use serde_json::{Value, json};
use system_tests::events::Listening;
use system_tests::p2psp::{P2psp, Peer, addresses};
use system_tests::wait::AMPLE;

struct Scene {
    p2psp: P2psp,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn start(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let more: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        let p2psp = P2psp::start(&folder.path().join("state"), &more).expect("a server");
        Self { p2psp, _folder: folder }
    }

    fn peer(&self, user: &str, host: u8) -> Peer {
        self.p2psp.enrol(user, &format!("127.0.0.{host}")).expect("a peer")
    }

    /// A server of the provider's own that registered and listens.
    fn server(&self, name: &str, host: u8, capacity: &Value) -> (Peer, Listening) {
        let server = self.p2psp.enrol_server(name, &format!("127.0.0.{host}")).expect("a server");
        let listening = server.listen(None);
        let registered =
            server.ask("PUT", "/oms/server", Some(&registration(&server, name, capacity)));
        assert_eq!(registered.status, 200, "{}", String::from_utf8_lossy(&registered.body));
        (server, listening)
    }
}

fn registration(server: &Peer, name: &str, capacity: &Value) -> Value {
    json!({
        "kind": name.split('/').next(), "capacity": capacity, "dedicated": true,
        "peer_addr": [{"ip_address": server.address(), "port": 7100}],
    })
}

fn make(owner: &Peer, overlay: &Value) -> Value {
    let made = owner.ask("POST", "/oms/overlay", Some(overlay));
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()
}

/// The next reservation that a server hears of, opened with OMS' key.
fn heard(listening: &Listening, key: &str) -> Reservation {
    let text = listening.until(AMPLE, |event| match event {
        Event::Reservation { reservation, .. } => Some(reservation.to_string()),
        _ => None,
    });
    Reservation::open(&text, &VerifyingKey::parse(key).expect("a key")).expect("OMS' signature")
}

fn released(listening: &Listening) -> String {
    listening.until(AMPLE, |event| match event {
        Event::Released { reservation_id } => Some(reservation_id.to_string()),
        _ => None,
    })
}

/// Flow 8.3.7, steps 1 to 3, and the account and end of it: a phone has a cache stand in for it.
#[test]
fn flow_8_3_7_a_mobile_peer_gets_a_delegate() {
    let scene = Scene::start(&[]);
    let mona = scene.peer("mona", 10);
    make(&mona, &json!({"overlay-id": "film"}));
    let key = mona.join("film")["oms-key"].as_str().unwrap().to_owned();
    let wish = json!({
        "kind": "delegate", "overlay-id": "film", "storage-bytes": 4_000_000,
        "bandwidth-bps": 500_000,
        "quota-bytes": 9_000_000, "duration-seconds": 600,
    });
    let refused = mona.ask("POST", "/oms/reservation", Some(&wish));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (503, &json!("no-capacity")));
    let capacity = json!({"bandwidth-bps": 1_000_000, "storage-bytes": 5_000_000});
    let (cache, listening) = scene.server("cs/1", 30, &capacity);
    let answer = mona.ask("POST", "/oms/reservation", Some(&wish));
    assert_eq!(answer.status, 201);
    let part = answer.json()["reservations"][0].clone();
    assert_eq!((&part["server"], &part["peer_addr"][0]["port"]), (&json!(cache.id), &json!(7100)));
    // Both hear the same, signed by OMS.
    let heard = heard(&listening, &key);
    let shown = part["reservation"].as_str().unwrap();
    let shown = Reservation::open(shown, &VerifyingKey::parse(&key).unwrap()).unwrap();
    assert_eq!((&heard, heard.kind), (&shown, ReservationKind::Delegate));
    assert_eq!((&*heard.holder.digits(), heard.storage_bytes), (mona.id.as_str(), 4_000_000));
    let held = mona.ask("GET", "/oms/reservation", None).json();
    let held = &held["reservations"][0];
    assert_eq!((&held["server"], &held["in-use"]), (&json!(cache.id), &json!(false)));
    // A second of the same size does not fit.
    assert_eq!(mona.ask("POST", "/oms/reservation", Some(&wish)).status, 503);
    let use_of = |bytes: u64| {
        json!({"reservation-id": part["reservation-id"], "holder": mona.id, "bytes-in": bytes,
            "bytes-out": 0, "at": 0})
    };
    assert_eq!(cache.ask("POST", "/oms/server/usage", Some(&use_of(3000))).status, 204);
    assert_eq!(cache.ask("POST", "/oms/server/usage", Some(&use_of(3000))).status, 204);
    assert_eq!(mona.ask("POST", "/oms/server/usage", Some(&use_of(1))).status, 404);
    let account = mona.ask("GET", "/oms/usage", None).json();
    assert_eq!((&account[0]["server"], &account[0]["bytes-in"]), (&json!(cache.id), &json!(3000)));
    let all = scene.p2psp.operator("127.0.0.9").ask("GET", "/oms/usage", None).json();
    assert_eq!(all, account);
    let change = json!({"reservation-id": part["reservation-id"]});
    assert_eq!(cache.ask("PUT", "/oms/reservation", Some(&change)).status, 404, "not the holder");
    let renewed = mona.ask("PUT", "/oms/reservation", Some(&change));
    assert_eq!(renewed.status, 200);
    assert_eq!(mona.ask("DELETE", "/oms/reservation", Some(&change)).status, 204);
    assert_eq!(json!(released(&listening)), part["reservation-id"]);
    assert_eq!(mona.ask("POST", "/oms/reservation", Some(&wish)).status, 201);
}

/// Reso-050: no cache alone has enough; two together have, and their parts meet where no fragment
/// is cut: at a multiple of 16 MiB.
#[test]
fn a_delegate_is_composed_of_two_caches() {
    let scene = Scene::start(&[]);
    let mona = scene.peer("mona", 10);
    make(&mona, &json!({"overlay-id": "film"}));
    let capacity = json!({"bandwidth-bps": 1_000_000, "storage-bytes": 20 << 20});
    let _caches = [scene.server("cs/1", 30, &capacity), scene.server("cs/2", 31, &capacity)];
    let wish = |bytes: u64| {
        json!({
            "kind": "delegate", "overlay-id": "film", "storage-bytes": bytes,
            "duration-seconds": 60,
        })
    };
    assert_eq!(mona.ask("POST", "/oms/reservation", Some(&wish(40 << 20))).status, 503);
    let parts = mona.ask("POST", "/oms/reservation", Some(&wish(34 << 20))).json();
    let parts = parts["reservations"].as_array().unwrap().clone();
    assert_eq!(parts.len(), 2);
    assert_ne!(parts[0]["server"], parts[1]["server"]);
    let servers = scene.p2psp.operator("127.0.0.20").ask("GET", "/oms/servers", None).json();
    let reserved: u64 = servers
        .as_array()
        .unwrap()
        .iter()
        .map(|server| server["reserved"]["storage-bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(reserved, 34 << 20);
    let held = mona.ask("GET", "/oms/reservation", None).json();
    let held: Vec<u64> = held["reservations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["storage-bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(held.len(), 2);
    assert!(held.contains(&(16 << 20)) && held.contains(&(18 << 20)), "{held:?}");
}

/// Flow 8.3.6, steps 1 to 3: the overlay is built as the service asks, and says whether it is.
#[test]
fn flow_8_3_6_an_overlay_is_made_with_what_it_asks_for() {
    let scene = Scene::start(&["reservation.hold-seconds=1"]);
    let anna = scene.peer("anna", 10);
    let capacity = json!({"bandwidth-bps": 1_000_000, "storage-bytes": 1_000_000});
    let (_cache, at_cache) = scene.server("cs/1", 30, &capacity);
    let requirements = json!({"cache-bytes": 400_000, "relay-bps": 64_000});
    let made =
        make(&anna, &json!({"overlay-id": "live", "type": "live", "requirements": requirements}));
    assert_eq!(made["health"]["reserved-cache-bytes"], 400_000);
    assert_eq!(made["health"]["meets-requirements"], false, "there is no relay");
    let attached = at_cache.until(AMPLE, |event| match event {
        Event::CacheAttach { overlay_id, .. } => Some(overlay_id.to_string()),
        _ => None,
    });
    assert_eq!(attached, "live");
    let (_relay, at_relay) = scene.server("rs/1", 31, &json!({"bandwidth-bps": 1_000_000}));
    let made = make(&anna, &json!({"overlay-id": "second", "requirements": requirements}));
    assert_eq!(made["health"]["meets-requirements"], true);
    let key = anna.join("live")["oms-key"].as_str().unwrap().to_owned();
    assert_eq!(heard(&at_relay, &key).bandwidth_bps, 64_000);
    // With the overlay goes what was reserved for it.
    assert_eq!(anna.ask("DELETE", "/oms/overlay?overlay-id=live", None).status, 204);
    let _ = released(&at_cache);
}

/// Flow 8.3.3, steps 1 to 4, and 7 as far as OMS has a part in it; and the fault that a dedicated
/// server must tell of.
#[test]
fn flow_8_3_3_a_peer_behind_nat_gets_a_relay_and_is_found_by_way_of_it() {
    let scene = Scene::start(&["overlay.probe=true"]);
    let (anna, carla) = (scene.peer("anna", 10), scene.peer("carla", 12));
    make(&anna, &json!({"overlay-id": "talk", "type": "real-time"}));
    let shut = TcpListener::bind((carla.address(), 0)).unwrap().local_addr().unwrap().port();
    let mut request = carla.join_request("talk");
    request["peer_addr"][0]["port"] = json!(shut);
    request["nat"] = json!("symmetric");
    let joined = carla.ask("POST", "/oms/peer", Some(&request)).json();
    assert_eq!((&joined["reachable"], &joined.get("relay")), (&json!(false), &None));
    let capacity = json!({"bandwidth-bps": 8_000_000, "circuits": 4});
    let (relay, at_relay) = scene.server("rs/1", 30, &capacity);
    let joined = carla.ask("PUT", "/oms/peer", Some(&request)).json();
    assert_eq!(joined["relay"]["server"], relay.id);
    let heard = heard(&at_relay, joined["oms-key"].as_str().unwrap());
    assert_eq!((heard.kind, &*heard.holder.digits()), (ReservationKind::Rs, carla.id.as_str()));
    // A refresh keeps the relay that she has.
    let again = carla.ask("PUT", "/oms/peer", Some(&request)).json();
    assert_eq!(again["relay"]["reservation-id"], joined["relay"]["reservation-id"]);
    let door = TcpListener::bind((anna.address(), 0)).unwrap();
    let mut request = anna.join_request("talk");
    request["peer_addr"][0]["port"] = json!(door.local_addr().unwrap().port());
    let list = anna.ask("POST", "/oms/peer", Some(&request)).json();
    let entry = &list["status"]["peer_info_list"][0];
    assert_eq!((&entry["peer-id"], &entry["via"]), (&json!(carla.id), &json!(relay.id)));
    assert_eq!(entry["peer_addr"][0]["type"], "PROXY");
    assert_eq!(
        (addresses(&list), &entry["peer_addr"][0]["port"]),
        (vec!["127.0.0.30"], &json!(7100))
    );
    let at_carla = carla.listen(None);
    let fault = json!({"what": "the fan has stopped"});
    assert_eq!(relay.ask("POST", "/oms/server/fault", Some(&fault)).status, 204);
    assert_eq!(json!(released(&at_carla)), joined["relay"]["reservation-id"]);
    let list = anna.ask("PUT", "/oms/peer", Some(&request)).json();
    assert_eq!(addresses(&list), [""; 0]);
    assert_eq!(carla.ask("POST", "/oms/server/fault", Some(&fault)).status, 404, "no server");
}

/// Net-100, Figure 2 of TR 20002: a cache while the overlay is small, none while it carries itself.
#[test]
fn a_small_overlay_gets_a_cache_and_gives_it_back_when_it_has_grown() {
    let settings = [
        "reservation.hold-seconds=1",
        "reservation.cache-attach-below=2",
        "reservation.cache-release-above=2",
    ];
    let scene = Scene::start(&settings);
    let capacity = json!({"bandwidth-bps": 1_000_000, "storage-bytes": 2_000_000_000_u64});
    let (_cache, at_cache) = scene.server("cs/1", 30, &capacity);
    let [anna, ben, carla] =
        [("anna", 10), ("ben", 11), ("carla", 12)].map(|(user, at)| scene.peer(user, at));
    make(&anna, &json!({"overlay-id": "film"}));
    let _ = anna.join("film");
    let of_cache = |wanted: &'static str| {
        let () = at_cache.until(AMPLE, |event| (event.name() == wanted).then_some(()));
    };
    of_cache("cache-attach");
    let _ = (ben.join("film"), carla.join("film"));
    of_cache("cache-release");
    for peer in [&ben, &carla] {
        assert_eq!(peer.ask("DELETE", "/oms/peer", Some(&peer.join_request("film"))).status, 204);
    }
    of_cache("cache-attach");
}

/// Only the provider's certificates make the provider's servers.
#[test]
fn a_peer_may_serve_for_a_time_and_is_no_dedicated_server() {
    let scene = Scene::start(&[]);
    let anna = scene.peer("anna", 10);
    let mut told = registration(&anna, "cs/1", &json!({"storage-bytes": 1000}));
    let refused = anna.ask("PUT", "/oms/server", Some(&told));
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("role")));
    told["dedicated"] = json!(false);
    assert_eq!(anna.ask("PUT", "/oms/server", Some(&told)).status, 200);
    let ben = scene.peer("ben", 11);
    make(&ben, &json!({"overlay-id": "film"}));
    let _ = anna.join("film");
    assert_eq!(ben.join("film")["status"]["peer_info_list"][0]["peer-type"], "peer");
    // A cache is one where something is reserved with it.
    let wish = json!({
        "kind": "delegate", "overlay-id": "film", "storage-bytes": 900, "duration-seconds": 60,
    });
    let none = ben.ask("POST", "/oms/reservation", Some(&wish));
    assert_eq!(none.status, 503, "it has no bandwidth to give");
    told["capacity"]["bandwidth-bps"] = json!(1000);
    assert_eq!(anna.ask("PUT", "/oms/server", Some(&told)).status, 200);
    assert_eq!(ben.ask("POST", "/oms/reservation", Some(&wish)).status, 201);
    let _ = anna.join("film");
    assert_eq!(ben.join("film")["status"]["peer_info_list"][0]["peer-type"], "cache");
    assert_eq!(anna.ask("DELETE", "/oms/server", None).status, 204);
}
