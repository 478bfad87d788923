//! Clients that ask without pause, on kept connections and on new ones.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::bail;
use http::HeaderMap;
use link::client::Client;
use link::metrics::Metrics;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use system_tests::unis::Unis;

/// Clients at a time.
const CLIENTS: usize = 3;
/// Requests on one connection, then a new one.
const PER_CONNECTION: usize = 50;
/// What is waited for takes no longer.
const WITHIN: Duration = Duration::from_secs(60);

/// Whose certificate the clients show, and whom they believe.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Load on one URL, until it is finished.
pub(crate) struct Load {
    state: Arc<State>,
    clients: Vec<JoinHandle<()>>,
}

struct State {
    url: String,
    shown: Mutex<Shown>,
    stop: AtomicBool,
    answers: AtomicUsize,
    /// Made so far, by client.
    connections: [AtomicUsize; CLIENTS],
    last: Mutex<String>,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// As the operator of the first try.
    pub(crate) fn of_first_try(unis: &Unis, path: &str) -> anyhow::Result<Self> {
        let [ca, certificate, key] =
            ["ca.pem", "client.pem", "client-key.pem"].map(|file| unis.pki(file));
        Self::start(&unis.at(path), Shown { ca, certificate, key })
    }

    pub(crate) fn start(url: &str, shown: Shown) -> anyhow::Result<Self> {
        let state = Arc::new(State {
            url: url.to_owned(),
            shown: Mutex::new(shown),
            stop: AtomicBool::new(false),
            answers: AtomicUsize::new(0),
            connections: Default::default(),
            last: Mutex::default(),
            failures: Mutex::default(),
        });
        let clients = (0..CLIENTS).map(|client| {
            let state = Arc::clone(&state);
            std::thread::spawn(move || state.run(client))
        });
        let load = Self { clients: clients.collect(), state };
        load.goes_on()?;
        Ok(load)
    }

    /// From their next connection on the clients show this.
    pub(crate) fn shows(&self, shown: Shown) {
        *lock(&self.state.shown) = shown;
    }

    /// Waits until an answer has `text` in it.
    pub(crate) fn waits_for(&self, text: &str) -> anyhow::Result<()> {
        self.until(text, || lock(&self.state.last).contains(text))
    }

    /// Waits until no client has a connection of before: the first that it makes from here on may
    /// have been in the making, the second is new.
    pub(crate) fn goes_on(&self) -> anyhow::Result<()> {
        let enough = self.state.connections().map(|made| made + 2);
        self.until("connections", || {
            self.state.connections().iter().zip(enough).all(|(made, enough)| *made >= enough)
        })
    }

    fn until(&self, what: &str, done: impl Fn() -> bool) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !done() {
            let failures = lock(&self.state.failures).clone();
            if !failures.is_empty() || begin.elapsed() > WITHIN {
                bail!("waited for {what}: {failures:?}");
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Ends it: how much it was, or what failed.
    pub(crate) fn finish(self) -> anyhow::Result<String> {
        self.state.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            if client.join().is_err() {
                bail!("a client broke off");
            }
        }
        let failures = lock(&self.state.failures).clone();
        let answers = self.state.answers.load(Ordering::Relaxed);
        let connections: usize = self.state.connections().iter().sum();
        if !failures.is_empty() {
            bail!("{} of {answers} requests failed: {failures:?}", failures.len());
        }
        Ok(format!("{answers} answers on {connections} connections, none failed"))
    }
}

impl State {
    fn connections(&self) -> [usize; CLIENTS] {
        self.connections.each_ref().map(|made| made.load(Ordering::Relaxed))
    }

    fn run(&self, client: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let outcome =
            runtime.map_err(anyhow::Error::from).and_then(|it| it.block_on(self.asks(client)));
        if let Err(error) = outcome {
            lock(&self.failures).push(format!("{error:#}"));
        }
    }

    async fn asks(&self, number: usize) -> anyhow::Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            let shown = lock(&self.shown).clone();
            let client = client(&shown)?;
            self.connections[number].fetch_add(1, Ordering::Relaxed);
            for _ in 0..PER_CONNECTION {
                let answer = client.get(&self.url, HeaderMap::new()).await?;
                if answer.status != 200 {
                    bail!("{}: {:?}", answer.status, answer.body);
                }
                *lock(&self.last) = String::from_utf8_lossy(&answer.body).into_owned();
                self.answers.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

fn client(shown: &Shown) -> anyhow::Result<Client> {
    let bundle: &Path = &shown.ca;
    let settings = ClientTlsSettings {
        own: Some((shown.certificate.clone(), shown.key.clone())),
        servers: vec![ServerTrust { trust_domain: None, bundle: bundle.to_owned(), crl: None }],
        expected: None,
    };
    let tls = ClientTls::load(settings, Metrics::new())?;
    Ok(Client::builder().tls(tls).build())
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
