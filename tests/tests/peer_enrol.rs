//! How a peer gets its certificate, keeps it fresh and loses it (Req-User-010, Req-User-030): real
//! processes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use system_tests::p2psp::P2psp;
use system_tests::peer::PeerProgram;
use system_tests::swarm::film;
use system_tests::wait::{until_seen, until_so};

struct Scene {
    p2psp: P2psp,
    folder: tempfile::TempDir,
}

impl Scene {
    fn start(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let more: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        let p2psp = P2psp::start(&folder.path().join("state"), &more).expect("a server");
        Self { p2psp, folder }
    }

    fn peer(&self, user: &str, host: u8) -> PeerProgram {
        let address = format!("127.0.0.{host}");
        PeerProgram::enrol(&self.p2psp, user, &address, self.folder.path()).expect("not enrolled")
    }

    /// A program that has not enrolled.
    fn stranger(&self, host: u8) -> PeerProgram {
        PeerProgram::stranger(&self.p2psp, &format!("127.0.0.{host}"), self.folder.path())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self) -> String {
        self.p2psp.daemon.url.replace("127.0.0.1", "localhost")
    }
}

fn refused(peer: &PeerProgram, arguments: &[&str]) -> String {
    peer.run(arguments).expect_err("it was done").to_string()
}

/// Whether the provider answers: that nothing is found is an answer, too.
fn is_in(peer: &PeerProgram) -> bool {
    match peer.run(&["search", "film"]) {
        Ok(_found) => true,
        Err(error) => error.to_string().contains("nothing is found"),
    }
}

/// Words of a line.
fn word(text: &str, at: usize) -> String {
    text.split_whitespace().nth(at).unwrap_or_default().to_owned()
}

/// Anybody signs up where the provider has it so: a token, a key, a certificate, in one command;
/// the authority is compared with what the provider tells. A user has further peers, and ends a
/// lost one.
#[test]
fn a_user_signs_up_gets_further_peers_and_ends_a_lost_one() {
    let scene = Scene::start(&["users.sign-up=open"]);
    let (first, url) = (scene.stranger(11), scene.url());
    let login = ["login", &url, "--user", "dora"];
    let shown = refused(&first, &login);
    let fingerprint = word(shown.split("--authority").nth(1).expect("no fingerprint"), 0);
    assert_eq!(fingerprint.len(), 64, "{shown}");
    let other = "0".repeat(64);
    let wrong = refused(&first, &[&login[..], &["--authority", &other]].concat());
    assert!(wrong.contains("is another than --authority says"), "{wrong}");
    let known = [&login[..], &["--authority", &fingerprint]].concat();
    let said = first.run(&known).expect("not signed up");
    assert!(said.contains("of dora at"), "{said}");
    // The name is taken, and she is in already.
    let second = scene.stranger(12);
    let taken = refused(&second, &known);
    assert!(taken.contains("there is a user dora already"), "{taken}");
    assert!(refused(&first, &known).contains("has a certificate already"));

    let token = first.run(&["login", "--further"]).expect("no token");
    let more = refused(&second, &["enroll", &format!("{}AAAA", token.trim())]);
    assert!(more.contains("this is no enrolment token"), "{more}");
    let said = second.run(&["enroll", token.trim()]).expect("not enrolled");
    assert!(said.contains("of dora at"), "{said}");
    let lost = word(&said, 1);
    // A stranger ends none of hers; she does, and it gets nothing any more.
    let eve = scene.peer("eve", 13);
    assert!(refused(&eve, &["login", "--lost", &lost]).contains("not-found"));
    assert!(is_in(&second));
    first.run(&["login", "--lost", &lost]).expect("not ended");
    until_so("the lost peer is out", || !is_in(&second));
    assert!(is_in(&first));
}

/// Where users are invited, the command says whom to ask.
#[test]
fn where_users_are_invited_the_command_says_so() {
    let scene = Scene::start(&[]);
    let (peer, url) = (scene.stranger(14), scene.url());
    let login = ["login", &url, "--user", "dora"];
    let shown = refused(&peer, &login);
    let fingerprint = word(shown.split("--authority").nth(1).expect("no fingerprint"), 0);
    let told = refused(&peer, &[&login[..], &["--authority", &fingerprint]].concat());
    assert!(told.contains("invites its users") && told.contains("peer enroll TOKEN"), "{told}");
    let token = scene.p2psp.invite("dora").expect("no token");
    assert!(peer.run(&["enroll", &token]).expect("not enrolled").contains("of dora at"));
}

/// What is to be done stands where one reads that it does not work.
#[test]
fn a_peer_whose_key_is_lost_is_told_what_helps() {
    let scene = Scene::start(&[]);
    let peer = scene.peer("fred", 20);
    std::fs::remove_file(peer.state().join("pki/client-key.pem")).expect("no key");
    let told = refused(&peer, &["search", "film"]);
    assert!(told.contains("client-key.pem is not there"), "{told}");
    let again = word(told.split('`').nth(1).expect("no command"), 3);
    let token = scene.p2psp.invite("fred").expect("no token");
    peer.run(&["enroll", &token, &again]).expect("not enrolled again");
    assert!(is_in(&peer));
}

/// With certificates of seconds, peers go on sharing past the end of their first ones: renewed in
/// time, by the same name. One that slept too long keeps its name by a token and its key.
#[test]
fn a_certificate_of_seconds_is_renewed_in_time_and_the_name_stays() {
    let scene = Scene::start(&["users.certificate-seconds=45", "overlay.heartbeat-seconds=5"]);
    let asleep = scene.peer("carl", 17);
    let name = |peer: &PeerProgram| -> Value {
        let text = std::fs::read(peer.state().join("provider.json")).expect("no file");
        serde_json::from_slice::<Value>(&text).expect("no JSON")["name"].clone()
    };
    let asleep_name = name(&asleep);
    let (mut anna, mut ben) = (scene.peer("anna", 15), scene.peer("ben", 16));
    anna.serve(&[]).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    let before = [&anna, &ben].map(certificate);
    let begun = Instant::now();
    // Longer than a certificate lives, counted by the certificates themselves.
    for (peer, first) in [&anna, &ben].into_iter().zip(&before) {
        let mut seen = first.clone();
        for _ in 0..2 {
            let fresh = |now: &String| *now != seen;
            seen = until_seen("it is renewed", || certificate(peer), fresh);
        }
    }
    until_so("the first certificates are over", || begun.elapsed() > Duration::from_secs(46));
    let whole = film(&scene.at("source"), 41, 1 << 20).expect("no film");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    ben.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), whole);
    let over = refused(&asleep, &["search", "film"]);
    assert!(over.contains("client.pem has run out"), "{over}");
    assert!(over.contains("peer enroll TOKEN --same-key"), "{over}");
    let token = scene.p2psp.invite("carl").expect("no token");
    asleep.run(&["enroll", &token, "--same-key"]).expect("not enrolled again");
    assert_eq!(name(&asleep), asleep_name);
    assert!(is_in(&asleep));
}

fn certificate(peer: &PeerProgram) -> String {
    std::fs::read_to_string(peer.state().join("pki/client.pem")).expect("no certificate")
}

/// A revoked peer is let go by those it is linked with, and let in by nobody, within the time that
/// their settings say, though it never asks the provider for anything again.
#[test]
fn a_revoked_peer_is_refused_by_other_peers() {
    let scene = Scene::start(&["overlay.heartbeat-seconds=5", "overlay.expires-seconds=20"]);
    let often = ["--set", "refresh.revocations-seconds=1"];
    let slow = ["--set", "limits.up-kbps=400", often[0], often[1]];
    let (mut anna, mut ben) = (scene.peer("anna", 18), scene.peer("ben", 19));
    anna.serve(&slow).expect("no daemon");
    ben.serve(&[]).expect("no daemon");
    let whole = film(&scene.at("source"), 42, 2 << 20).expect("no film");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let target = scene.at("got").display().to_string();
    ben.run(&["get", &id, "-o", &target, "--detach"]).expect("not begun");
    let linked = |status: &Value| status["transfers"][0]["neighbours"][0]["uploaded"].is_u64();
    anna.until(linked).expect("not linked");
    let ben_id = ben.status().expect("no status")["peer-id"].as_str().expect("no id").to_owned();
    let state = scene.at("state").display().to_string();
    let name = format!("spiffe://p2psp.localhost/peer/{ben_id}");
    system_tests::p2psp::run(&["pki", "revoke", &name, "--state-dir", &state]).expect("revoked");
    let alone = |status: &Value| status["transfers"][0]["neighbours"] == json!([]);
    anna.until(alone).expect("still linked");
    // It stays so: Ben dials, and is not let in. Once more it is looked at its list meanwhile.
    let sent = |status: &Value| status["transfers"][0]["uploaded"].as_u64().unwrap_or(0);
    let then = sent(&anna.status().expect("no status"));
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("Ben is a member still");
    assert_eq!(sent(&anna.status().expect("no status")), then);
    assert!(then < whole.len() as u64);
}
