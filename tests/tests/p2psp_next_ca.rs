//! The provider goes from its CA to the next one while peers exchange, in both shapes: nobody is
//! refused on the way, and what the old one signed is refused at the end, on open connections too.
//! A step that is killed is what was before or what is after; caches and relays go along.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use link::pki::enrolment;
use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::daemon::program;
use system_tests::p2psp::{P2psp, Peer, Shape, run};
use system_tests::swarm::{Scene, film};
use system_tests::wait::{AMPLE, until_seen, until_so};

/// Peers renew after two thirds of it.
const LIFE: [&str; 2] = ["--set", "users.certificate-seconds=20"];
/// How often a peer looks whom to trust.
const LOOKS: [&str; 2] = ["--set", "refresh.revocations-seconds=1"];
/// Five seconds; here twice that, for a machine that has other things to do.
const OUT_WITHIN: Duration = Duration::from_secs(10);
/// Another address there.
const HAMBURG_TOO: &str = "127.2.0.11";
const ROLES: [&str; 4] = ["oms", "pams", "ums", "ixs"];

/// CAs that a folder trusts.
fn trusted(pki: &Path) -> usize {
    enrolment::issuers(pki).unwrap().len()
}

/// Asks every role again and again, as the operator, until it is told to end: how many answers.
fn asking(scene: &Scene, end: &Arc<AtomicBool>) -> std::thread::JoinHandle<usize> {
    let (operator, end) = (scene.cities.p2psp.operator("127.0.0.9"), Arc::clone(end));
    std::thread::spawn(move || {
        let mut answers = 0;
        while !end.load(Ordering::Relaxed) {
            for role in ROLES {
                let path = format!("/{role}/nothing");
                assert_eq!(operator.ask("GET", &path, None).status, 404, "{path}");
                answers += 1;
            }
        }
        answers
    })
}

/// Where servers without the CA keep what they enrolled for.
fn apart(shape: Shape, state: &Path) -> Vec<PathBuf> {
    let roles: &[&str] = match shape {
        Shape::OneProcess => &[],
        Shape::FourProcesses => &["oms", "pams", "ixs"],
    };
    roles.iter().map(|role| state.join(role).join("pki")).collect()
}

fn rotates(shape: Shape) {
    let scene = Scene::start_with(shape, &LIFE).unwrap();
    let provider = &scene.cities.p2psp;
    let state = provider.pki("..");
    let command = |arguments: &[&str]| {
        run(&[arguments, &["--state-dir", &state.display().to_string()]].concat())
    };
    let film = film(&scene.at("source"), 1, 1 << 20).unwrap();
    let mut source = scene.peer("anna", BERLIN).unwrap();
    source.serve(&LOOKS).unwrap();
    let id = source.share(&scene.at("source/film.bin")).unwrap();
    let fetched = |user: &str, address: &str| {
        let peer = scene.peer(user, address).unwrap();
        let got = peer.get(&id, &scene.at(user)).unwrap();
        assert_eq!(got["ranked-by"], "map", "{user}");
        assert_eq!(std::fs::read(scene.at(user).join("film.bin")).unwrap(), film, "{user}");
    };
    let apart = apart(shape, &state);
    let end = Arc::new(AtomicBool::new(false));
    let asking = asking(&scene, &end);
    let emil = provider.enrol_named("operator/emil", "127.0.0.18").unwrap();
    fetched("bert", HAMBURG);

    command(&["pki", "ca", "next"]).unwrap();
    let all = || apart.iter().cloned().chain([source.state().join("pki")]);
    until_so("everybody hears of the next CA", || all().all(|pki| trusted(&pki) == 2));
    // One that is handed out before, and used after.
    let token = provider.invite("dora").unwrap();
    fetched("carl", MUENCHEN);
    let early = command(&["pki", "ca", "switch"]).unwrap_err().to_string();
    assert!(early.contains("not every peer has heard of it"), "{early}");

    let next = enrolment::issuers(&provider.pki("")).unwrap()[1].clone();
    command(&["pki", "ca", "switch", "--now"]).unwrap();
    until_so("everybody has a certificate of the next CA", || {
        all().all(|pki| {
            enrolment::issuers(&pki).unwrap()[0] == next && !enrolment::is_outlived(&pki)
        })
    });
    fetched("emma", BERLIN_TOO);

    std::fs::copy(provider.pki("ca.pem"), emil.file("ca.pem")).unwrap();
    let clients = ROLES.map(|role| emil.stays(&provider.role(role).url).unwrap());
    until_seen(
        "emil alone has not renewed",
        || command(&["pki", "ca", "retire"]).unwrap_err().to_string(),
        |said| said.contains(": 1 have no certificate of another") && said.contains("/emil"),
    );
    let begin = Instant::now();
    command(&["pki", "ca", "retire", "--now"]).unwrap();
    for (role, client) in ROLES.iter().zip(clients) {
        let after = client.is_out().unwrap() - begin;
        assert!(after < OUT_WITHIN, "{role} after {after:?}");
    }
    until_so("the old CA is forgotten", || all().all(|pki| trusted(&pki) == 1));
    fetched("fred", HAMBURG_TOO);
    let folder = scene.at("dora").display().to_string();
    run(&["pki", "enroll", &token, "--out", &folder]).unwrap();
    // The ISP's server and OMS know each other still.
    scene.cities.raise_hamburg(5).unwrap();
    end.store(true, Ordering::Relaxed);
    assert!(asking.join().unwrap() > 0);

    command(&["audit", "verify"]).unwrap();
    assert_eq!(on_record(&state), "ca-next 2, ca-switch 2, ca-retire 1");
}

/// Steps in the audit trail, and the CA of each.
fn on_record(state: &Path) -> String {
    let trail = rusqlite::Connection::open(state.join("users.db")).unwrap();
    let rows = "SELECT group_concat(what || ' ' || (detail ->> 'subject'), ', ') FROM \
        (SELECT * FROM audit WHERE what LIKE 'ca-%' ORDER BY number)";
    trail.query_row(rows, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_provider_goes_over_to_another_ca_and_nobody_is_refused() {
    rotates(Shape::OneProcess);
}

#[test]
fn a_provider_goes_over_to_another_ca_with_roles_apart() {
    rotates(Shape::FourProcesses);
}

/// What lies in a folder, and each change of it. What a server beside it passes by is seen or not.
fn seen(folder: &Path) -> BTreeSet<(PathBuf, u64, i64)> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let known = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)));
    known.map(|(path, it)| (path, it.ino(), it.mtime_nsec())).collect()
}

/// Gives a step, and kills it (`kill -9`) after so many changes of the folder of the CA; whether it
/// was done before that.
fn killed_after(changes: usize, step: &str, state: &Path) -> bool {
    let mut command = Command::new(program("p2psp").unwrap());
    command.args(["pki", "ca", step, "--now", "--state-dir"]).arg(state);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (pki, begin) = (state.join("pki"), Instant::now());
    let (mut before, mut left) = (seen(&pki), changes);
    while left > 0 && begin.elapsed() < AMPLE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        let now = seen(&pki);
        left -= usize::from(now != before);
        before = now;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

/// Wherever a step is killed, the server beside it serves, the CAs are those of before or those of
/// after, and the same command, given again, does what is left or says that it is done.
#[test]
fn a_step_that_is_killed_is_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut p2psp = P2psp::start(&state, &[]).unwrap();
    let place = state.display().to_string();
    let issuers = || enrolment::issuers(&state.join("pki")).unwrap();
    let files = || -> BTreeSet<PathBuf> {
        seen(&state.join("pki")).into_iter().map(|(path, ..)| path).collect()
    };
    let mut killed = 0;
    let (steps, before) = ([("next", 2), ("switch", 2), ("retire", 1)], files());
    for changes in 1..=6 {
        let old = issuers();
        let peer = p2psp.enrol("anna", &format!("127.0.0.{}", 20 + changes)).unwrap();
        // The steps before came faster than the server looks whom to believe.
        until_so("the server believes in the CA of now", || {
            peer.try_ask("GET", "/oms/nothing", None).is_ok_and(|answer| answer.status == 404)
        });
        for (step, trusted) in steps {
            let is_done = killed_after(changes, step, &state);
            if !is_done {
                killed += 1;
                let again = run(&["pki", "ca", step, "--now", "--state-dir", &place]);
                let said = again.err().map(|error| error.to_string()).unwrap_or_default();
                let done = ["waits for its turn already", "no CA waits", "no CA's turn is over"];
                let is_done = said.is_empty() || done.iter().any(|done| said.contains(done));
                assert!(is_done, "{step} after {changes}: {said}");
            }
            let now = issuers();
            assert_eq!(now.len(), trusted, "{step} after {changes}");
            assert_eq!(now[0] == old[0], step == "next", "{step} after {changes}");
            if step != "retire" {
                assert_eq!(peer.ask("GET", "/oms/nothing", None).status, 404, "{step}");
            }
        }
        run(&["audit", "verify", "--state-dir", &place]).unwrap();
    }
    assert!(killed > 0, "nothing was killed");
    // Nothing of what was begun lies about for long: keys are among it.
    p2psp.crash().unwrap();
    let left: Vec<_> = files().difference(&before).cloned().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// A port on which nobody listens any more.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((BERLIN, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Kinds of servers that OMS knows, which are forgotten after seconds of silence.
fn servers(operator: &Peer) -> BTreeSet<String> {
    let known = operator.ask("GET", "/oms/servers", None).json();
    let known = known.as_array().into_iter().flatten();
    known.filter_map(|server| server["kind"].as_str().map(str::to_owned)).collect()
}

/// A cache and a relay of the provider's own go along from one CA to the next, with two sources,
/// one of which is reached by the relay alone; the server is killed on the way.
#[test]
fn caches_and_relays_go_over_to_another_ca() {
    let settings = [
        "overlay.probe=true",
        "reservation.server-heartbeat-seconds=1",
        "reservation.server-expires-seconds=5",
    ];
    let options = [&LIFE[..], &settings.map(|setting| ["--set", setting]).concat()].concat();
    let mut scene = Scene::start_with(Shape::OneProcess, &options).unwrap();
    let state = scene.cities.p2psp.pki("..");
    let films = [("open", 3), ("shut", 4)].map(|(at, seed)| film(&scene.at(at), seed, 1 << 20));
    let films = films.map(Result::unwrap);
    let mut cache = scene.server("cs/1", BERLIN_TOO).unwrap();
    cache.serve(&[&["--role", "cache"][..], &LOOKS].concat()).unwrap();
    let mut relay = scene.server("rs/1", HAMBURG).unwrap();
    let listen = format!("relay.listen={HAMBURG}:0");
    relay.serve(&[&["--role", "relay", "--set", &listen][..], &LOOKS].concat()).unwrap();
    let known = |scene: &Scene| {
        let operator = scene.cities.p2psp.operator("127.0.0.9");
        until_so("OMS knows both", || servers(&operator) == ["cs", "rs"].map(str::to_owned).into());
    };
    known(&scene);
    let mut anna = scene.peer("anna", BERLIN).unwrap();
    anna.serve(&LOOKS).unwrap();
    let open = anna.share(&scene.at("open/film.bin")).unwrap();
    let mut gina = scene.peer("gina", "127.1.0.12").unwrap();
    let door = format!("announce-port={}", closed_port());
    gina.serve(&[&["--set", &door][..], &LOOKS].concat()).unwrap();
    let shut = gina.share(&scene.at("shut/film.bin")).unwrap();
    let all = [&cache, &relay, &anna, &gina].map(|it| it.state().join("pki"));
    let fetched = |scene: &Scene, (user, address): (&str, &str), (id, film): (&str, &Vec<u8>)| {
        let peer = scene.peer(user, address).unwrap();
        let got = peer.get(id, &scene.at(user)).unwrap();
        assert_eq!(&std::fs::read(scene.at(user).join("film.bin")).unwrap(), film, "{user}");
        got
    };
    let kept = |status: &Value| {
        let kept = status["cache"]["reservations"].as_array().into_iter().flatten();
        kept.into_iter().any(|one| one["kept-bytes"].as_u64() == Some(films[0].len() as u64))
    };
    cache.until(kept).unwrap();
    let step = |step: &str| {
        run(&["pki", "ca", step, "--now", "--state-dir", &state.display().to_string()]).unwrap();
    };
    step("next");
    until_so("all hear of the next CA", || all.iter().all(|pki| trusted(pki) == 2));
    scene.cities.p2psp.crash().unwrap();
    step("switch");
    let next = enrolment::issuers(&scene.cities.p2psp.pki("")).unwrap()[0].clone();
    until_so("all have a certificate of the next CA", || {
        all.iter()
            .all(|pki| enrolment::issuers(pki).unwrap()[0] == next && !enrolment::is_outlived(pki))
    });
    scene.cities.p2psp.crash().unwrap();
    known(&scene);
    fetched(&scene, ("bert", MUENCHEN), (&open, &films[0]));
    step("retire");
    until_so("the old CA is forgotten", || all.iter().all(|pki| trusted(pki) == 1));
    known(&scene);
    anna.kill();
    let id = cache.status().unwrap()["peer-id"].clone();
    let got = fetched(&scene, ("dora", "127.3.0.11"), (&open, &films[0]));
    let gave = |one: &Value| one["downloaded"] != 0;
    let neighbours = |got: &Value| got["neighbours"].as_array().cloned().unwrap_or_default();
    assert!(neighbours(&got).iter().any(|one| gave(one) && one["peer-id"] == id), "{got}");
    cache.kill();
    let got = fetched(&scene, ("carl", HAMBURG_TOO), (&shut, &films[1]));
    assert!(neighbours(&got).iter().any(|one| gave(one) && one["relayed"] == true), "{got}");
}
