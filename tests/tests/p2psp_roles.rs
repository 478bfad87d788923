//! A provider's roles in processes of their own: mutual TLS between them, each with its own name,
//! and what is left when one of them is gone.

use serde_json::{Value, json};
use system_tests::curl;
use system_tests::http::Answer;
use system_tests::p2psp::{P2psp, Peer, Shape, addresses, run};
use system_tests::peer::PeerProgram;
use tempfile::TempDir;

struct Scene {
    p2psp: P2psp,
    folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let state = folder.path().join("state");
        let p2psp = P2psp::start_as(Shape::FourProcesses, &state, &[]).expect("four servers");
        let made = p2psp.operator("127.0.0.1").ask(
            "POST",
            "/oms/overlay",
            Some(&json!({"overlay-id": "film"})),
        );
        assert_eq!(made.status, 201);
        Self { p2psp, folder }
    }

    fn peer(&self, user: &str, address: &str) -> Peer {
        self.p2psp.enrol(user, address).expect("a peer")
    }

    /// Asks a role with the certificate of a server of ours.
    fn ask_as(&self, server: &str, of: &str, path: &str, body: &Value) -> Answer {
        let pki = self.folder.path().join("state").join(server).join("pki");
        let own = (pki.join("client.pem"), pki.join("client-key.pem"));
        let mut command = curl::with(&pki.join("ca.pem"), Some((&own.0, &own.1)));
        command.args(["--data", &body.to_string()]);
        let url = format!("{}{path}", self.p2psp.role(of).url);
        curl::run(command.arg(url)).expect("an answer")
    }
}

/// The role × operation table holds between servers as well: only OMS may ask what OMS asks.
#[test]
fn a_role_answers_the_role_that_may_ask_and_nobody_else() {
    let scene = Scene::start();
    let asked = json!({"peers": ["a".repeat(64)], "now": 1});
    let path = "/roles/pams/standings";
    let told = scene.ask_as("oms", "pams", path, &asked);
    assert_eq!((told.status, told.json()), (200, json!([null])));
    let refused = scene.ask_as("ixs", "pams", path, &asked);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("role")));
    let anna = scene.peer("anna", "127.0.0.10");
    let url = format!("{}{path}", scene.p2psp.role("pams").url);
    let own = (anna.file("client.pem"), anna.file("client-key.pem"));
    let mut command = curl::with(&anna.file("ca.pem"), Some((&own.0, &own.1)));
    let refused = curl::run(command.args(["--data", &asked.to_string(), &url])).unwrap();
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (403, &json!("role")));
    // A role is where it is: OMS has no line of PAMS.
    assert_eq!(scene.ask_as("oms", "oms", path, &asked).status, 404);
}

/// Lists do not wait for a role that is gone: they go out without what it knew.
#[test]
fn a_list_goes_out_though_the_other_roles_are_gone() {
    let scene = Scene::start();
    let (anna, ben) = (scene.peer("anna", "127.0.0.10"), scene.peer("ben", "127.0.0.11"));
    let _ = ben.join("film");
    let busy = json!({"reports": [{"peer-id": ben.id, "status": {"cpu-load": 0.25}}]});
    assert_eq!(ben.ask("POST", "/pams/status", Some(&busy)).status, 204);
    let joined = anna.join("film");
    assert_eq!(joined["status"]["peer_info_list"][0]["score"], 0.75);
    for role in ["pams", "ums"] {
        scene.p2psp.role(role).signal("KILL").unwrap();
    }
    let refreshed = anna.refresh("film");
    assert_eq!(addresses(&refreshed), ["127.0.0.11"]);
    assert_eq!(refreshed["status"]["peer_info_list"][0]["score"], 0.5);
}

/// Whoever has a certificate of the provider reads what can be asked, in any process.
#[test]
fn what_can_be_asked_is_told_to_any_certificate() {
    let scene = Scene::start();
    let (anna, path) = (scene.peer("anna", "127.0.0.10"), "/openapi.json");
    let told = anna.ask("GET", path, None).json();
    let join = &told["paths"]["/oms/peer"]["post"];
    assert_eq!((&join["operationId"], &join["x-roles"]), (&json!("join"), &json!(["peer", "cs"])));
    let pki = scene.p2psp.pki("ca.pem");
    let url = format!("{}{path}", scene.p2psp.daemon.url);
    assert_eq!(curl::run(curl::with(&pki, None).arg(url)).unwrap().status, 403);
    let printed: Value = serde_json::from_str(&run(&["openapi"]).unwrap()).unwrap();
    assert_eq!(printed, told);
}

/// The index says where OMS is, which is another process.
#[test]
fn the_index_names_the_process_of_oms() {
    let scene = Scene::start();
    let found = scene.peer("anna", "127.0.0.10").ask("GET", "/ixs/content?q=x", None).json();
    assert_eq!(found["oms"], scene.p2psp.daemon.url);
}

/// A server with a good certificate of another name is not asked.
#[test]
fn a_server_of_another_name_is_not_taken_for_the_role() {
    let scene = Scene::start();
    let file = scene.folder.path().join("state").join("oms.toml");
    let (ums, ixs) = (&scene.p2psp.role("ums").url, &scene.p2psp.role("ixs").url);
    let text = std::fs::read_to_string(&file).unwrap().replace(ums.as_str(), ixs);
    std::fs::write(&file, text).unwrap();
    scene.p2psp.daemon.signal("HUP").unwrap();
    scene.p2psp.daemon.wait_for_log("settings taken over").unwrap();
    let anna = scene.peer("anna", "127.0.0.10");
    let _ = anna.join("film");
    assert_eq!(anna.ask("GET", "/ums/profile", None).status, 404);
}

/// A process without the CA starts with what it enrolled for, and with nothing else.
#[test]
fn a_process_without_the_authority_needs_a_certificate_of_its_role() {
    let scene = Scene::start();
    let folder = scene.folder.path();
    let serve = |state: &str| {
        let state = folder.join(state).display().to_string();
        let url = scene.p2psp.role("ums").url.clone();
        let authority = format!("authority-url={url}");
        let listen = ["--listen", "127.0.0.1:0", "--state-dir", &state, "--set", &authority];
        let begin = ["serve", "--role", "ixs"];
        run(&[&begin[..], &listen[..]].concat()).unwrap_err().to_string()
    };
    assert!(serve("nothing").contains("nothing was enrolled for"), "{}", serve("nothing"));
    let (enrolled, other) = (folder.join("state/oms/pki"), folder.join("other/pki"));
    std::fs::create_dir_all(&other).unwrap();
    for name in ["ca.pem", "client.pem", "client-key.pem"] {
        std::fs::copy(enrolled.join(name), other.join(name)).unwrap();
    }
    assert!(serve("other").contains("/oms/1 is no ixs"), "{}", serve("other"));
    // Nor over the folder of one that runs.
    assert!(serve("state/oms").contains("a server is running over"), "{}", serve("state/oms"));
}

/// The operator's commands find the server that has the role, or say which one to ask.
#[test]
fn commands_ask_the_server_of_the_role_or_say_which_that_is() {
    let scene = Scene::start();
    let state = scene.folder.path().join("state");
    let at = |name: &str| state.join(name).display().to_string();
    let (users, overlays) = (state.display().to_string(), at("oms"));
    let url = |role: &str| scene.p2psp.role(role).url.replace("127.0.0.1", "localhost");
    // By the settings of the process with the CA, which name OMS.
    let settings = ["--config", &at("ums.toml"), "--set", "role=[\"ums\"]"];
    let said = run(&[&["overlays", "--state-dir", &users][..], &settings].concat()).unwrap();
    assert!(said.starts_with("film "), "{said}");
    let said = run(&[&["peers", "film", "--state-dir", &users][..], &settings].concat()).unwrap();
    assert_eq!(said, "no members of film\n");
    let said = run(&["overlays", "--state-dir", &users, "--url", &url("oms")]).unwrap();
    assert!(said.starts_with("film "), "{said}");

    let refused = |typed: &[&str]| run(typed).unwrap_err().to_string();
    let other = refused(&["overlays", "--state-dir", &users, "--url", &url("ums")]);
    assert!(other.contains("does not have the role oms: --url names"), "{other}");
    let server = refused(&["overlays", "--state-dir", &overlays, "--url", &url("oms")]);
    assert!(
        server.contains("is no operator's certificate") && server.contains("--url"),
        "{server}"
    );
    let authority = format!("authority-url={}", url("ums"));
    for command in [&["invite", "anna"][..], &["pki", "status"]] {
        let typed = [command, &["--state-dir", &overlays, "--set", &authority]].concat();
        let told = refused(&typed);
        assert!(told.contains(&format!("the CA is not here but at {}", url("ums"))), "{told}");
        let told = refused(&[command, &["--state-dir", &overlays]].concat());
        assert!(told.contains("the CA is not here but where"), "{told}");
    }
    let there = refused(
        &[
            &["users", "--state-dir", &overlays][..],
            &["--config", &at("oms.toml"), "--set", "role=[\"oms\"]"],
        ]
        .concat(),
    );
    assert!(there.contains("the role ums is with the server at"), "{there}");
}

/// Each process has a backup of its own, and takes no other's: the CA's key would be with OMS.
#[test]
fn each_process_is_put_away_and_back_by_itself() {
    let Scene { p2psp, folder } = Scene::start();
    let state = folder.path().join("state");
    let at = |path: &std::path::Path| path.display().to_string();
    let places = [("ums", state.clone()), ("oms", state.join("oms")), ("ixs", state.join("ixs"))];
    let file = |role: &str| at(&folder.path().join(format!("{role}.backup")));
    for (role, place) in &places {
        run(&["backup", &file(role), "--state-dir", &at(place)]).unwrap();
    }
    drop(p2psp);
    for (role, place) in &places {
        for (other, _) in places.iter().filter(|(other, _)| other != role) {
            let refused = run(&["restore", &file(other), "--state-dir", &at(place)]).unwrap_err();
            assert!(refused.to_string().contains("is of another server"), "{role}: {refused}");
        }
        run(&["restore", &file(role), "--state-dir", &at(place)]).unwrap();
    }
    assert!(!state.join("oms/pki/ca-key.pem").exists());
}

/// A peer that was not told where the roles are says what is missing.
#[test]
fn a_peer_that_asks_the_wrong_server_says_which_setting_names_the_right_one() {
    let scene = Scene::start();
    let peer = PeerProgram::enrol(&scene.p2psp, "anna", "127.0.0.10", scene.folder.path()).unwrap();
    let oms = format!("provider.ixs={}", scene.p2psp.role("oms").url);
    let refused = peer.run(&["search", "film", "--set", &oms]).unwrap_err().to_string();
    let told = "is not where the provider's ixs is: `provider.ixs` in the settings";
    assert!(refused.contains(told), "{refused}");
}
