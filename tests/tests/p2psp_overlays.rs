//! Overlays of a provider, over real processes: whose they are, who may take part, who is listed.

use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer, addresses};
use system_tests::wait::until_seen;

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
}

fn code(answer: &system_tests::http::Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"]["code"].clone())
}

fn joins(peer: &Peer, overlay: &str) -> (u16, Value) {
    code(&peer.ask("POST", "/oms/peer", Some(&peer.join_request(overlay))))
}

/// Serv-020, a closed service: the owner says who takes part, and that nobody else is told.
#[test]
fn a_closed_overlay_is_for_the_users_that_its_owner_names() {
    let scene = Scene::start(&[]);
    let [anna, too, ben, carla] = [("anna", 10), ("anna", 11), ("ben", 12), ("carla", 13)]
        .map(|(user, at)| scene.peer(user, at));
    let overlay = json!({
        "overlay-id": "talk", "type": "real-time",
        "access": {"type": "closed", "users": ["ben"]},
        "requirements": {"bandwidth-bps": 64000, "latency-ms": 80},
        "report-policy": {"receipt-seconds": 3},
    });
    let made = anna.ask("POST", "/oms/overlay", Some(&overlay));
    assert_eq!((made.status, &made.json()["access"]["users"]), (201, &json!(["ben"])));
    let _ = (too.join("talk"), ben.join("talk"));
    assert_eq!(joins(&carla, "talk"), (403, json!("closed")));
    // What it asks for is told to everybody, who may take part is not.
    let path = "/oms/overlay?overlay-id=talk";
    let told = carla.ask("GET", path, None).json();
    assert_eq!(told["requirements"]["latency-ms"], 80);
    assert_eq!(told["access"], json!({"type": "closed"}));
    // Nobody changes it but its owner, who has two peers, and operators.
    let change = json!({"overlay-id": "talk", "access": {"type": "closed", "users": ["carla"]}});
    assert_eq!(code(&carla.ask("PUT", "/oms/overlay", Some(&change))), (403, json!("not-yours")));
    assert_eq!(code(&carla.ask("DELETE", path, None)), (403, json!("not-yours")));
    assert_eq!(too.ask("PUT", "/oms/overlay", Some(&change)).status, 200);
    assert_eq!(addresses(&carla.join("talk")), ["127.0.0.11"], "ben may not any more, and is out");
    assert_eq!(joins(&ben, "talk"), (403, json!("closed")));
    let told = scene.p2psp.operator("127.0.0.20").ask("GET", path, None).json();
    assert_eq!((&told["access"]["users"], &told["type"]), (&json!(["carla"]), &json!("real-time")));
    assert_eq!(carla.refresh("talk")["report-policy"]["receipt-seconds"], 3);
    assert_eq!(anna.ask("DELETE", path, None).status, 204);
    assert_eq!(joins(&carla, "talk"), (404, json!("no-overlay")));
}

/// Nobody fills the provider with overlays: a user has so many, and empty ones end.
#[test]
fn a_user_has_so_many_overlays_and_empty_ones_end() {
    let scene = Scene::start(&["overlay.max-per-user=2", "overlay.idle-seconds=1"]);
    let (anna, ben) = (scene.peer("anna", 10), scene.peer("ben", 11));
    let make = |peer: &Peer, name: &str| {
        code(&peer.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": name}))))
    };
    let (operator, path) = (scene.p2psp.operator("127.0.0.20"), "/oms/overlay?overlay-id=");
    assert_eq!(make(&operator, "stays").0, 201);
    // On a slow machine it may end before he is in.
    until_seen(
        "ben is in",
        || {
            let _ = make(&ben, "inhabited");
            ben.ask("POST", "/oms/peer", Some(&ben.join_request("inhabited"))).status
        },
        |status| *status == 200,
    );
    assert_eq!((make(&anna, "one").0, make(&anna, "two").0), (201, 201));
    // One of the two may have ended by now on a slow machine; then a third is no proof.
    let third = make(&anna, "three");
    let is_full = third == (403, json!("too-many"));
    assert!(is_full || third.0 == 201, "{third:?}");
    for name in ["one", "two"] {
        let status = || anna.ask("GET", &format!("{path}{name}"), None).status;
        until_seen(&format!("{name} ends"), status, |status| *status == 404);
    }
    assert_eq!(make(&anna, "four").0, 201);
    for name in ["stays", "inhabited"] {
        assert_eq!(anna.ask("GET", &format!("{path}{name}"), None).status, 200, "{name}");
    }
}

/// A list sends nobody to where nobody answers: who cannot be dialled is not listed, and told so.
#[test]
fn a_peer_is_dialled_before_others_are_sent_to_it() {
    let scene = Scene::start(&["overlay.probe=true"]);
    let [anna, ben, carla] =
        [("anna", 10), ("ben", 11), ("carla", 12)].map(|(user, at)| scene.peer(user, at));
    let made = anna.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"})));
    assert_eq!(made.status, 201);
    let at = |peer: &Peer, port: u16| {
        let mut request = peer.join_request("film");
        request["peer_addr"][0]["port"] = json!(port);
        request
    };
    let door = TcpListener::bind((ben.address(), 0)).unwrap();
    let open = door.local_addr().unwrap().port();
    // Bound and let go: nobody answers there.
    let shut = TcpListener::bind((carla.address(), 0)).unwrap().local_addr().unwrap().port();
    let joined = ben.ask("POST", "/oms/peer", Some(&at(&ben, open))).json();
    assert_eq!(joined["reachable"], true);
    assert!(door.accept().is_ok(), "OMS was at the door");
    let joined = carla.ask("POST", "/oms/peer", Some(&at(&carla, shut))).json();
    assert_eq!((&joined["reachable"], addresses(&joined)), (&json!(false), vec!["127.0.0.11"]));
    // Somebody else's open door is none of carla's: only her own address is ever dialled.
    let mut lie = at(&carla, open);
    lie["peer_addr"][0]["ip_address"] = json!(ben.address());
    assert_eq!(carla.ask("PUT", "/oms/peer", Some(&lie)).json()["reachable"], false);
    assert_eq!(addresses(&ben.ask("PUT", "/oms/peer", Some(&at(&ben, open))).json()), [""; 0]);
    let told = anna.ask("GET", "/oms/overlay?overlay-id=film", None).json();
    assert_eq!((&told["num_peers"], &told["health"]["behind-nat"]), (&json!(2), &json!(1)));
    // Her door opens: with the next refresh she is dialled again, and listed.
    let door = TcpListener::bind((carla.address(), 0)).unwrap();
    let now_open = at(&carla, door.local_addr().unwrap().port());
    let refreshed = || carla.ask("PUT", "/oms/peer", Some(&now_open)).json();
    until_seen("carla is found", refreshed, |list| list["reachable"] == true);
    let list = ben.ask("PUT", "/oms/peer", Some(&at(&ben, open))).json();
    assert_eq!(addresses(&list), ["127.0.0.12"]);
}

/// While a newcomer is being dialled nobody hears of it, though it opens ways. Its door lets nobody
/// in at first, for one waits before it already, and then OMS.
#[test]
fn a_newcomer_is_in_no_list_before_it_has_been_dialled() {
    let scene = Scene::start(&["overlay.probe=true", "overlay.probe-timeout-ms=60000"]);
    let (ben, carla) = (scene.peer("ben", 11), scene.peer("carla", 12));
    assert_eq!(ben.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"}))).status, 201);
    let doors = [&ben, &carla].map(|peer| TcpListener::bind((peer.address(), 0)).unwrap());
    let [at_ben, at_carla] = [(&ben, &doors[0]), (&carla, &doors[1])].map(|(peer, door)| {
        let mut request = peer.join_request("film");
        request["peer_addr"][0]["port"] = json!(door.local_addr().unwrap().port());
        request["rendezvous"] = json!(true);
        request
    });
    assert_eq!(ben.ask("POST", "/oms/peer", Some(&at_ben)).json()["reachable"], true);
    rustix::net::listen(&doors[1], 0).unwrap();
    let _first = TcpStream::connect(doors[1].local_addr().unwrap()).unwrap();
    let joined = carla.ask("POST", "/oms/peer", Some(&at_carla)).json();
    assert_eq!((&joined["reachable"], addresses(&joined)), (&Value::Null, vec!["127.0.0.11"]));
    let list = || ben.ask("PUT", "/oms/peer", Some(&at_ben)).json();
    assert_eq!((list()["status"]["num_peers"].as_u64(), addresses(&list())), (Some(2), vec![]));
    assert!(doors[1].accept().is_ok(), "the first");
    let carla = until_seen("carla is found", list, |list| !addresses(list).is_empty());
    assert_eq!(carla["status"]["peer_info_list"][0]["nat"], Value::Null, "{carla}");
}

/// Join floods: so many joins of one user, and the answer says when to come back.
#[test]
fn who_joins_again_and_again_is_told_to_wait() {
    let scene = Scene::start(&["overlay.user-joins-per-second=1", "overlay.join-burst=3"]);
    let (anna, ben) = (scene.peer("anna", 10), scene.peer("ben", 11));
    assert_eq!(anna.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"}))).status, 201);
    let request = anna.join_request("film");
    let mut refused = None;
    for _ in 0..40 {
        let answer = anna.ask("POST", "/oms/peer", Some(&request));
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(anna.ask("DELETE", "/oms/peer", Some(&request)).status, 204);
    }
    let refused = refused.expect("forty joins went through");
    assert_eq!(code(&refused), (429, json!("too-often")));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(joins(&ben, "film").0, 200);
}
