//! Who is out leaves the lists of the others at once, long before the membership would have run
//! out; and what a user says of showing status is in lists as soon. In both shapes: what UMS knows
//! OMS hears of in another process, too.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use system_tests::curl;
use system_tests::p2psp::{Peer, Provided, Shape, addresses};
use system_tests::wait::{until_seen, until_so};

/// Longer than any of these tests waits: nobody leaves the lists by silence.
const STAYS: [&str; 2] = ["--set", "overlay.expires-seconds=3600"];

fn others(asker: &Peer) -> Vec<String> {
    let mut all: Vec<String> =
        addresses(&asker.refresh("film")).into_iter().map(str::to_owned).collect();
    all.sort();
    all
}

/// Whether a refresh is answered: whose certificate is revoked does not even connect.
fn refreshes(peer: &Peer) -> bool {
    let own = (peer.file("client.pem"), peer.file("client-key.pem"));
    let mut command = curl::with(&peer.file("ca.pem"), Some((&own.0, &own.1)));
    command.args(["--interface", peer.address(), "--request", "PUT", "--data"]);
    command.arg(peer.join_request("film").to_string());
    let url = format!("{}/oms/peer", peer.server("/oms"));
    curl::run(command.arg(url)).is_ok_and(|answer| answer.status == 200)
}

fn until_others(asker: &Peer, expected: &[&str]) {
    until_seen("who is out is in no list", || others(asker), |seen| seen == expected);
}

#[test]
fn who_is_locked_out_lost_or_revoked_leaves_the_lists_at_once() {
    for shape in Shape::BOTH {
        let scene = Provided::start_as(shape, &STAYS);
        scene.film();
        let anna = scene.member("anna", "127.0.0.10");
        let _ben = scene.member("ben", "127.0.0.11");
        let _too = scene.member("ben", "127.0.0.12");
        let carla = scene.member("carla", "127.0.0.13");
        let lost = scene.member("carla", "127.0.0.14");
        let dora = scene.member("dora", "127.0.0.15");
        let emil = scene.member("emil", "127.0.0.16");
        let all = ["127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15"];
        assert_eq!(others(&anna)[..5], all);
        // A user with both peers, by the operator.
        scene.command(&["users", "revoke", "ben"]).unwrap();
        until_others(&anna, &[&all[2..], &["127.0.0.16"]].concat());
        // A peer whose key is lost, by its user.
        let path = format!("/ums/peer?peer-id={}", lost.id);
        assert_eq!(carla.ask("DELETE", &path, None).status, 204);
        until_others(&anna, &["127.0.0.13", "127.0.0.15", "127.0.0.16"]);
        // A peer by its id, and one by its certificate alone.
        scene.command(&["users", "revoke", &dora.id]).unwrap();
        until_others(&anna, &["127.0.0.13", "127.0.0.16"]);
        scene.command(&["pki", "revoke", &format!("peer/{}", emil.id)]).unwrap();
        // Until its certificate is known as revoked everywhere it tries to stay.
        until_so("a revoked certificate is refused", || !refreshes(&emil));
        until_others(&anna, &["127.0.0.13"]);
        // Whoever is let in again comes back by a join.
        scene.command(&["users", "admit", "ben"]).unwrap();
        let _again = scene.member("ben", "127.0.0.17");
        until_others(&anna, &["127.0.0.13", "127.0.0.17"]);
    }
}

/// A key may be lost before its peer has joined anything.
#[test]
fn a_lost_peer_ends_for_the_operator_though_it_never_joined() {
    let scene = Provided::start(&STAYS);
    let lost = scene.p2psp.enrol("anna", "127.0.0.10").unwrap();
    let is_revoked = || {
        let status = scene.command(&["pki", "status"]).unwrap();
        status.lines().any(|line| line.contains("revoked") && line.ends_with(&lost.id))
    };
    assert!(scene.command(&["invite", "ben", "--lost", &lost.id]).is_err(), "it is anna's");
    assert!(!is_revoked());
    scene.command(&["invite", "anna", "--lost", &lost.id]).unwrap();
    assert!(is_revoked());
}

#[test]
fn a_user_who_is_revoked_before_joining_anything_stays_out() {
    let scene = Provided::start(&STAYS);
    scene.film();
    let anna = scene.p2psp.enrol("anna", "127.0.0.10").unwrap();
    assert!(scene.command(&["users", "revoke", "anny"]).is_err(), "nobody is called so");
    scene.command(&["users", "revoke", "anna"]).unwrap();
    assert!(scene.command(&["users"]).unwrap().contains("locked out"));
    let refused = scene.command(&["invite", "anna"]).unwrap_err().to_string();
    assert!(refused.contains("anna is locked out"), "{refused}");
    until_so("her certificate is refused", || !refreshes(&anna));
    scene.command(&["users", "admit", "anna"]).unwrap();
    let _again = scene.member("anna", "127.0.0.11");
}

/// A revoked certificate is to be out within five seconds; here twice that, for a machine that has
/// other things to do.
const OUT_WITHIN: Duration = Duration::from_secs(10);

/// Of every role's process, with the CA and without: live, resumed, anew.
#[test]
fn a_revoked_peer_is_out_of_every_process_within_seconds() {
    let scene = Provided::start_as(Shape::FourProcesses, &STAYS);
    let emil = scene.p2psp.enrol("emil", "127.0.0.16").unwrap();
    let roles = ["oms", "pams", "ums", "ixs"];
    let clients = roles.map(|role| emil.stays(&scene.p2psp.role(role).url).unwrap());
    let begin = Instant::now();
    scene.command(&["pki", "revoke", &format!("peer/{}", emil.id)]).unwrap();
    for (role, client) in roles.iter().zip(clients) {
        let after = client.is_out().unwrap() - begin;
        assert!(after < OUT_WITHIN, "{role} after {after:?}");
    }
}

/// Annex A.1: agreeing and taking it back both hold within seconds, for members that are there.
#[test]
fn what_a_user_says_of_showing_status_is_in_lists_at_once() {
    for shape in Shape::BOTH {
        let scene = Provided::start_as(shape, &STAYS);
        scene.film();
        let anna = scene.member("anna", "127.0.0.10");
        let ben = scene.member("ben", "127.0.0.11");
        let status = json!({"peer-id": ben.id, "status": {"cpu-load": 0.25}});
        let report = json!({"reports": [status]});
        assert_eq!(ben.ask("POST", "/pams/status", Some(&report)).status, 204);
        let shown = || anna.refresh("film")["status"]["peer_info_list"][0].clone();
        assert_eq!((&shown()["score"], shown().get("status")), (&json!(0.75), None));
        let says = |consent: Option<bool>| {
            let said = json!({"show-status": consent});
            assert_eq!(ben.ask("PUT", "/ums/consent", Some(&said)).status, 204);
        };
        let is_shown = |entry: &Value| entry["status"]["cpu-load"] == 0.25;
        for (consent, expected) in [(Some(true), true), (Some(false), false), (Some(true), true)] {
            says(consent);
            until_seen("lists are as the user says", shown, |entry| is_shown(entry) == expected);
        }
        says(None);
        until_seen("nothing is shown unasked", shown, |entry| !is_shown(entry));
    }
}
