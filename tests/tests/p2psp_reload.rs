//! SIGHUP: what of the settings changes while the provider runs, and what waits for a restart; and
//! what a service manager and a log hear of that.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::daemon::{Daemon, program};
use system_tests::p2psp::P2psp;
use system_tests::syslog::Record;

/// A word or record comes by then.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// Lists, activity and ISPs change; the rest is named in the log; a broken file changes nothing.
#[test]
fn lists_activity_and_isps_are_taken_over_and_the_rest_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("p2psp.toml");
    let write = |text: &str| std::fs::write(&file, text).expect("a file");
    write("[list]\nsize = 3\n");
    let config = file.display().to_string();
    let state = folder.path().join("state");
    let p2psp = P2psp::start(&state, &["--config", &config]).expect("a server");
    let operator = p2psp.operator("127.0.0.9");
    let film = json!({"overlay-id": "film"});
    assert_eq!(operator.ask("POST", "/oms/overlay", Some(&film)).status, 201);
    let peers: Vec<_> = ["anna", "ben", "carla", "dora", "emil"]
        .into_iter()
        .zip(10..)
        .map(|(user, host)| {
            let peer = p2psp.enrol(user, &format!("127.0.0.{host}")).expect("a peer");
            let _ = peer.join("film");
            peer
        })
        .collect();
    let anna = &peers[0];
    let count = |answer: &Value| answer["status"]["peer_info_list"].as_array().map(Vec::len);
    assert_eq!(count(&anna.refresh("film")), Some(3));
    let reload = |text: &str, word: &str| {
        write(text);
        p2psp.daemon.signal("HUP").expect("it runs");
        p2psp.daemon.wait_for_log(word).expect("it says so")
    };
    reload(
        "[list]\nsize = 1\nmax-size = 2\n[activity]\nreport-seconds = 40\n",
        "settings taken over",
    );
    let answer = anna.refresh("film");
    assert_eq!(count(&answer), Some(1));
    assert_eq!(answer["report-policy"]["status-interval"], 40);
    let mut greedy = anna.join_request("film");
    greedy["peer_num"] = json!(60_000);
    assert_eq!(count(&anna.ask("PUT", "/oms/peer", Some(&greedy)).json()), Some(2));

    // A load of 0.5 is too much from now on.
    let report = json!({"reports": [{"peer-id": anna.id, "status": {"cpu-load": 0.5}}]});
    assert_eq!(anna.ask("POST", "/pams/status", Some(&report)).status, 204);
    let overloaded = || anna.ask("GET", "/pams/status", None).json()["overloaded"].clone();
    assert_eq!(overloaded(), false);
    reload("[activity]\noverload = 0.4\n", "settings taken over");
    assert_eq!(overloaded(), true);

    // An ISP comes; nobody answers there, which holds up no list.
    let ca = p2psp.pki("ca.pem");
    let isp = format!("[[isp]]\nname = \"a\"\nurl = \"https://127.0.0.1:1\"\nbundle = {ca:?}\n");
    reload(&isp, "settings taken over");
    let explain = format!("/oms/explain?overlay-id=film&peer-id={}", anna.id);
    let explained = operator.ask("GET", &explain, None).json();
    assert_eq!((&explained["isp"], &explained["ranked-by"]), (&json!("a"), &json!("score")));
    assert_eq!(count(&anna.refresh("film")), Some(4));

    let line = reload("[overlay]\nmax-members = 7\n", "need a restart");
    assert!(line.contains("overlay"), "{line}");
    let line = reload("[list]\nsize = \"many\"\n", "reload refused");
    assert!(line.contains("the old settings stay in force"), "{line}");
    assert_eq!(count(&anna.refresh("film")), Some(4));
}

/// What the service manager and a receiver of syslog (RFC 5424) hear of P2PSP: ready, reloads and
/// their refusal, the end.
#[test]
fn the_service_manager_and_syslog_hear_of_start_reload_and_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let bind = |name: &str| {
        let socket = UnixDatagram::bind(folder.path().join(name)).expect("a socket");
        socket.set_read_timeout(Some(HEARD_WITHIN)).expect("a time-out");
        socket
    };
    let (manager, receiver) = (bind("notify"), bind("log"));
    let hears = |socket: &UnixDatagram| {
        let mut room = vec![0; 65_536];
        let length = socket.recv(&mut room).expect("something is heard");
        room.truncate(length);
        room
    };
    let word = || String::from_utf8(hears(&manager)).expect("a text");
    let record = |text: &str| loop {
        let record = Record::parse(&hears(&receiver)).expect("a record of RFC 5424");
        if record.message.contains(text) {
            return record;
        }
    };
    let file = folder.path().join("p2psp.toml");
    std::fs::write(&file, "[list]\nsize = 3\n").expect("a file");
    let mut command = Command::new(program("p2psp").expect("it is built"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--state-dir"]);
    command.arg(folder.path().join("state")).arg("--config").arg(&file);
    let target = format!("log.target=unix:{}", folder.path().join("log").display());
    command.args(["--set", &target]).env("NOTIFY_SOCKET", folder.path().join("notify"));
    let p2psp = Daemon::start("p2psp", &mut command).expect("it starts");
    let ready = word();
    assert!(ready.starts_with("READY=1\nSTATUS=serving https://"), "{ready}");

    p2psp.signal("HUP").expect("it runs");
    assert!(word().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert!(word().starts_with("READY=1\nSTATUS=serving"));
    let taken = record("settings taken over");
    assert_eq!((taken.facility, taken.severity, &*taken.program), (3, 6, "p2psp"));
    assert_eq!((&*taken.kind, taken.process), ("p2psp::reload", p2psp.id().to_string()));

    std::fs::write(&file, "[list]\nsise = 3\n").expect("a file");
    p2psp.signal("HUP").expect("it runs");
    assert!(word().starts_with("RELOADING=1"));
    let refused = word();
    assert!(refused.contains("STATUS=reload refused (") && refused.contains("sise"), "{refused}");
    assert_eq!(record("reload refused").severity, 3);
    assert_eq!(p2psp.stop().expect("it ends"), Some(0));
    assert!(word().starts_with("STOPPING=1"));
    assert_eq!(record("stopped").severity, 6);
}
