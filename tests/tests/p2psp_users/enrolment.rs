//! Who becomes a user, gets a further peer, loses a key or is sent away.

use serde_json::json;
use system_tests::p2psp::{Peer, run};
use system_tests::wait::until_so;

use crate::scene::{Film, Scene, code, granted};

/// A key that is anna's does not join as ben's, whatever certificate it got.
#[test]
fn a_peer_of_another_user_does_not_join() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    assert_eq!(anna.ask("DELETE", "/oms/peer", Some(&anna.join_request("film"))).status, 204);
    scene.certify_again(&anna, &scene.token("ben"));
    let refused = anna.ask("POST", "/oms/peer", Some(&anna.join_request("film")));
    assert_eq!(code(&refused), (403, json!("not-yours")));
    let told = anna.ask("GET", "/oms/overlay?overlay-id=film", None).json();
    assert_eq!(told["num_peers"], 0);
}

/// By default users are invited; where the operator wants it so, anybody signs up for a name that
/// is free, and enrols with the token.
#[test]
fn anybody_signs_up_where_the_operator_wants_it_so() {
    let closed = Scene::start(&[]);
    let dora = json!({"user-id": "dora"});
    assert_eq!(code(&closed.stranger("/ums/signup", &dora)), (403, json!("closed")));

    let open =
        Scene::start(&["--set", "users.sign-up=open", "--set", "users.max-sign-ups-a-day=2"]);
    let token = granted(&open.stranger("/ums/signup", &dora))["token"].clone();
    assert_eq!(code(&open.stranger("/ums/signup", &dora)), (409, json!("taken")));
    let out = open.folder.path().join("dora");
    let enrolled = run(&["pki", "enroll", token.as_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(enrolled.unwrap().contains("/peer/"));
    let elsewhere = open.folder.path().join("elsewhere").display().to_string();
    let again = run(&["pki", "enroll", token.as_str().unwrap(), "--out", &elsewhere]);
    assert!(again.unwrap_err().to_string().contains("used before"));
    assert_eq!(open.stranger("/ums/signup", &json!({"user-id": "emil"})).status, 200);
    let third = open.stranger("/ums/signup", &json!({"user-id": "fritz"}));
    assert_eq!(code(&third), (429, json!("too-many")));
    assert_eq!(open.stranger("/ums/signup", &json!({"user-id": "No Name"})).status, 400);
}

/// One address brings a few users a day, and its flood is no other's.
#[test]
fn an_address_signs_up_so_many_and_others_go_on() {
    let settings =
        ["users.sign-up=open", "users.max-sign-ups-of-address=2", "limits.cap-loopback=true"];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let scene = Scene::start(&settings);
    let sign_up = |user: &str, from: &str| {
        let answer = scene.stranger_from(from, "/ums/signup", &json!({"user-id": user}));
        if answer.status == 200 { (200, json!(null)) } else { code(&answer) }
    };
    assert_eq!(sign_up("anna", "127.0.0.10").0, 200);
    assert_eq!(sign_up("ben", "127.0.0.10").0, 200);
    assert_eq!(sign_up("carla", "127.0.0.10"), (429, json!("too-many")));
    assert_eq!(sign_up("carla", "127.0.0.11").0, 200);
}

/// Req-User-010: one user, many peers.
#[test]
fn a_user_gets_further_peers_and_nobody_elses() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let ask = |user: &str| anna.ask("POST", "/ums/signup", Some(&json!({"user-id": user})));
    assert_eq!(code(&ask("ben")), (403, json!("not-yours")));
    let token = granted(&ask("anna"))["token"].as_str().unwrap().parse().unwrap();
    let other = scene.p2psp.enrol("ben", "127.0.0.11").unwrap();
    // The key has not been anybody's before it joins.
    scene.certify_again(&other, &token);
    let _ = other.join("film");
    let profile = granted(&anna.ask("GET", "/ums/profile", None));
    assert_eq!(profile["peers"].as_array().unwrap().len(), 2);
    // Eight a day, of which one is used; whoever wants more hears what to do.
    let refused = (0..8).map(|_| ask("anna")).find(|answer| answer.status != 200).unwrap();
    assert_eq!(code(&refused), (429, json!("too-many")));
    let told = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("8 further peers a day") && told.contains("operator"), "{told}");
    let dora = scene.p2psp.operator("127.0.0.12");
    assert_eq!(dora.ask("POST", "/ums/signup", Some(&json!({"user-id": "dora"}))).status, 200);
}

/// A certificate is renewed with the key that it is over, and says the same.
#[test]
fn a_peer_renews_its_certificate_and_stays_who_it_is() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let before = std::fs::read(anna.file("client.pem")).unwrap();
    let folder = anna.file("").display().to_string();
    let url = scene.p2psp.role("ums").url.replace("127.0.0.1", "localhost");
    let renewed = run(&["pki", "renew", "--url", &url, "--out", &folder]).unwrap();
    assert!(renewed.lines().next().unwrap().ends_with(&anna.id));
    assert_ne!(std::fs::read(anna.file("client.pem")).unwrap(), before);
    let _ = anna.refresh("film");
    assert_eq!(granted(&anna.ask("GET", "/ums/profile", None))["user-id"], "anna");
}

/// Whether the provider still knows the peer: a revoked certificate does not even connect.
fn is_out(peer: &Peer) -> bool {
    let mut command = system_tests::curl::with(
        &peer.file("ca.pem"),
        Some((&peer.file("client.pem"), &peer.file("client-key.pem"))),
    );
    let url = format!("{}/ums/profile", peer.server("/ums"));
    system_tests::curl::run(command.arg(url)).map_or(true, |answer| answer.status == 403)
}

fn until_out(peer: &Peer) {
    until_so("a revoked certificate is refused", || is_out(peer));
}

#[test]
fn a_lost_key_is_replaced_and_its_user_keeps_everything() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let before = granted(&anna.ask("GET", "/ums/profile", None));
    let of_ben = scene.command(&["invite", "ben", "--lost", &anna.id]).unwrap_err().to_string();
    assert!(of_ben.contains("ben has no peer"), "{of_ben}");
    let url = scene.p2psp.role("ums").url.replace("127.0.0.1", "localhost");
    let token = scene.command(&["invite", "anna", "--lost", &anna.id, "--url", &url]).unwrap();
    until_out(&anna);
    let fresh = scene.p2psp.enrol("carla", "127.0.0.11").unwrap();
    scene.certify_again(&fresh, &token.trim().parse().unwrap());
    let _ = fresh.join("film");
    let after = granted(&fresh.ask("GET", "/ums/profile", None));
    assert_eq!(after["peers"], json!([fresh.id]));
    assert_eq!((&after["user-id"], &after["created"]), (&json!("anna"), &before["created"]));
}

#[test]
fn who_is_revoked_is_out_with_all_peers_until_admitted() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let (ben, too) = (scene.member("ben", "127.0.0.11"), scene.member("ben", "127.0.0.12"));
    let token = scene.p2psp.invite("ben").unwrap();
    let told = scene.command(&["users", "revoke", "ben"]).unwrap();
    // Two certificates and the token that is out.
    assert_eq!(told.matches("revoked ").count(), 3, "{told}");
    until_out(&ben);
    until_out(&too);
    let class = anna.ask("GET", &format!("/ums/class?peer-id={}", ben.id), None).json();
    assert_eq!(class["qualified"], false);
    // A token from before is good for nothing, and an operator hands none out by mistake.
    let again = tempfile::tempdir().unwrap();
    let out = again.path().display().to_string();
    assert!(run(&["pki", "enroll", token.trim(), "--out", &out]).is_err());
    let refused = scene.p2psp.invite("ben").unwrap_err().to_string();
    assert!(refused.contains("locked out"), "{refused}");
    assert!(scene.command(&["users", "ben"]).unwrap().contains("locked out"));
    scene.command(&["users", "admit", "ben"]).unwrap();
    assert!(!scene.command(&["users", "ben"]).unwrap().contains("locked out"));
    let _ = scene.member("ben", "127.0.0.13").join("film");
    assert!(scene.command(&["users", "revoke", "nobody"]).is_err());
}

/// A key that something good hangs on is not lost by a command that was typed twice.
#[test]
fn a_good_key_is_replaced_only_where_that_is_asked_for() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let files = ["client-key.pem", "client.pem", "ca.pem"];
    let read = || files.map(|name| std::fs::read(anna.file(name)).unwrap());
    let (before, token) = (read(), scene.p2psp.invite("anna").unwrap());
    let out = anna.file("").display().to_string();
    let refused = run(&["pki", "enroll", &token, "--out", &out]).unwrap_err().to_string();
    let told = [&*anna.file("client-key.pem").display().to_string(), &anna.id, "--force"];
    assert!(told.iter().all(|told| refused.contains(told)), "{refused}");
    assert_eq!(read(), before);
    // The token is as good as before.
    run(&["pki", "enroll", &token, "--out", &out, "--force"]).unwrap();
    assert_ne!(read()[0], before[0]);
    let refused = anna.ask("PUT", "/oms/peer", Some(&anna.join_request("film")));
    assert_eq!(code(&refused), (403, json!("not-yours")), "the new key is another peer");
}
