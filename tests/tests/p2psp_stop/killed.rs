//! Index and stops are killed at random points, again and again: what was acknowledged is there
//! when the server comes back, and once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use link::client::Client;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use serde_json::{Value, json};
use system_tests::p2psp::{P2psp, Peer};
use system_tests::publisher::Publication;
use system_tests::wait::{AMPLE, until_so};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Kills in continuous integration, and with `MP2P_LONG`.
const KILLS: usize = 8;
const LONG_KILLS: usize = 100;
/// Answers until a kill, at most.
const MOST_ANSWERS: u64 = 12;
/// What either asker finds ready before each kill; it comes to a few more answers than are waited
/// for.
const READY: usize = 5 * MOST_ANSWERS as usize;

/// Whoever asks one thing after the other until nobody answers.
struct Asker {
    folder: PathBuf,
    path: &'static str,
    body: Box<dyn Fn(usize) -> Value + Send>,
    /// How many were acknowledged.
    done: usize,
}

impl Asker {
    async fn go(mut self, url: String, answers: UnboundedSender<()>) -> Self {
        let file = |name: &str| self.folder.join(name);
        let server = ServerTrust { trust_domain: None, bundle: file("ca.pem"), crl: None };
        let own = Some((file("client.pem"), file("client-key.pem")));
        let settings = ClientTlsSettings { own, servers: vec![server], expected: None };
        let tls = ClientTls::load(settings, link::metrics::Metrics::new()).unwrap();
        let client = Client::builder().tls(tls).response_timeout(AMPLE).build();
        loop {
            let (url, json) = (format!("{url}{}", self.path), "application/json");
            let body = (self.body)(self.done).to_string();
            let Ok(answer) = client.post(&url, json, json, body).await else { return self };
            let told = String::from_utf8_lossy(&answer.body);
            // What was done just before the kill, and not acknowledged, is a version that is known.
            let is_known = answer.status == 409 && told.contains("\"version\"");
            assert!(answer.status.is_success() || is_known, "{}: {told}", answer.status);
            self.done += 1;
            let _ = answers.send(());
        }
    }
}

fn title(number: usize) -> String {
    format!("film{number}")
}

fn registration(anna: &Peer, number: usize) -> Value {
    let (title, bytes) = (title(number), number.to_string());
    let bytes = bytes.as_bytes();
    let publication = Publication { overlay: "film", title: &title, version: 1, bytes };
    publication.registration(anna).unwrap()
}

fn registered(operator: &Peer, number: usize) -> usize {
    let found = operator.ask("GET", &format!("/ixs/content?q={}", title(number)), None).json();
    let all = found["contents"].as_array().unwrap();
    all.iter().filter(|one| one["title"] == title(number)).count()
}

/// Every takedown that was acknowledged is there once, and its overlay is stopped before long.
fn check_takedowns(operator: &Peer, count: usize) {
    let all = operator.ask("GET", "/ixs/takedown", None).json();
    let overlays: Vec<&str> = all["takedowns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["overlay-id"].as_str().unwrap())
        .collect();
    let distinct: BTreeSet<&str> = overlays.iter().copied().collect();
    assert_eq!(distinct.len(), overlays.len(), "one stands twice");
    assert!((0..count).all(|number| distinct.contains(&*format!("o-{number}"))), "{overlays:?}");
    let Some(last) = count.checked_sub(1) else { return };
    let (film, path) =
        (json!({"overlay-id": format!("o-{last}")}), format!("/oms/overlay?overlay-id=o-{last}"));
    until_so("a stop that was acknowledged is in force", || {
        let _ = operator.ask("DELETE", &path, None);
        operator.ask("POST", "/oms/overlay", Some(&film)).status == 410
    });
}

#[test]
fn registrations_takedowns_and_stops_outlive_every_kill_and_are_there_once() {
    let kills = if std::env::var_os("MP2P_LONG").is_some() { LONG_KILLS } else { KILLS };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut p2psp = P2psp::start(&state, &[]).unwrap();
    let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
    let film = json!({"overlay-id": "film"});
    assert_eq!(anna.ask("POST", "/oms/overlay", Some(&film)).status, 201);
    let operator = p2psp.operator("127.0.0.12");
    let bodies: Arc<Mutex<Vec<Value>>> = Arc::default();
    let registrations = Arc::clone(&bodies);
    let publisher = Asker {
        folder: anna.file(""),
        path: "/ixs/content",
        body: Box::new(move |number| registrations.lock().unwrap()[number].clone()),
        done: 0,
    };
    let authority = Asker {
        folder: operator.file(""),
        path: "/ixs/takedown",
        body: Box::new(
            |number| json!({"overlay-id": format!("o-{number}"), "reason": "no licence"}),
        ),
        done: 0,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut askers = vec![publisher, authority];
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let (mut overlays, mut checked) = (0, 0);
    for kill in 0..kills {
        let ready = bodies.lock().unwrap().len()..askers[0].done + READY;
        bodies.lock().unwrap().extend(ready.map(|number| registration(&anna, number)));
        for number in overlays..askers[1].done + READY {
            let overlay = json!({"overlay-id": format!("o-{number}")});
            let operator = p2psp.again(&operator);
            assert_eq!(operator.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
        }
        overlays = overlays.max(askers[1].done + READY);
        // Knuth, MMIX.
        let dice = (seed + kill as u64).wrapping_mul(6_364_136_223_846_793_005) >> 33;
        let answers = 1 + dice % MOST_ANSWERS;
        askers = runtime.block_on(async {
            let (sender, mut heard) = unbounded_channel();
            let url = p2psp.daemon.url.clone();
            let running: Vec<_> = askers
                .into_iter()
                .map(|asker| tokio::spawn(asker.go(url.clone(), sender.clone())))
                .collect();
            for _ in 0..answers {
                heard.recv().await.unwrap();
            }
            p2psp.daemon.signal("KILL").unwrap();
            let mut back = Vec::new();
            for one in running {
                back.push(one.await.unwrap());
            }
            back
        });
        p2psp = P2psp::start(&state, &[]).unwrap();
        let operator = p2psp.again(&operator);
        // Each once, and at the end all of them again: what is there stays.
        let from = if kill + 1 == kills { 0 } else { checked };
        for number in from..askers[0].done {
            assert_eq!(registered(&operator, number), 1, "kill {kill}, {number}");
        }
        checked = askers[0].done;
        check_takedowns(&operator, askers[1].done);
    }
    eprintln!("{kills} kills, {} registrations, {} takedowns", askers[0].done, askers[1].done);
    let state = state.display().to_string();
    system_tests::p2psp::run(&["audit", "verify", "--state-dir", &state]).unwrap();
}
