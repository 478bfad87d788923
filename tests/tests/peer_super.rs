//! Super peers (TR 20002 §8.3.10 step 1) over real processes: reports of others reach PAMS by them,
//! whoever dies.

use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer};
use system_tests::peer::PeerProgram;
use system_tests::wait::until_seen;

/// Reports that are asked for, and what is older counts no more: 4 of them.
const OFTEN: [&str; 4] =
    ["--set", "activity.report-seconds=5", "--set", "activity.max-age-seconds=60"];
/// No status is older than this, whoever has died: a report, and what a super peer has for it.
const BOUND_S: u64 = 60;

struct Scene {
    p2psp: P2psp,
    operator: Peer,
    folder: tempfile::TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let p2psp = P2psp::start(&folder.path().join("state"), &OFTEN).expect("a server");
        let operator = p2psp.operator("127.0.0.9");
        Self { p2psp, operator, folder }
    }

    /// A daemon of `user`, and its id.
    fn serve(&self, user: &str, host: u8, more: &[&str]) -> (PeerProgram, String) {
        let address = format!("127.0.0.{host}");
        let peer = PeerProgram::enrol(&self.p2psp, user, &address, self.folder.path());
        let mut peer = peer.expect("not enrolled");
        peer.serve(more).expect("no daemon");
        let id = peer.status().expect("no status")["peer-id"].as_str().expect("no id").to_owned();
        (peer, id)
    }

    fn super_peer(&self, user: &str, host: u8) -> (PeerProgram, String) {
        let listen = format!("super-peer.listen=127.0.0.{host}:0");
        self.serve(user, host, &["--set", "role=[\"peer\", \"super\"]", "--set", &listen])
    }

    /// How a peer stands, as soon as it is as wanted; never too old on the way, once it was known.
    fn until(&self, peer: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let path = format!("/pams/status?peer-id={peer}");
        let mut was_known = false;
        let look = || {
            let answer = self.operator.ask("GET", &path, None);
            let told = answer.json();
            assert!(!was_known || answer.status == 200, "the status is lost: {told}");
            was_known = answer.status == 200;
            (was_known, told)
        };
        let is_so = |(is_known, told): &(bool, Value)| {
            let age = told["age-s"].as_u64();
            assert!(!is_known || age.is_some_and(|age| age <= BOUND_S), "{told}");
            *is_known && is_so(told)
        };
        until_seen("the status is as wanted", look, is_so).1
    }

    fn account(&self, super_peer: &str) -> Value {
        self.operator.ask("GET", &format!("/pams/super?peer-id={super_peer}"), None).json()
    }
}

/// Whether `told` came by `super_peer`.
fn is_via(told: &Value, super_peer: &str) -> bool {
    told["via"].as_str() == Some(super_peer)
}

/// Two super peers: the batches of one carry the status of its peers, with its own use on account;
/// killed, the other takes its peers over; with that one gone too they report themselves; one that
/// comes back has them again.
#[test]
fn flow_8_3_10_super_peers_take_each_others_peers_over_and_no_status_is_lost() {
    let scene = Scene::start();
    let (mut sam, sam_id) = scene.super_peer("sam", 21);
    scene.until(&sam_id, |told| told["via"].is_null());
    let peers: Vec<_> = (0..3).map(|at| scene.serve(&format!("user{at}"), 30 + at, &[])).collect();
    for (_, id) in &peers {
        let told = scene.until(id, |told| is_via(told, &sam_id));
        assert!(told["static"]["agent"].as_str().is_some_and(|text| text.contains("mp2p-peer")));
    }
    let account = scene.account(&sam_id);
    assert_eq!(account["members"], 3, "{account}");
    let (batches, reports) = (account["batches"].as_u64(), account["reports"].as_u64());
    assert!(batches > Some(0) && reports >= Some(3), "{account}");
    assert!(account["bytes"].as_u64() > Some(100 * reports.unwrap_or(0)), "{account}");

    let (mut sue, sue_id) = scene.super_peer("sue", 22);
    scene.until(&sue_id, |told| told["via"].is_null());
    sam.kill();
    for (_, id) in &peers {
        scene.until(id, |told| is_via(told, &sue_id));
    }
    assert_eq!(scene.account(&sue_id)["members"], 3);
    assert_eq!(scene.account(&sam_id)["members"], 0);
    sue.kill();
    for (_, id) in &peers {
        scene.until(id, |told| told["via"].is_null());
    }
}

/// What PAMS asks for comes by the super peer, at once.
#[test]
fn flow_8_3_10_status_is_pulled_through_a_super_peer() {
    let scene = Scene::start();
    // A batch that nobody asks for waits longer than the question.
    let wait = ["--set", "super-peer.batch-ms=5000"];
    let listen = "super-peer.listen=127.0.0.21:0";
    let role = ["--set", "role=[\"super\"]", "--set", listen, wait[0], wait[1]];
    let (_sam, sam_id) = scene.serve("sam", 21, &role);
    scene.until(&sam_id, |_| true);
    let (_ben, ben_id) = scene.serve("ben", 31, &[]);
    scene.until(&ben_id, |told| is_via(told, &sam_id));
    let body = json!({"peers": [ben_id, sam_id], "wait-s": 10});
    let pull = || scene.operator.ask("POST", "/pams/pull", Some(&body)).json();
    let pulled = until_seen("both are fresh", pull, |pulled| {
        let first = &pulled["standings"][0];
        pulled["asked"] == 2 && is_via(first, &sam_id) && first["age-s"].as_u64() <= Some(4)
    });
    assert!(pulled["standings"][1]["via"].is_null(), "{pulled}");
}

/// PAMS is killed and comes back: it knows who is in whose care, and what the super peer did.
#[test]
fn care_outlives_a_crash_of_pams() {
    let mut scene = Scene::start();
    let enrol = |user: &str, at: &str| scene.p2psp.enrol(user, at).expect("a peer");
    let (anna, ben) = (enrol("anna", "127.0.0.41"), enrol("ben", "127.0.0.42"));
    let care = json!({"super-peer": anna.id});
    assert_eq!(ben.ask("POST", "/pams/super", Some(&care)).status, 204);
    let batch = json!({"reports": [{"peer-id": ben.id, "status": {"cpu-load": 0.5}}]});
    assert_eq!(anna.ask("POST", "/pams/status", Some(&batch)).status, 204);
    let before = anna.ask("GET", "/pams/super", None).json();
    assert_eq!((&before["members"], &before["reports"]), (&json!(1), &json!(1)));
    scene.p2psp.crash().expect("it does not come back");
    assert_eq!(anna.ask("GET", "/pams/super", None).json(), before);
    // Not refused, though Ben said nothing since.
    assert_eq!(anna.ask("POST", "/pams/status", Some(&batch)).status, 204);
    assert_eq!(ben.ask("DELETE", "/pams/super", None).status, 204);
    scene.p2psp.crash().expect("it does not come back");
    assert_eq!(anna.ask("POST", "/pams/status", Some(&batch)).status, 403);
}
