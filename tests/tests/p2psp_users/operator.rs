//! What an operator does with the state: look, check, put away and back.

use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};
use system_tests::daemon::program;
use system_tests::p2psp::{P2psp, Peer, run};
use system_tests::wait::until_so;

use crate::scene::{Film, MIB, Scene, code, granted, key_in, receipt, receipts};

/// A provider where anna earned something from ben.
fn earned() -> Scene {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.member("ben", "127.0.0.11"));
    let key = key_in(&ben.file("client-key.pem"));
    let signed = receipt(&anna.id, &key, 1, 3 * MIB).seal(&key).expect("a receipt");
    let _ = granted(&ben.ask("POST", "/ums/receipt", Some(&receipts(&[&signed]))));
    scene
}

#[test]
fn users_are_listed_and_one_is_shown() {
    let scene = earned();
    let list = scene.command(&["users", "--format", "json"]).unwrap();
    let names: Vec<Value> = list
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["user-id"].clone())
        .collect();
    assert_eq!(names, ["anna", "ben"]);
    assert_eq!(scene.command(&["users"]).unwrap().lines().count(), 3);
    let anna = scene.command(&["users", "anna"]).unwrap();
    assert!(anna.contains("credit      3 MiB"), "{anna}");
    assert!(scene.command(&["users", "nobody"]).is_err());
}

/// Req-User-060: whoever changes a row of the trail, or takes one out, is found out.
#[test]
fn an_audit_trail_that_was_tampered_with_is_found_out() {
    let scene = earned();
    let whole = scene.command(&["audit", "verify"]).unwrap();
    let noted = whole.lines().find(|line| line.starts_with("users.db:")).unwrap().to_owned();
    assert!(scene.command(&["audit", "verify", "--noted", &noted]).is_ok());
    let original = Connection::open(scene.folder.path().join("state/users.db")).unwrap();
    let head = "UPDATE audit_head SET (number, hash) = \
        (SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1)";
    let last = "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)";
    let amount = "UPDATE audit SET detail = replace(detail, '3145728', '9145728')";
    for (number, (changes, more, found)) in [
        (vec![], &[][..], None),
        (vec![amount], &[], Some("broken at row")),
        (vec!["UPDATE audit SET at = at + 1 WHERE number = 2"], &[], Some("broken at row 2")),
        (vec!["DELETE FROM audit WHERE number = 2"], &[], Some("broken at row 2")),
        (vec![last], &[], Some("rows, and were")),
        // Whoever cuts the head as well is found out by what was noted.
        (vec![last, head], &[], None),
        (vec![last, head], &["--noted", &noted], Some("is not in the trail")),
        // A trail that was noted and is gone.
        (vec![], &["--noted", "stops.db:3:00"], Some("stops.db: noted, and not in")),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = scene.folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let copy = folder.join("users.db");
        original.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let copied = Connection::open(&copy).unwrap();
        for change in &changes {
            assert!(copied.execute(change, []).unwrap() > 0, "{change}");
        }
        let mut command = Command::new(program("p2psp").unwrap());
        command.args(["audit", "verify", "--state-dir"]).arg(&folder).args(more);
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(i32::from(found.is_some())), "{changes:?}: {told}");
        assert!(told.contains(found.unwrap_or("users.db:")), "{changes:?}: {told}");
    }
}

/// A backup is made beside the running server, and put back where none runs: keys too, so that
/// peers go on as who they are.
#[test]
fn a_backup_brings_users_credit_and_keys_back() {
    let scene = earned();
    let operator = scene.p2psp.operator("127.0.0.13");
    let carla = scene.member("carla", "127.0.0.14");
    let expel = format!("/oms/expel?overlay-id=film&peer-id={}&reason=floods", carla.id);
    assert_eq!(operator.ask("POST", &expel, None).status, 204);
    let song = json!({"overlay-id": "song"});
    assert_eq!(operator.ask("POST", "/oms/overlay", Some(&song)).status, 201);
    let order = json!({"overlay-id": "song", "reason": "no licence"});
    assert_eq!(operator.ask("POST", "/ixs/takedown", Some(&order)).status, 202);
    let is_stopped = |operator: &Peer| {
        let shown = operator.ask("GET", "/ixs/takedown?overlay-id=song", None).json();
        shown["takedowns"][0]["seq"].is_u64()
    };
    until_so("the song is stopped", || is_stopped(&operator));
    let file = scene.folder.path().join("backup").display().to_string();
    let told = scene.command(&["backup", &file]).unwrap();
    for name in
        ["expulsions.db", "index.db", "stops.db", "users.db", "pki/ca-key.pem", "pki/ledger.json"]
    {
        assert!(told.lines().any(|line| line == name), "{told}");
    }
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(scene.command(&["class", "set", "anna", "7"]).is_ok());
    // What is undone after the backup is as it was before, too.
    assert_eq!(operator.ask("DELETE", &expel, None).status, 204);
    let taken = operator.ask("GET", "/ixs/takedown?overlay-id=song", None).json();
    let taken = taken["takedowns"][0]["takedown-id"].as_str().unwrap().to_owned();
    scene.command(&["takedown", "--lift", &taken, "--reason", "a mistake"]).unwrap();
    until_so("the song may go on", || {
        operator.ask("POST", "/oms/overlay", Some(&song)).status == 201
    });
    let _ = carla.join("film");
    let refused = scene.command(&["restore", &file]).unwrap_err().to_string();
    assert!(refused.contains("a server is running over"), "{refused}");
    let Scene { p2psp, folder } = scene;
    assert_eq!(p2psp.daemon.stop().unwrap(), Some(0));
    let state = folder.path().join("state").display().to_string();
    run(&["restore", &file, "--state-dir", &state]).unwrap();
    let p2psp = P2psp::start(folder.path().join("state").as_path(), &[]).unwrap();
    let shown = run(&["users", "anna", "--format", "json", "--state-dir", &state]).unwrap();
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["profile"]["class"], &shown["account"]["credit"]["earned"]),
        (&json!(0), &json!(3 * MIB))
    );
    let operator = p2psp.operator("127.0.0.13");
    assert_eq!(operator.ask("GET", "/ums/profile?user-id=anna", None).status, 200);
    // Stops and expulsions hold as they stand in the backup, with their words.
    let carla = carla.at(&p2psp);
    let refused = carla.ask("POST", "/oms/peer", Some(&carla.join_request("film")));
    assert_eq!(code(&refused), (403, json!("expelled")));
    for (method, path, body) in
        [("POST", "/oms/overlay", song), ("POST", "/oms/peer", carla.join_request("song"))]
    {
        let refused = carla.ask(method, path, Some(&body));
        assert_eq!(code(&refused), (410, json!("stopped")), "{path}");
        assert!(refused.json()["stop"].as_str().is_some_and(|stop| !stop.is_empty()));
    }
    let shown = operator.ask("GET", "/ixs/takedown?overlay-id=song", None).json();
    assert_eq!(
        (&shown["takedowns"][0]["reason"], &shown["takedowns"][0]["lift"]),
        (&json!("no licence"), &json!(null))
    );
    let trails = run(&["audit", "verify", "--state-dir", &state]).unwrap();
    assert_eq!(trails.lines().count(), 4, "{trails}");
}
