//! What users earn, of which class they are, and what the owner of an overlay reads.

use serde_json::{Value, json};
use system_tests::p2psp::{Peer, Shape};

use crate::scene::{Film, MIB, Scene, code, content, granted, key_in, receipt, receipts, unix_now};

fn send(peer: &Peer, signed: &[&str]) -> Vec<Value> {
    let answer = granted(&peer.ask("POST", "/ums/receipt", Some(&receipts(signed))));
    answer["receipts"].as_array().expect("outcomes").clone()
}

fn credit(peer: &Peer) -> Value {
    granted(&peer.ask("GET", "/ums/account", None))["credit"].clone()
}

/// Req-User-060: a contributor gets what its consumer signed for, once, in both shapes.
#[test]
fn credit_is_what_the_consumer_signed_for_and_counts_once() {
    for shape in Shape::BOTH {
        let scene = Scene::start_as(shape, &[]);
        let (anna, ben) = (scene.anna(), scene.member("ben", "127.0.0.11"));
        let key = key_in(&ben.file("client-key.pem"));
        let signed = |seq, bytes| receipt(&anna.id, &key, seq, bytes).seal(&key).unwrap();
        let (first, second) = (signed(1, 5 * MIB), signed(2, 7 * MIB));
        let outcomes = send(&ben, &[&first, &second]);
        let accepted = |bytes: u64| json!({"outcome": "accepted", "credited": bytes});
        assert_eq!(outcomes, [accepted(5 * MIB), accepted(2 * MIB)]);
        // The other end sends its copies; a third party may not.
        let duplicate = json!({"outcome": "duplicate"});
        assert_eq!(send(&anna, &[&second, &first]), [duplicate.clone(), duplicate]);
        let carla = scene.member("carla", "127.0.0.12");
        assert_eq!(send(&carla, &[&signed(3, 9 * MIB)])[0]["code"], "not-yours");
        assert_eq!(credit(&anna), json!({"earned": 7 * MIB, "spent": 0}));
        assert_eq!(credit(&ben), json!({"earned": 0, "spent": 7 * MIB}));
    }
}

#[test]
fn forged_receipts_are_refused_each_by_itself() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.member("ben", "127.0.0.11"));
    let own = key_in(&anna.file("client-key.pem"));
    let key = key_in(&ben.file("client-key.pem"));
    let good = receipt(&anna.id, &key, 1, MIB);
    let sealed = good.seal(&key).unwrap();
    // Anna signs in ben's name, or changes what ben signed.
    let forged = mp2p::signed::seal(mp2p::signed::Kind::Receipt, &good, &own).unwrap();
    let (head, tail) = sealed.split_at(sealed.len() / 2);
    let changed = format!("{}A{}", &head[..head.len() - 1], tail);
    let outcomes = send(&anna, &[&forged, &changed, "nonsense", &sealed]);
    for refused in &outcomes[..3] {
        assert_eq!(
            (&refused["outcome"], &refused["code"]),
            (&json!("refused"), &json!("malformed"))
        );
    }
    assert_eq!(outcomes[3]["outcome"], "accepted");
    let many = vec![sealed.as_str(); 51];
    assert_eq!(code(&anna.ask("POST", "/ums/receipt", Some(&receipts(&many)))).0, 400);
}

fn success(seq: u64, bytes: u64, partners: Value) -> Value {
    json!({
        "overlay-id": "film", "content-id": content(), "seq": seq, "fragments": bytes / MIB,
        "bytes": bytes, "seconds": 2, "by-distance": {"1": bytes}, "partners": partners,
    })
}

/// Flow 8.3.8, in both shapes: successes to UMS, errors to OMS, both are held against each other,
/// and the owner of the overlay reads what became of it.
#[test]
fn flow_8_3_8_successes_and_errors_meet_and_the_owner_reads_the_result() {
    for shape in Shape::BOTH {
        let scene = Scene::start_as(shape, &[]);
        let anna = scene.anna();
        let (ben, carla) = (scene.member("ben", "127.0.0.11"), scene.member("carla", "127.0.0.12"));
        let report = |peer: &Peer, body: &Value| {
            granted(&peer.ask("POST", "/ums/success", Some(body)))["is-new"].clone()
        };
        // Anna gave fragments 0 to 4 to ben and calls all of them a success; ben got four.
        let gave = json!([{
            "peer-id": ben.id, "direction": "sent", "bytes": 5 * MIB, "fragments": [[0, 4]],
        }]);
        assert_eq!(report(&anna, &success(1, 0, gave)), true);
        assert_eq!(report(&ben, &success(1, 4 * MIB, json!([]))), true);
        assert_eq!(report(&carla, &success(1, 6 * MIB, json!([]))), true);
        assert_eq!(report(&ben, &success(1, 4 * MIB, json!([]))), false);
        let failure = json!({
            "overlay-id": "film",
            "reports": [{"kind": "timeout", "peer-id": anna.id, "fragment": 4, "at": unix_now()}],
        });
        for _ in 0..2 {
            let told = ben.ask("POST", "/oms/peer/report", Some(&failure));
            assert!((200..300).contains(&told.status), "{}", told.status);
        }

        let path = "/ums/result?overlay-id=film";
        let result = granted(&anna.ask("GET", path, None))["contents"][0].clone();
        assert_eq!((&result["bytes"], &result["consumers"]), (&json!(10 * MIB), &json!(2)));
        assert_eq!((&result["errors"], &result["contradicted"]), (&json!(1), &json!(1)));
        assert_eq!(result["by-distance"], json!({"1": 10 * MIB}));
        assert_eq!(code(&ben.ask("GET", path, None)), (404, json!("not-found")));
        let operator = scene.p2psp.operator("127.0.0.13");
        assert_eq!(granted(&operator.ask("GET", path, None))["contents"][0], result);
        let printed = scene.command(&["report", "film", "--format", "json"]).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap()["contents"][0], result);
        assert!(scene.command(&["report", "film"]).unwrap().contains("1 errors, 1 contradicted"));
    }
}

#[test]
fn reports_that_cannot_be_meant_are_refused() {
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let backwards =
        json!([{"peer-id": anna.id, "direction": "sent", "bytes": 1, "fragments": [[4, 2]]}]);
    for body in [
        success(0, MIB, json!([])),
        success(1, 1 << 60, json!([])),
        success(1, MIB, backwards),
        json!({"overlay-id": "film"}),
    ] {
        assert_eq!(code(&anna.ask("POST", "/ums/success", Some(&body))), (400, json!("body")));
    }
    // Certified, and never joined.
    let stranger = scene.p2psp.enrol("dora", "127.0.0.12").unwrap();
    let refused = stranger.ask("POST", "/ums/success", Some(&success(1, MIB, json!([]))));
    assert_eq!(code(&refused), (403, json!("no-member")));
}

/// Flow 8.3.9, first method: a serving peer has the class of another confirmed; the class follows
/// from what its user gave, by the operator's policy.
#[test]
fn flow_8_3_9_a_serving_peer_has_a_class_confirmed() {
    let scene = Scene::start(&[]);
    let (anna, ben) = (scene.anna(), scene.member("ben", "127.0.0.11"));
    let class = || {
        let path = format!("/ums/class?peer-id={}", anna.id);
        granted(&ben.ask("GET", &path, None))
    };
    assert_eq!((&class()["class"], &class()["qualified"]), (&json!(0), &json!(true)));
    let key = key_in(&ben.file("client-key.pem"));
    // So much counts though nobody has measured it.
    let signed = receipt(&anna.id, &key, 1, 50 * MIB).seal(&key).unwrap();
    assert_eq!(send(&ben, &[&signed])[0]["outcome"], "accepted");

    let policy = scene.folder.path().join("classes.toml");
    std::fs::write(&policy, "[[class]]\nclass = 2\nearned-mib = 50\n").unwrap();
    let file = policy.display().to_string();
    let dry = scene.command(&["class", "--policy", &file, "--dry-run"]).unwrap();
    assert_eq!(dry, "anna 0 -> 2 (50 MiB earned)\n1 would change\n");
    assert_eq!(class()["class"], 0);
    let done = scene.command(&["class", "--policy", &file]).unwrap();
    assert!(done.ends_with("1 changed\n"), "{done}");
    assert_eq!(class()["class"], 2);
    // A passkey says the same, at the next join.
    assert_eq!(anna.ask("DELETE", "/oms/peer", Some(&anna.join_request("film"))).status, 204);
    assert_eq!(passkey_class(&anna.join("film")), 2);

    scene.command(&["class", "set", "anna", "1"]).unwrap();
    assert!(scene.command(&["class", "--policy", &file]).unwrap().ends_with("0 changed\n"));
    assert_eq!(class()["class"], 1);
    let auto = scene.command(&["class", "set", "anna", "auto"]).unwrap();
    assert!(auto.starts_with("anna has class 1 until a policy changes it"), "{auto}");
    assert!(scene.command(&["class", "--policy", &file]).unwrap().ends_with("1 changed\n"));
    // Where the settings name the policy it holds at once.
    scene.command(&["class", "set", "anna", "1"]).unwrap();
    let set = format!("class.policy={file}");
    let auto = scene.command(&["class", "set", "anna", "auto", "--set", &set]).unwrap();
    assert_eq!(auto, "anna has class 2, as the policy gives\n");
    assert_eq!(class()["class"], 2);
    let nobody = ben.ask("GET", &format!("/ums/class?peer-id={}", "f".repeat(64)), None).json();
    assert_eq!((&nobody["class"], &nobody["qualified"]), (&json!(0), &json!(false)));
    let broken = scene.folder.path().join("broken.toml");
    std::fs::write(&broken, "[[class]]\nclass = 2\nearned = 1\n").unwrap();
    let refused = scene.command(&["class", "--policy", broken.to_str().unwrap()]).unwrap_err();
    assert!(refused.to_string().contains("line 3"), "{refused}");
}

/// The class in the passkey of an answer to a join, unchecked.
fn passkey_class(joined: &Value) -> u64 {
    use base64::Engine;
    let claims = joined["passkey"].as_str().expect("a passkey").split('.').nth(1).expect("claims");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["class"].as_u64().expect("a class")
}

/// Annex A: a user agrees, or not, to the status being shown, for all peers; where the user says
/// nothing each peer does.
#[test]
fn a_user_says_whether_status_may_be_shown() {
    for shape in Shape::BOTH {
        let scene = Scene::start_as(shape, &[]);
        let (anna, ben) = (scene.anna(), scene.p2psp.enrol("ben", "127.0.0.11").unwrap());
        let report = json!({"reports": [{"peer-id": anna.id, "status": {"cpu-load": 0.25}}]});
        for (consent, own, is_shown) in [
            (Value::Null, false, false),
            (Value::Null, true, true),
            (json!(true), false, true),
            (json!(false), true, false),
        ] {
            let body = json!({"show-status": consent});
            assert_eq!(anna.ask("PUT", "/ums/consent", Some(&body)).status, 204);
            let account = granted(&anna.ask("GET", "/ums/account", None));
            assert_eq!(account["show-status"], consent);
            let mut join = anna.join_request("film");
            join["sharing-policy"] = json!({"show-status": own});
            assert_eq!(anna.ask("DELETE", "/oms/peer", Some(&join)).status, 204);
            assert_eq!(anna.ask("POST", "/oms/peer", Some(&join)).status, 200);
            assert_eq!(anna.ask("POST", "/pams/status", Some(&report)).status, 204);
            let listed = ben.join("film")["status"]["peer_info_list"][0].clone();
            assert_eq!(listed["peer-id"], anna.id);
            assert_eq!(listed["status"].is_object(), is_shown, "{consent} {own}");
        }
    }
}
