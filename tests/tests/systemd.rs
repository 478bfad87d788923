//! As a service: the sandbox of the units, what the manager is told, and its sockets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use system_tests::daemon::{Daemon, program};
use system_tests::data::{self, project};
use system_tests::maps::Maps;
use system_tests::notified::Manager;
use system_tests::unis::Unis;
use system_tests::{http, python};

/// A served connection answers within this time.
const WORD_WITHIN: Duration = Duration::from_secs(60);
/// Worst score of a sandbox, in tenths (`systemd-analyze security`; 0 best, 100 worst).
const MOST_EXPOSED: &str = "15";

#[test]
fn the_units_keep_the_servers_in_a_sandbox() {
    for unit in ["unis", "p2psp", "peer"] {
        let path = project("deploy").join(format!("{unit}.service"));
        let mut command = Command::new("systemd-analyze");
        command.args(["security", "--no-pager", "--offline=true", "--threshold", MOST_EXPOSED]);
        let Ok(output) = command.arg(&path).output() else {
            eprintln!("systemd-analyze is not here: the sandboxes are not scored");
            return;
        };
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
        let score = report.lines().find(|line| line.contains("Overall exposure level"));
        assert!(score.is_some_and(|line| line.contains(unit)), "{report}");
        let socket = project("deploy").join(format!("{unit}.socket"));
        let units: Vec<_> = [path, socket].into_iter().filter(|unit| unit.is_file()).collect();
        assert_eq!(complaints(&units), "");
    }
}

/// What systemd finds wrong with units, but for the programs that are not installed here.
fn complaints(units: &[std::path::PathBuf]) -> String {
    let mut command = Command::new("systemd-analyze");
    let output =
        command.args(["verify", "--man=no"]).args(units).output().unwrap_or_else(|error| {
            panic!("systemd-analyze scores and does not verify: {error}");
        });
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_other = |line: &&str| !line.contains("is not executable: No such file or directory");
    said.lines().filter(is_other).collect::<Vec<_>>().join("\n")
}

/// Microseconds since the machine started, by the kernel.
fn uptime_us() -> f64 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse::<f64>().ok()).unwrap_or_default() * 1e6
}

#[test]
fn the_manager_hears_ready_reloading_and_stopping() {
    let manager = Manager::new().unwrap();
    let address = manager.address();
    let maps = Maps::rfc7285().unwrap();
    let more = ["--plaintext", "--set", "reload-poll-seconds=0"];
    let unis = Unis::start(&maps.sources(), &more, &[("NOTIFY_SOCKET", &address)]).unwrap();
    let serving = "STATUS=serving 3 PIDs, 5 prefixes";
    assert_eq!(manager.hears().unwrap(), ["READY=1", serving]);

    let before = uptime_us();
    unis.signal("HUP").unwrap();
    let words = manager.hears().unwrap();
    assert_eq!(words[0], "RELOADING=1");
    let at: f64 = words[1].strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
    // The kernel's file counts hundredths of a second.
    assert!((before - 10_000.0..=uptime_us() + 10_000.0).contains(&at), "{before} {at}");
    assert_eq!(manager.hears().unwrap(), ["READY=1", serving]);

    maps.put("cost-map.json", &serde_json::json!("\u{1b}[2J\n")).unwrap();
    unis.signal("HUP").unwrap();
    assert_eq!(manager.hears().unwrap()[0], "RELOADING=1");
    let words = manager.hears().unwrap();
    assert_eq!((words.len(), words[0].as_str()), (2, "READY=1"));
    assert!(
        words[1].starts_with("STATUS=reload refused (") && words[1].contains("still serving 3")
    );

    assert_eq!(unis.stop().unwrap(), Some(0));
    assert_eq!(manager.hears().unwrap()[0], "STOPPING=1");
}

/// Both daemons; `state` is where the second keeps its things.
fn daemons(state: &Path) -> Vec<(&'static str, Vec<String>)> {
    let unis = ["serve", "--plaintext", "--source", &data::small()[0]].map(str::to_owned);
    let state = state.display().to_string();
    let p2psp = ["serve", "--state-dir", &state].map(str::to_owned);
    vec![("unis", unis.to_vec()), ("p2psp", p2psp.to_vec())]
}

fn activated(sockets: &[&str], name: &str, arguments: &[String]) -> anyhow::Result<Command> {
    let mut command = python::plain("tests/clients/activate.py");
    command.args(sockets).arg("--").arg(program(name)?).args(arguments);
    Ok(command)
}

/// The settings say 127.0.0.1; the sockets are elsewhere.
#[test]
fn sockets_that_are_handed_over_are_served() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in daemons(folder.path()) {
        let sockets = ["tcp=127.0.0.2", "tcp=127.0.0.3"];
        let mut command = activated(&sockets, name, &arguments).unwrap();
        let daemon = Daemon::start(name, &mut command).unwrap();
        assert!(daemon.url.contains("//127.0.0.2:"), "{}", daemon.url);
        assert!(daemon.admin.contains("//127.0.0.3:"), "{}", daemon.admin);
        assert_eq!(http::get(&format!("{}/readyz", daemon.admin)).status, 200);
        if name == "unis" {
            assert_eq!(http::get(&daemon.url).status, 200);
        }
        assert_eq!(daemon.stop().unwrap(), Some(0));
    }
}

#[test]
fn sockets_that_are_of_no_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (sockets, says) in [
        (vec!["tcp=127.0.0.1"; 3], "3 sockets were handed over"),
        (vec!["udp=127.0.0.1"], "socket 1 that was handed over"),
        (vec!["tcp=127.0.0.1", "udp=127.0.0.1"], "socket 2 that was handed over"),
        (vec!["tcp=127.0.0.1", "tcp=0.0.0.0"], "stay on loopback"),
    ] {
        for (name, arguments) in daemons(folder.path()) {
            let output = activated(&sockets, name, &arguments).unwrap().output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(says), "{name} {sockets:?}: {said}");
        }
    }
    let (name, arguments) = daemons(folder.path()).remove(0);
    let output = activated(&["tcp=0.0.0.0"], name, &arguments).unwrap().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--plaintext serves loopback"), "{said}");
}

/// Who connects while one process has stopped and the next has not started waits, and is served.
#[test]
fn between_two_processes_no_connection_is_refused() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_, arguments) = daemons(Path::new("/nowhere")).remove(0);
    let start = || {
        // The socket comes as standard input and goes where the manager puts it.
        let mut command = Command::new("sh");
        command.args(["-c", r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null"#, "sh"]);
        command.arg(program("unis")?).args(&arguments);
        let handed: Stdio = OwnedFd::from(socket.try_clone()?).into();
        Daemon::start_with(handed, "unis", &mut command)
    };
    let first = start().unwrap();
    assert_eq!(http::get(&first.url).status, 200);
    assert_eq!(first.stop().unwrap(), Some(0));
    let mut client = TcpStream::connect(socket.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(WORD_WITHIN)).unwrap();
    client.write_all(b"GET /directory HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let second = start().unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(second);
}
