//! Logs as text, JSON and syslog (RFC 5424), read by real receivers; nothing in them moves a
//! terminal.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use serde_json::{Value, json};
use system_tests::maps::Maps;
use system_tests::syslog::Record;
use system_tests::unis::{self, Unis};

/// A receiver waits no longer for a record.
const RECORD_WITHIN: Duration = Duration::from_secs(60);
/// More than any record.
const ROOM: usize = 65_536;
/// §6.2.1: daemon is facility 3, errors are severity 3, information is 6.
const DAEMON: u8 = 3;
const ERROR: u8 = 3;
const INFORMATIONAL: u8 = 6;

/// The record that contains `text`; those before it are read, too, and have to be records.
fn record(mut receive: impl FnMut(&mut [u8]) -> std::io::Result<usize>, text: &str) -> Record {
    let mut room = vec![0; ROOM];
    loop {
        let length = receive(&mut room).unwrap_or_else(|error| panic!("no {text:?}: {error}"));
        let record = Record::parse(&room[..length]);
        let record = record.unwrap_or_else(|error| panic!("{error} in {:?}", &room[..length]));
        if record.message.contains(text) {
            return record;
        }
    }
}

#[test]
fn j7_a_local_receiver_gets_records_of_rfc_5424() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(RECORD_WITHIN)).unwrap();
    let maps = Maps::rfc7285().unwrap();
    let target = format!("log.target=unix:{}", path.display());
    let unis = Unis::plain(&maps.sources(), &["--set", &target, "--set", "reload-poll-seconds=0"]);
    let unis = unis.unwrap();

    unis.signal("HUP").unwrap();
    let reloaded = record(|room| socket.recv(room), "map reloaded");
    assert_eq!((reloaded.facility, reloaded.severity), (DAEMON, INFORMATIONAL));
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    assert_eq!(reloaded.host, host.trim());
    assert_eq!((&*reloaded.program, &*reloaded.process), ("unis", &*unis.id().to_string()));
    assert_eq!((&*reloaded.kind, &*reloaded.data), ("unis::reload", "-"));
    let age = reloaded.age_s().unwrap();
    assert!((-5.0..120.0).contains(&age), "{age}");

    maps.put("cost-map.json", &json!("no map")).unwrap();
    unis.signal("HUP").unwrap();
    let refused = record(|room| socket.recv(room), "reload refused");
    assert_eq!((refused.facility, refused.severity), (DAEMON, ERROR));
}

#[test]
fn j7_a_receiver_elsewhere_gets_json_in_records() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(RECORD_WITHIN)).unwrap();
    let target = format!("log.target=udp:{}", socket.local_addr().unwrap());
    let maps = Maps::rfc7285().unwrap();
    let set = ["--set", &target, "--set", "log.format=json"];
    let unis = Unis::plain(&maps.sources(), &set).unwrap();
    unis.signal("HUP").unwrap();
    let record = record(|room| socket.recv(room), "map reloaded");
    let said: Value = serde_json::from_str(&record.message).unwrap();
    assert_eq!([&said["level"], &said["target"]], ["INFO", "unis::reload"]);
    assert_eq!(said["fields"]["network"], "network-map");
}

#[test]
fn json_on_standard_error_is_one_object_a_line() {
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", "log.format=json"]).unwrap();
    unis.signal("HUP").unwrap();
    let line = unis.wait_for_log("map reloaded").unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(said["fields"]["message"], "map reloaded");
}

/// Nobody receives: the lines are not lost.
#[test]
fn what_syslog_does_not_take_goes_to_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("log.target=unix:{}", folder.path().join("nobody").display());
    let maps = Maps::rfc7285().unwrap();
    let unis = Unis::plain(&maps.sources(), &["--set", &target]).unwrap();
    unis.signal("HUP").unwrap();
    let line = unis.wait_for_log("map reloaded").unwrap();
    assert!(line.starts_with("<30>1 ") && line.contains("not taken by syslog"), "{line}");
}

/// A file's name, and a name in a file, that would clear the screen, recolour it or fake a line.
#[test]
fn names_that_would_move_a_terminal_are_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a\u{1b}[2J\u{9b}31m\nb.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    let pop = |name: &str| format!("[[pop]]\nname = {name:?}\nprefixes = [\"192.0.2.0/24\"]\n");
    write(&pop("A"));
    let source = format!("inventory={}", file.display());
    for format in ["text", "json"] {
        let set = format!("log.format={format}");
        let more = ["reload-poll-seconds=0"];
        let more = more.iter().flat_map(|set| ["--set", set]);
        let more: Vec<&str> = ["--set", &set].into_iter().chain(more).collect();
        let unis = Unis::plain(std::slice::from_ref(&source), &more).unwrap();
        let bad = r#"[[pop]]
name = "\u001b[31mB"
prefixes = ["\u001b[32m", "192.0.2.0/24"]
"#;
        write(bad);
        unis.signal("HUP").unwrap();
        let line = unis.wait_for_log("WARN").unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        write("[[pop]]\nname = 5\n");
        unis.signal("HUP").unwrap();
        let line = unis.wait_for_log("reload refused").unwrap();
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let escapes = ["\\u{1b}[2J", "\\u{9b}31m"];
        assert!(escapes.iter().all(|escape| line.contains(escape)), "{line:?}");
        assert!(line.contains("b.toml"), "the name's second line is not in {line:?}");
        write(&pop("A"));
    }
    write("no toml");
    let said = unis::run(["check", "--source", &source]).unwrap();
    let text = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(2));
    assert!(!text.replace('\n', "").chars().any(char::is_control), "{text:?}");
}

#[test]
fn a_target_that_is_none_is_refused() {
    let source = system_tests::data::small().remove(0);
    let said = unis::run([
        "serve",
        "--plaintext",
        "--source",
        &source,
        "--set",
        "log.target=tcp:127.0.0.1:514",
    ]);
    let said = said.unwrap();
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(2));
    assert!(text.contains("log") && text.contains("udp:IP:PORT"), "{text}");
}

/// A million rows of no use would be a million lines.
#[test]
fn of_many_warnings_the_first_hundred_are_logged_and_the_rest_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.toml");
    let bad: Vec<String> = (0..250).map(|number| format!("no-prefix-{number}")).collect();
    std::fs::write(&file, format!("[[pop]]\nname = \"A\"\nprefixes = {bad:?}\n")).unwrap();
    let unis = Unis::plain(&[format!("inventory={}", file.display())], &[]).unwrap();
    let first = unis.wait_for_log("no-prefix-0").unwrap();
    assert!(first.contains("WARN"), "{first}");
    unis.wait_for_log("no-prefix-98").unwrap();
    let last = unis.wait_for_log("further warnings").unwrap();
    let checked = unis::run(["check", "--source", &format!("inventory={}", file.display())]);
    let checked = String::from_utf8(checked.unwrap().stdout).unwrap();
    let is_warning = |line: &&str| line.contains("network.toml:") && line.ends_with(']');
    let all = checked.lines().filter(is_warning).count();
    assert!(all >= 250 && last.contains(&format!("more={}", all - 100)), "{all} {last}");
}

/// 50 cities, 11 neighbours and the default PID; 3,069 prefixes and its two.
#[test]
fn the_log_says_at_the_start_what_is_served_and_where() {
    let unis = Unis::plain(&system_tests::data::germany50(), &[]).unwrap();
    let line = unis.wait_for_log("serving 62 PIDs, 3071 prefixes").unwrap();
    assert!(line.contains("INFO") && line.contains(&unis.at("directory")), "{line}");
}
