//! Limits hold over real processes: bytes against time, for all, per peer, per class and by the
//! time of the day, from the moment in which they are set.

use std::time::Instant;

use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until;

/// An eighth of a second of the rate may go at once, and the last slices are counted when they are
/// handed to the system.
fn allowed(kbps: f64, seconds: f64) -> f64 {
    kbps * 125.0 * (seconds + 0.125) + 64.0 * 1024.0
}

fn count(status: &Value, name: &str) -> f64 {
    status["transfers"][0][name].as_f64().unwrap_or_default()
}

/// Looks at what a peer counts, until it has counted `bytes` more; never may it be beyond `kbps`.
fn holds(peer: &PeerProgram, name: &str, kbps: f64, bytes: f64) {
    // What is seen may be a little old, never newer than the clock.
    let before = count(&peer.status().expect("no status"), name);
    let since = Instant::now();
    let late = allowed(kbps, 0.5);
    let seen = until(|| {
        let counted = count(&peer.status().expect("no status"), name) - before;
        let seconds = since.elapsed().as_secs_f64();
        assert!(
            counted <= allowed(kbps, seconds) + late,
            "{counted} bytes in {seconds:.2} s at {kbps} kbit/s"
        );
        if counted >= bytes { Ok(seconds) } else { Err(format!("{counted} bytes")) }
    });
    seen.expect("it goes too slowly");
}

/// A source with limits, and two who fetch in the background.
fn scene_of(
    seed: u64,
    source_limits: &[&str],
    getter_limits: &[&str],
) -> (Scene, Vec<PeerProgram>) {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), seed, 24 << 20).expect("no film");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(source_limits).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let mut peers = vec![source];
    for (user, city) in [("bert", HAMBURG), ("carl", MUENCHEN)] {
        let mut peer = scene.peer(user, city).expect("not enrolled");
        peer.serve(getter_limits).expect("no daemon");
        let folder = scene.at(user).display().to_string();
        peer.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
        peers.push(peer);
    }
    (scene, peers)
}

#[test]
fn what_goes_out_to_all_stays_within_its_limit_and_changes_at_once() {
    let (_scene, peers) = scene_of(51, &["--set", "limits.up-kbps=4000"], &[]);
    holds(&peers[0], "uploaded", 4_000.0, 1_500_000.0);
    peers[0].run(&["limits", "--up", "1000"]).expect("no limits");
    holds(&peers[0], "uploaded", 1_000.0, 400_000.0);
    // By the time of the day: these two windows are all of it.
    let windows = ["--window", "00:00-23:59=2000,0", "--window", "23:59-00:00=2000,0"];
    let said = peers[0].run(&[&["limits"], &windows[..]].concat()).expect("no limits");
    assert!(said.contains("[[window]]") && said.contains("up-kbps = 2000"), "{said}");
    holds(&peers[0], "uploaded", 2_000.0, 800_000.0);
    let said = peers[0].run(&["limits", "--no-windows"]).expect("no limits");
    assert!(!said.contains("[[window]]"), "{said}");
    assert!(peers[0].run(&["limits", "--window", "25:00-01:00=1,1"]).is_err());
}

#[test]
fn what_goes_to_one_peer_and_to_one_class_has_limits_of_its_own() {
    let (_scene, peers) = scene_of(52, &["--set", "limits.peer-up-kbps=1000"], &[]);
    // Two peers, each for itself; everybody is of class 0.
    holds(&peers[0], "uploaded", 2_000.0, 800_000.0);
    let class = ["limits", "--peer-up", "0", "--class-up", "1500"];
    peers[0].run(&class).expect("no limits");
    holds(&peers[0], "uploaded", 1_500.0, 600_000.0);
}

#[test]
fn what_comes_in_stays_within_its_limit() {
    let limits = ["--set", "limits.down-kbps=2000"];
    let (_scene, peers) = scene_of(53, &[], &limits);
    holds(&peers[1], "downloaded", 2_000.0, 800_000.0);
    peers[1].run(&["limits", "--down", "0", "--peer-down", "1000"]).expect("no limits");
    // Anna and Carl give, each at most so much.
    holds(&peers[1], "downloaded", 2_000.0, 600_000.0);
}

/// Connections of all contents together, also when there are more than are wanted from now on.
#[test]
fn connections_end_when_fewer_are_wanted() {
    let limits = ["--set", "limits.up-kbps=500"];
    let (scene, mut peers) = scene_of(54, &limits, &limits);
    let mut dora = scene.peer("dora", BERLIN_TOO).expect("not enrolled");
    dora.serve(&[]).expect("no daemon");
    let folder = scene.at("dora").display().to_string();
    dora.run(&["get", "film.bin", "-o", &folder, "--detach"]).expect("not begun");
    let open = |status: &Value| {
        let all = status["transfers"].as_array().cloned().unwrap_or_default();
        let neighbours = all.iter().filter_map(|one| Some(one["neighbours"].as_array()?.len()));
        neighbours.sum::<usize>()
    };
    dora.until(|status| open(status) >= 2).expect("nobody is met");
    dora.run(&["limits", "--connections", "1"]).expect("no limits");
    dora.until(|status| open(status) == 1).expect("they do not end");
    // A second content has to do with what there is.
    film(&scene.at("other"), 55, 1 << 20).expect("no film");
    let other = peers[0].share(&scene.at("other/film.bin")).expect("not shared");
    dora.run(&["get", &other, "-o", &scene.at("o").display().to_string(), "--detach"])
        .expect("not begun");
    for _ in 0..20 {
        let status = dora.status().expect("no status");
        assert!(open(&status) <= 1, "{status}");
    }
    dora.run(&["limits", "--connections", "10"]).expect("no limits");
    dora.until(|status| open(status) >= 2).expect("nobody is met again");
    peers.clear();
}

/// What was set by a command is in force after a crash, too, until it is taken back; what was not
/// is as the settings say.
#[test]
fn limits_that_were_set_outlive_a_crash_and_go_back_to_the_settings() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    let settings = ["--set", "limits.up-kbps=4000", "--set", "limits.down-kbps=3000"];
    anna.serve(&settings).expect("no daemon");
    let said = anna.run(&["limits"]).expect("no limits");
    assert!(
        said.starts_with("# as the settings say\n") && said.contains("up-kbps = 4000"),
        "{said}"
    );
    let window = ["--up", "1000", "--window", "22:00-06:00=0,8000"];
    anna.run(&[&["limits"], &window[..]].concat()).expect("not set");
    anna.kill();
    anna.serve(&["--set", "limits.up-kbps=4000", "--set", "limits.down-kbps=2500"]).expect("none");
    let said = anna.run(&["limits"]).expect("no limits");
    let origin = "# set by command, until --reset: up-kbps, window; the rest as the settings say\n";
    assert!(said.starts_with(origin), "{said}");
    for line in ["\nup-kbps = 1000\n", "\ndown-kbps = 2500\n", "from = \"22:00\""] {
        assert!(said.contains(line), "{said}");
    }
    let said = anna.run(&["limits", "--reset"]).expect("not reset");
    assert!(
        said.starts_with("# as the settings say\n") && said.contains("up-kbps = 4000"),
        "{said}"
    );
    assert!(!said.contains("window]]"), "{said}");
    anna.kill();
    anna.serve(&settings).expect("no daemon");
    let said = anna.run(&["limits"]).expect("no limits");
    assert!(said.contains("\nup-kbps = 4000\n") && said.contains("\ndown-kbps = 3000\n"), "{said}");
}
