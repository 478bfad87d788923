//! A peer as a service: health, metrics, logs, what the service manager hears, settings read again.

use std::path::Path;

use serde_json::Value;
use system_tests::cities::{BERLIN, HAMBURG};
use system_tests::http::get;
use system_tests::notified::Manager;
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::scrape::Scrape;
use system_tests::swarm::{Scene, film};
use system_tests::wait::{until, until_so};

const ADMIN: [&str; 2] = ["--set", "admin-listen=127.0.0.1:0"];

#[test]
fn health_and_metrics_tell_how_a_peer_is() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 31, 1 << 20).expect("no film");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&ADMIN).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&ADMIN).expect("no daemon");
    getter.get(&id, &scene.at("got")).expect("not fetched");
    let admin = getter.said("admin").expect("no admin");
    assert_eq!(get(&format!("{admin}/livez")).status, 200);
    until_so("ready", || get(&format!("{admin}/readyz")).status == 200);
    let (got, given) = (scrape(&getter), scrape(&source));
    let all = film.len() as f64;
    // What is asked for twice at the end counts twice.
    let most = all * 1.5;
    let moved = |value: Option<f64>| value.is_some_and(|bytes| (all..most).contains(&bytes));
    assert!(moved(got.value("peer_received_bytes_total{rank=\"1\"}")), "{got:?}");
    assert!(moved(given.value("peer_sent_bytes_total")), "{given:?}");
    let direct = got.value("peer_received_by_path_bytes_total{path=\"direct\"}");
    assert_eq!(direct, got.value("peer_received_bytes_total{rank=\"1\"}"), "{got:?}");
    let ways = ["direct", "punched", "relay"].map(|way| format!("peer_links{{path=\"{way}\"}}"));
    let links: f64 = ways.iter().map(|name| got.value(name).expect("no such way")).sum();
    assert_eq!(Some(links), got.value("peer_neighbours"), "{got:?}");
    assert_eq!(got.value("peer_transfers{state=\"sharing\"}"), Some(1.0));
    assert_eq!(got.value("peer_transfers{state=\"fetching\"}"), Some(0.0));
    assert_eq!(got.value("peer_held_bytes"), Some(all));
    assert!(got.value("process_resident_memory_bytes").is_some_and(|bytes| bytes > 1e6));
    // The certificate's end is in the future.
    let ends = got.value("peer_link_cert_not_after_seconds{side=\"client\"}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("no time");
    assert!(ends.is_some_and(|ends| ends > now.as_secs_f64()), "{ends:?}");
    // A provider that is away is what readiness waits for.
    drop(scene.cities);
    let waits = until(|| {
        let answer = get(&format!("{admin}/readyz"));
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status == 503 { Ok(said) } else { Err(said) }
    });
    assert!(waits.expect("it stays ready").starts_with("the provider: "));
    assert_eq!(get(&format!("{admin}/livez")).status, 200);
}

fn scrape(peer: &PeerProgram) -> Scrape {
    Scrape::of(&peer.said("admin").expect("no admin"))
}

#[test]
fn the_manager_hears_of_a_peer_and_hup_reads_its_limits_again() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let mut peer = scene.peer("anna", BERLIN).expect("not enrolled");
    let config = scene.at("peer.toml");
    std::fs::write(&config, "[limits]\nup-kbps = 1000\n").expect("no settings");
    let manager = Manager::new().expect("no manager");
    let file = config.display().to_string();
    let address = manager.address();
    peer.serve_with(&["--config", &file], &[("NOTIFY_SOCKET", &address)]).expect("no daemon");
    let words = manager.hears().expect("nothing heard");
    assert_eq!(words[0], "READY=1");
    assert!(
        words[1].starts_with("STATUS=port ") && words[1].ends_with(", 0 contents"),
        "{words:?}"
    );

    std::fs::write(&config, "[limits]\nup-kbps = 2000\n").expect("no settings");
    peer.signal("HUP").expect("no signal");
    assert_eq!(manager.hears().expect("nothing heard")[0], "RELOADING=1");
    assert_eq!(manager.hears().expect("nothing heard")[0], "READY=1");
    let up = |peer: &PeerProgram| peer.run(&["limits"]).expect("no limits");
    assert!(up(&peer).contains("up-kbps = 2000"), "{}", up(&peer));

    // What was set by command stays, and what was not is read again.
    peer.run(&["limits", "--down", "700"]).expect("not set");
    std::fs::write(&config, "[limits]\nup-kbps = 2500\ndown-kbps = 9\n").expect("no settings");
    peer.signal("HUP").expect("no signal");
    assert_eq!(manager.hears().expect("nothing heard")[0], "RELOADING=1");
    assert_eq!(manager.hears().expect("nothing heard")[0], "READY=1");
    let now = up(&peer);
    assert!(now.contains("\nup-kbps = 2500\ndown-kbps = 700\n"), "{now}");

    std::fs::write(&config, "[limits]\nup = 3000\n").expect("no settings");
    peer.signal("HUP").expect("no signal");
    assert_eq!(manager.hears().expect("nothing heard")[0], "RELOADING=1");
    let words = manager.hears().expect("nothing heard");
    assert!(words[1].starts_with("STATUS=settings refused (") && words[1].contains("peer.toml"));
    assert_eq!(up(&peer), now);

    peer.signal("TERM").expect("no signal");
    assert_eq!(manager.hears().expect("nothing heard")[0], "STOPPING=1");
    assert_eq!(peer.ended().expect("no end"), Some(0));
}

/// The settings say another address; the manager holds the sockets over a restart.
#[test]
fn a_peer_serves_on_the_sockets_that_it_is_handed() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 33, 1 << 20).expect("no film");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve_handed(&[BERLIN, "127.0.0.1"], &["--set", "listen=127.9.9.9:0"]).expect("no peer");
    source.share(&scene.at("source/film.bin")).expect("not shared");
    let admin = source.said("admin").expect("no admin");
    until_so("ready", || get(&format!("{admin}/readyz")).status == 200);
    let getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.get("film.bin", &scene.at("got")).expect("not fetched");
    assert!(std::fs::read(scene.at("got/film.bin")).expect("no file") == film);
}

#[test]
fn logs_are_text_or_json_or_records_of_syslog() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let mut peer = scene.peer("anna", BERLIN).expect("not enrolled");
    let log = |peer: &PeerProgram| {
        std::fs::read_to_string(peer.state().join("log")).expect("no log").trim().to_owned()
    };
    let end = |peer: &mut PeerProgram| {
        peer.signal("TERM").expect("no signal");
        assert_eq!(peer.ended().expect("no end"), Some(0));
    };
    peer.serve(&["--set", "log.level=info"]).expect("no daemon");
    end(&mut peer);
    assert!(log(&peer).contains("stopped") && log(&peer).contains(" INFO "), "{}", log(&peer));
    peer.serve(&["--set", "log.level=info", "--set", "log.format=json"]).expect("no daemon");
    end(&mut peer);
    let lines: Vec<Value> =
        log(&peer).lines().map(|line| serde_json::from_str(line).expect("no JSON")).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "stopped"), "{lines:?}");
    let receiver = std::os::unix::net::UnixDatagram::bind(scene.at("syslog")).expect("no socket");
    receiver.set_read_timeout(Some(system_tests::wait::AMPLE)).expect("no bound");
    let target = format!("log.target=unix:{}", scene.at("syslog").display());
    peer.serve(&["--set", "log.level=info", "--set", &target]).expect("no daemon");
    end(&mut peer);
    let stopped = until(|| {
        let mut record = [0; 4096];
        let length = receiver.recv(&mut record).map_err(|error| error.to_string())?;
        let record = String::from_utf8_lossy(&record[..length]).into_owned();
        if record.contains("stopped") { Ok(record) } else { Err(record) }
    });
    // RFC 5424 §6: priority, version 1, and the name of the program.
    let stopped = stopped.expect("no record");
    assert!(stopped.starts_with('<') && stopped.contains(">1 ") && stopped.contains(" peer "));
    assert_eq!(log(&peer), "");
}

/// The commands that need no daemon and no provider.
#[test]
fn settings_are_documented_and_the_unit_uses_such_as_exist() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let peer = scene.peer("anna", BERLIN).expect("not enrolled");
    let unit = system_tests::data::project("deploy/peer.service");
    let unit = std::fs::read_to_string(Path::new(&unit)).expect("no unit");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("no start");
    let options = start.split(' ').filter(|word| word.starts_with("--"));
    let help = peer.run(&["serve", "--help"]).expect("no help");
    for option in options {
        assert!(help.contains(option), "{option} is none of {help}");
    }
}
