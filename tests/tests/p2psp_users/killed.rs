//! The server is killed at random points, again and again: what it acknowledged is there when it
//! comes back, and what is sent again counts once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use link::client::Client;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use mp2p::signed::SigningKey;
use rusqlite::Connection;
use serde_json::Value;
use system_tests::p2psp::{P2psp, Peer};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::scene::{Film, MIB, Scene, granted, key_in, receipt, receipts};

/// Kills in continuous integration, and with `MP2P_LONG`.
const KILLS: usize = 20;
const LONG_KILLS: usize = 200;
/// A receipt is not answered later than this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// Receipts of one client until the kill, at most.
const MOST_ANSWERS: u64 = 30;

/// A consumer that sends receipts for what anna gives it.
struct Consumer {
    user: &'static str,
    folder: PathBuf,
    key: SigningKey,
    anna: String,
    /// The last receipt that was acknowledged, and the last that was sent.
    acknowledged: u64,
    sent: u64,
    pending: String,
}

impl Consumer {
    fn new(user: &'static str, peer: &Peer, anna: &Peer) -> Self {
        let key = key_in(&peer.file("client-key.pem"));
        let (folder, anna) = (peer.file(""), anna.id.clone());
        Self { user, folder, key, anna, acknowledged: 0, sent: 0, pending: String::new() }
    }

    fn client(&self) -> Client {
        let file = |name: &str| self.folder.join(name);
        let server = ServerTrust { trust_domain: None, bundle: file("ca.pem"), crl: None };
        let own = Some((file("client.pem"), file("client-key.pem")));
        let settings = ClientTlsSettings { own, servers: vec![server], expected: None };
        let metrics = link::metrics::Metrics::new();
        let tls = ClientTls::load(settings, metrics).expect("certificates");
        Client::builder().tls(tls).response_timeout(ANSWERED_WITHIN).build()
    }

    /// Sends one receipt after the other, each of one MiB more, until nobody answers.
    async fn send(mut self, url: String, answers: UnboundedSender<()>) -> Self {
        let client = self.client();
        loop {
            let seq = self.acknowledged + 1;
            if self.sent < seq {
                let signed = receipt(&self.anna, &self.key, seq, seq * MIB);
                self.pending = signed.seal(&self.key).expect("a receipt");
                self.sent = seq;
            }
            // What was not acknowledged is sent again, as it was.
            let body = receipts(&[&self.pending]).to_string();
            let json = "application/json";
            let answer = client.post(&format!("{url}/ums/receipt"), json, json, body).await;
            let Ok(answer) = answer else { return self };
            let told: Value = serde_json::from_slice(&answer.body).expect("JSON");
            let outcome = told["receipts"][0]["outcome"].as_str().unwrap_or_default();
            assert!(matches!(outcome, "accepted" | "duplicate"), "{told}");
            self.acknowledged = seq;
            let _ = answers.send(());
        }
    }
}

/// Not the same in every run; which one it was is told.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, most: u64) -> u64 {
        // Knuth, MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        1 + (self.0 >> 33) % most
    }
}

/// ops: no acknowledged write is lost or applied twice.
#[test]
fn what_was_acknowledged_outlives_every_kill_and_counts_once() {
    let kills = if std::env::var_os("MP2P_LONG").is_some() { LONG_KILLS } else { KILLS };
    let seed = crate::scene::unix_now();
    eprintln!("seed {seed}");
    let mut dice = Dice(seed);
    let scene = Scene::start(&[]);
    let anna = scene.anna();
    let mut consumers: Vec<Consumer> = [("ben", 11), ("carla", 12), ("dora", 13), ("emil", 14)]
        .into_iter()
        .map(|(user, last)| {
            Consumer::new(user, &scene.member(user, &format!("127.0.0.{last}")), &anna)
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let runtime = Arc::new(runtime);
    let Scene { mut p2psp, folder } = scene;
    let state = folder.path().join("state");
    for kill in 0..kills {
        let answers = dice.roll(MOST_ANSWERS * consumers.len() as u64);
        consumers = runtime.block_on(async {
            let (sender, mut heard) = unbounded_channel();
            let url = p2psp.daemon.url.clone();
            let running: Vec<_> = consumers
                .into_iter()
                .map(|consumer| tokio::spawn(consumer.send(url.clone(), sender.clone())))
                .collect();
            for _ in 0..answers {
                heard.recv().await.expect("an answer");
            }
            p2psp.daemon.signal("KILL").expect("it is killed");
            let mut back = Vec::new();
            for one in running {
                back.push(one.await.expect("a client"));
            }
            back
        });
        p2psp = P2psp::start(&state, &[]).expect("it comes back");
        check(&p2psp, &consumers, kill);
    }
    let acknowledged: u64 = consumers.iter().map(|consumer| consumer.acknowledged).sum();
    eprintln!("{kills} kills, {acknowledged} receipts acknowledged");
    let state = state.display().to_string();
    assert!(system_tests::p2psp::run(&["audit", "verify", "--state-dir", &state]).is_ok());
    let books = Connection::open(folder.path().join("state/users.db")).unwrap();
    let sums: (i64, i64) = books
        .query_row("SELECT sum(earned), sum(spent) FROM balance", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(sums.0, sums.1, "what is credited is what is debited");
}

/// Each consumer was debited what was acknowledged, or one receipt more, whose answer the kill cut
/// off; anna was credited the sum.
fn check(p2psp: &P2psp, consumers: &[Consumer], kill: usize) {
    let operator = p2psp.operator("127.0.0.20");
    let credit = |user: &str| {
        let path = format!("/ums/account?user-id={user}");
        granted(&operator.ask("GET", &path, None))["credit"].clone()
    };
    let mut sum = 0;
    for consumer in consumers {
        let spent = credit(consumer.user)["spent"].as_u64().expect("bytes");
        let range = consumer.acknowledged * MIB..=consumer.sent * MIB;
        assert!(range.contains(&spent), "kill {kill}, {}: {spent} not in {range:?}", consumer.user);
        assert_eq!(spent % MIB, 0);
        sum += spent;
    }
    assert_eq!(credit("anna")["earned"].as_u64(), Some(sum), "kill {kill}");
}
