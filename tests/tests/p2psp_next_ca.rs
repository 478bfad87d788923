//! The provider goes from its CA to the next one while peers exchange, in both shapes: nobody is
//! refused on the way, and what the old one signed is refused at the end, on open connections too.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use link::pki::enrolment;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Shape, run};
use system_tests::swarm::{Scene, film};
use system_tests::wait::{until_seen, until_so};

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
