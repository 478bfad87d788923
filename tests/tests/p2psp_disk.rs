//! The disk under a provider's state is full: lists keep coming, what has to be stored is refused
//! with 503 and changes nothing, and space brings all of it back.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use system_tests::http::Answer;
use system_tests::p2psp::{P2psp, Peer, run};

/// A small disk of its own; dropped, it goes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may mount nothing.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(at);
        let is_mounted = mount.output().is_ok_and(|output| output.status.success());
        is_mounted.then(|| Self(at.to_owned()))
    }

    /// Takes all the space there is.
    fn fill(&self) {
        for (name, size) in [("fill", 1 << 16), ("rest", 1)] {
            let mut file = File::create(self.0.join(name)).unwrap();
            let block = vec![7; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn free(&self) {
        for name in ["fill", "rest"] {
            std::fs::remove_file(self.0.join(name)).unwrap();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn code(answer: &Answer) -> (u16, Value) {
    let told = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    (answer.status, told["error"]["code"].clone())
}

/// What each role has to store, and the status where it can.
fn writes(anna: &Peer, operator: &Peer, victims: &[Peer; 3], round: u8) -> Vec<(Answer, u16)> {
    let digest = format!("{round:064x}");
    let denied = json!({
        "digests": [{"digest": digest, "kind": "content", "denied": true}], "reason": "x",
    });
    let takedown = json!({"overlay-id": format!("o-{round}"), "reason": "x"});
    let victim = &victims[usize::from(round) - 1].id;
    let expel = format!("/oms/expel?overlay-id=film&peer-id={victim}");
    vec![
        (
            anna.ask("PUT", "/ums/consent", Some(&json!({"show-status": round.is_multiple_of(2)}))),
            204,
        ),
        (operator.ask("POST", "/ixs/denylist", Some(&denied)), 200),
        (operator.ask("POST", "/ixs/takedown", Some(&takedown)), 202),
        (operator.ask("POST", &expel, None), 204),
        (operator.ask("POST", "/ums/signup", Some(&json!({"user-id": "dora"}))), 200),
    ]
}

#[test]
fn on_a_full_disk_lists_flow_and_what_cannot_be_stored_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let Some(disk) = SmallDisk::mount(&state) else {
        eprintln!("this user may mount nothing: passed over");
        return;
    };
    let p2psp = P2psp::start(&state, &[]).unwrap();
    let (anna, ben) =
        (p2psp.enrol("anna", "127.0.0.10").unwrap(), p2psp.enrol("ben", "127.0.0.11").unwrap());
    let operator = p2psp.operator("127.0.0.12");
    let film = json!({"overlay-id": "film"});
    assert_eq!(operator.ask("POST", "/oms/overlay", Some(&film)).status, 201);
    for round in 1..=3 {
        let overlay = json!({"overlay-id": format!("o-{round}")});
        assert_eq!(operator.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
    }
    let victims = [21, 22, 23].map(|host| {
        let victim = p2psp.enrol("victim", &format!("127.0.0.{host}")).unwrap();
        let _ = victim.join("film");
        let gone = victim.ask("DELETE", "/oms/peer", Some(&victim.join_request("film")));
        assert_eq!(gone.status, 204);
        victim
    });
    let (_, token) = (anna.join("film"), p2psp.invite("carla").unwrap());
    for (answer, expected) in writes(&anna, &operator, &victims, 1) {
        assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(&answer.body));
    }
    disk.fill();
    assert_eq!(anna.refresh("film")["status"]["num_peers"], 1);
    assert_eq!(ben.join("film")["status"]["peer_info_list"].as_array().map(Vec::len), Some(1));
    let mut refused: Vec<Answer> =
        writes(&anna, &operator, &victims, 2).into_iter().map(|(answer, _)| answer).collect();
    // The CA's log takes what fits into its last block, which is there already.
    let dora = json!({"user-id": "dora"});
    let last = refused.pop().filter(|answer| answer.status != 200);
    let mut again = (0..64).map(|_| operator.ask("POST", "/ums/signup", Some(&dora)));
    refused.extend(last.or_else(|| again.find(|answer| answer.status != 200)));
    assert_eq!(refused.len(), 5);
    for answer in refused {
        assert_eq!(code(&answer), (503, json!("storage")), "{:?}", answer.body);
    }
    // Enrolment says so too, and the token is good afterwards.
    let out = folder.path().join("carla").display().to_string();
    let refused = run(&["pki", "enroll", token.trim(), "--out", &out]).unwrap_err().to_string();
    assert!(refused.contains("503") && refused.contains("store nothing now"), "{refused}");
    disk.free();
    for (answer, expected) in writes(&anna, &operator, &victims, 3) {
        assert_eq!(answer.status, expected, "{}", String::from_utf8_lossy(&answer.body));
    }
    let enrolled = run(&["pki", "enroll", token.trim(), "--out", &out]).unwrap();
    assert!(enrolled.contains("/peer/"), "{enrolled}");
    let state = state.display().to_string();
    assert_eq!(run(&["audit", "verify", "--state-dir", &state]).unwrap().lines().count(), 4);
    drop(p2psp);
}
