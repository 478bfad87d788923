//! Notices changed files: the directories are watched, and polled where watching fails.
//!
//! Directories rather than files, because certificates are replaced by renaming or by moving a
//! symbolic link, which a watch on the file itself does not see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::shutdown::Shutdown;
use crate::tls::stamp::{Stamp, stamps};
use crate::tls::{ClientTls, ServerTls};

/// How often the files are looked at without notification; a change acts within 5 s (ops goal).
const POLL: Duration = Duration::from_millis(1500);
/// How long after a notification the files are looked at: replacing several takes a moment.
const SETTLE: Duration = Duration::from_millis(50);
/// How often live connections are checked against the clock alone.
const SWEEP: Duration = Duration::from_secs(60);

/// What has material on disk that can be read again.
pub(crate) trait Reloadable: Send + Sync + 'static {
    fn watched(&self) -> Vec<PathBuf>;
    fn loaded(&self) -> Vec<Stamp>;
    fn read_again(&self);
    fn check_clock(&self) {}
}

impl ServerTls {
    /// Reloads at each change of the files until shutdown.
    pub async fn watch(self: Arc<Self>, shutdown: Shutdown) {
        watch(self, shutdown).await;
    }
}

impl ClientTls {
    /// Reloads at each change of the files until shutdown.
    pub async fn watch(self: Arc<Self>, shutdown: Shutdown) {
        watch(self, shutdown).await;
    }
}

impl Reloadable for ServerTls {
    fn watched(&self) -> Vec<PathBuf> {
        self.files()
    }

    fn loaded(&self) -> Vec<Stamp> {
        self.stamps.clone()
    }

    fn read_again(&self) {
        // Logged and counted where it failed.
        let _failed = self.reload();
    }

    fn check_clock(&self) {
        self.sweep();
    }
}

impl Reloadable for ClientTls {
    fn watched(&self) -> Vec<PathBuf> {
        self.files()
    }

    fn loaded(&self) -> Vec<Stamp> {
        self.stamps.clone()
    }

    fn read_again(&self) {
        // Logged and counted where it failed.
        let _failed = self.reload();
    }
}

async fn watch<R: Reloadable>(what: Arc<R>, shutdown: Shutdown) {
    let (wake, mut woken) = mpsc::channel(1);
    let mut watching = Watching::new(wake);
    let mut seen = what.loaded();
    let mut swept = Instant::now();
    loop {
        watching.follow(&what.watched());
        tokio::select! {
            () = shutdown.wait() => return,
            _ = woken.recv() => tokio::time::sleep(SETTLE).await,
            () = tokio::time::sleep(POLL) => {}
        }
        let now = stamps(&what.watched());
        if now != seen {
            seen = now;
            run_blocking(&what, |what| what.read_again()).await;
        }
        if swept.elapsed() >= SWEEP {
            swept = Instant::now();
            run_blocking(&what, |what| what.check_clock()).await;
        }
    }
}

async fn run_blocking<R: Reloadable>(what: &Arc<R>, act: fn(&R)) {
    let what = Arc::clone(what);
    if let Err(error) = tokio::task::spawn_blocking(move || act(&what)).await {
        tracing::error!(%error, "reading TLS material broke off");
    }
}

/// The watched directories.
struct Watching {
    watcher: Option<RecommendedWatcher>,
    directories: BTreeSet<PathBuf>,
}

impl Watching {
    fn new(wake: mpsc::Sender<()>) -> Self {
        let notified = move |_event: notify::Result<notify::Event>| {
            // A full channel means that the wake-up is already on its way.
            let _full = wake.try_send(());
        };
        let watcher = notify::recommended_watcher(notified)
            .inspect_err(|error| tracing::warn!(%error, "no file notification, polling only"))
            .ok();
        Self { watcher, directories: BTreeSet::new() }
    }

    fn follow(&mut self, files: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        for directory in files.iter().map(|file| directory(file)) {
            if self.directories.insert(directory.to_owned())
                && let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive)
            {
                tracing::warn!(%error, directory = %directory.display(), "polling only");
            }
        }
    }
}

fn directory(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
