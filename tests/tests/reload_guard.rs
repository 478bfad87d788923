//! Reloads that must not happen, or must end: files that are no files, that hang, or that lost most
//! of what they had.

#![allow(clippy::unwrap_used, reason = "what sets a test up fails as its body does")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use system_tests::unis::{self, Unis};
use system_tests::wait::until_seen;
use system_tests::{data, http};

const BY_HAND: [&str; 4] =
    ["--set", "reload-poll-seconds=0", "--set", "reload-max-loss-percent=50"];
/// For the line of a log, or an end, that has no reason to take long.
const SOON: Duration = Duration::from_secs(30);

/// A copy of files that a test may change.
struct Files {
    folder: tempfile::TempDir,
    sources: Vec<String>,
}

impl Files {
    fn of(sources: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copied = sources.iter().map(|source| {
            let (format, path) = source.split_once('=').unwrap();
            let copy = folder.path().join(Path::new(path).file_name().unwrap());
            std::fs::copy(path, &copy).unwrap();
            format!("{format}={}", copy.display())
        });
        let sources = copied.collect();
        Self { folder, sources }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn serve(&self, more: &[&str]) -> Unis {
        Unis::plain(&self.sources, &[&BY_HAND, more].concat()).unwrap()
    }
}

/// Sends SIGHUP; the log line that tells of the outcome.
fn reload(server: &Unis) -> String {
    server.signal("HUP").unwrap();
    server.wait_for_log("reload").unwrap()
}

/// How many prefixes the server has, by its metrics.
fn prefixes(server: &Unis) -> String {
    let text = String::from_utf8(http::get(&format!("{}/metrics", server.admin)).body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("unis_prefixes{"));
    line.unwrap().split_once(' ').unwrap().1.to_owned()
}

#[test]
fn a_pipe_in_place_of_a_file_is_refused_and_blocks_nothing() {
    let files = Files::of(&data::small());
    let (source, text) = (files.path("small.toml"), files.text("small.toml"));
    let server = files.serve(&[]);
    std::fs::remove_file(&source).unwrap();
    assert!(Command::new("mkfifo").arg(&source).status().unwrap().success());
    for _ in 0..2 {
        let line = reload(&server);
        assert!(line.contains("small.toml: is no regular file"), "{line}");
    }
    let refused = unis::run(["serve", "--plaintext", "--source", &files.sources[0]]).unwrap();
    assert_eq!(refused.status.code(), Some(2));
    unis::replace(&source, &text.replace("igp = 10", "igp = 11")).unwrap();
    assert!(reload(&server).contains("map reloaded"));
    assert_eq!(server.stop().unwrap(), Some(0));
}

/// Holds a lease on a file: whoever opens it waits, as for a disk that hangs (fcntl(2)).
struct Lease(Child);

impl Lease {
    fn on(file: &Path) -> Self {
        let script = "import fcntl, os, signal, sys\n\
                      signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
                      file = os.open(sys.argv[1], os.O_RDWR)\n\
                      fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
                      print('held', flush=True)\n\
                      sys.stdin.read()\n";
        let mut command = Command::new("python3");
        command.args(["-c", script]).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(child)
    }

    fn release(mut self) {
        drop(self.0.stdin.take());
        let mut rest = String::new();
        self.0.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_file_that_hangs_is_given_up_and_later_ones_are_loaded() {
    let files = Files::of(&data::small());
    let (source, text) = (files.path("small.toml"), files.text("small.toml"));
    let server = files.serve(&["--set", "reload-timeout-seconds=1"]);
    let lease = Lease::on(&source);
    let line = reload(&server);
    assert!(line.contains("not done after 1 s"), "{line}");
    assert!(reload(&server).contains("the one before is not done"));
    assert_eq!(http::get(&server.url).status, 200);
    lease.release();
    unis::replace(&source, &text.replace("igp = 10", "igp = 11")).unwrap();
    // The thread that hung needs a moment to end.
    until_seen("the map is reloaded", || reload(&server), |line| line.contains("map reloaded"));
    assert_eq!(server.stop().unwrap(), Some(0));
}

#[test]
fn a_file_that_hangs_does_not_hold_up_the_end() {
    let files = Files::of(&data::small());
    let mut server = files.serve(&["--set", "reload-timeout-seconds=1"]);
    let _lease = Lease::on(&files.path("small.toml"));
    assert!(reload(&server).contains("not done after 1 s"));
    let begin = Instant::now();
    server.signal("TERM").unwrap();
    assert_eq!(server.wait_for_exit().unwrap(), Some(0));
    // The lease alone would last for 45 s.
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
}

#[test]
fn a_list_that_lost_its_rows_is_put_in_force_only_when_told_twice() {
    let files = Files::of(&data::germany50());
    let server = files.serve(&[]);
    let (all, list) = (prefixes(&server), files.text("prefixes.csv"));
    let header = list.lines().next().unwrap().to_owned() + "\n";
    unis::replace(&files.path("prefixes.csv"), &header).unwrap();
    let line = reload(&server);
    // The rows of the list, and 0.0.0.0/0 and ::/0 are not among them.
    let rows = list.lines().count() - 1;
    let told = format!("{rows} of {rows} prefixes would be gone");
    assert!(line.contains(&told) && line.contains("old version stays"), "{line}");
    assert_eq!(prefixes(&server), all);
    assert!(reload(&server).contains("map reloaded"));
    assert_eq!(prefixes(&server), "2");
}

#[test]
fn a_sighup_does_not_confirm_what_polling_was_refused() {
    let files = Files::of(&data::germany50());
    let server = files.serve(&["--set", "reload-poll-seconds=1"]);
    let all = prefixes(&server);
    unis::replace(&files.path("prefixes.csv"), "prefix,pop\n").unwrap();
    assert!(server.wait_for_log("reload").unwrap().contains("prefixes would be gone"));
    assert!(reload(&server).contains("prefixes would be gone"));
    assert_eq!(prefixes(&server), all);
}

#[test]
fn half_of_a_map_may_go_and_a_little_more_may_not() {
    let files = Files::of(&data::germany50());
    let server = files.serve(&["--set", "reload-max-loss-percent=30"]);
    let list = files.text("prefixes.csv");
    let lines: Vec<&str> = list.lines().collect();
    let rows = lines.len() - 1;
    let kept = |rows: usize| lines[..=rows].join("\n") + "\n";
    unis::replace(&files.path("prefixes.csv"), &kept(rows - rows * 30 / 100 - 1)).unwrap();
    assert!(reload(&server).contains("30 % of reload-max-loss-percent"));
    unis::replace(&files.path("prefixes.csv"), &kept(rows - rows * 30 / 100)).unwrap();
    assert!(reload(&server).contains("map reloaded"));
}

#[test]
fn an_inventory_without_its_links_is_refused() {
    let files = Files::of(&data::small());
    let server = files.serve(&[]);
    let text = files.text("small.toml");
    let end = text.find("[[link]]").unwrap();
    unis::replace(&files.path("small.toml"), &text[..end]).unwrap();
    let line = reload(&server);
    assert!(line.contains("map reloaded"), "a small network may be changed at will: {line}");
    let large = Files::of(&data::germany50());
    let server = large.serve(&[]);
    let graph = large.text("germany50.json");
    let mut document: serde_json::Value = serde_json::from_str(&graph).unwrap();
    let links = if document.get("links").is_some() { "links" } else { "edges" };
    document[links] = serde_json::json!([]);
    unis::replace(&large.path("germany50.json"), &document.to_string()).unwrap();
    let line = reload(&server);
    assert!(line.contains("costs between PIDs that stay would be gone"), "{line}");
}
