//! When to load again: on SIGHUP, and when a file changed and then stayed as it is for one more
//! look.
//!
//! ```text
//!  look ─► load beside the version in force ─► guard against losses ─► swap
//!   └── each in a thread of its own, which gives way to requests and is waited for so long ──┘
//! ```
//!
//! The new version is built beside the one in force and swapped whole; whatever goes wrong, the old
//! one stays.

mod background;
mod farewell;
mod guard;
mod look;

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::ArcSwap;
use link::daemon::notify;
use link::shutdown::Shutdown;
use netmap::Diff;
use tokio::signal::unix::Signal;
use topology::CostWork;

use crate::access::Access;
use crate::maps::current::Current;
use crate::maps::network::ServedNetwork;
use crate::maps::version::{Version, VersionError};
use crate::metrics::Metrics;
use crate::reload::guard::Loss;
use crate::settings::{Inputs, Settings};

pub use crate::reload::look::{Irregular, Look, check_regular, look};

/// Warnings of one network that go to the log, one a line.
const MAX_WARNINGS: usize = 100;

/// What a reload puts in force.
pub struct Reloader {
    /// Where the settings come from.
    pub inputs: Inputs,
    /// What is served.
    pub current: Arc<Current>,
    /// Who may do what.
    pub access: Arc<ArcSwap<Access>>,
    /// Called with the new settings before anything is swapped; what it refuses is not put in
    /// force.
    pub prepare: Prepare,
    /// What is counted.
    pub metrics: Metrics,
}

/// Takes over what is not a map; says why it cannot.
pub type Prepare = Box<dyn Fn(&Settings) -> Result<(), String> + Send + Sync>;

/// Why nothing was put in force.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Irregular(#[from] Irregular),
    #[error(transparent)]
    Loss(#[from] Loss),
    #[error("not done after {} s (reload-timeout-seconds); a file may be on a disk that hangs", .0.as_secs())]
    TooSlow(Duration),
    #[error("the one before is not done yet")]
    Occupied,
    #[error("it broke off")]
    BrokeOff,
    #[error("no thread can be had: {0}")]
    NoThread(#[source] io::Error),
}

/// What is loaded and not yet in force.
type Loaded = (Settings, Version);

impl Reloader {
    /// Watches until shutdown. `seen` is how the files looked before they were loaded; `hangups`
    /// are listened for since then, so that none ends the process.
    pub async fn run(self, settings: Settings, seen: Look, hangups: Signal, shutdown: Shutdown) {
        let mut watch = Watch {
            reloader: Arc::new(self),
            settings,
            seen,
            changing: None,
            refused: None,
            at_work: None,
        };
        tokio::select! {
            () = shutdown.wait() => {}
            () = watch.follow(hangups) => {}
        }
    }

    /// Loads beside the version in force. `whatever_is_lost`: the operator has seen what would be
    /// lost.
    fn load(&self, whatever_is_lost: bool) -> Result<Loaded, ReloadError> {
        let settings = Settings::load(&self.inputs).map_err(VersionError::from)?;
        check_regular(&settings)?;
        let old = self.current.get();
        let version = Version::load_beside(&settings, &background::GivingWay, Some(&old))?;
        if !whatever_is_lost {
            guard::check(&old, &version, settings.reload_max_loss_percent)?;
        }
        Ok((settings, version))
    }

    /// Puts what was loaded in force.
    fn put_in_force(&self, (settings, version): Loaded) -> Settings {
        // One partner's broken file holds back neither the maps nor what the others may do: its own
        // part stays as it was.
        let prepared = (self.prepare)(&settings);
        if let Err(error) = &prepared {
            tracing::error!(error, "certificates not taken over; what they replace stays");
        }
        let (old, new) = self.current.replace(version);
        let (access, errors) = self.access.load().succeeded_by(&settings);
        self.access.store(Arc::new(access));
        for error in &errors {
            tracing::error!(%error, "account not taken over; what it replaces stays");
        }
        self.metrics.reloaded(prepared.is_ok() && errors.is_empty());
        self.metrics.updated(&old, &new);
        report(&old, &new);
        farewell::bid(old, &new);
        settings
    }
}

/// Why the files are looked at.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Reason {
    Hangup,
    Poll,
}

/// The files, as they are followed.
struct Watch {
    reloader: Arc<Reloader>,
    settings: Settings,
    /// How they looked when they were loaded last.
    seen: Look,
    /// How they look while somebody may still be writing.
    changing: Option<Look>,
    /// How they looked when a SIGHUP was refused for what would be lost.
    refused: Option<Look>,
    /// Work that was not waited for to its end.
    at_work: Option<JoinHandle<()>>,
}

impl Watch {
    async fn follow(&mut self, mut hangups: Signal) {
        loop {
            let poll = Duration::from_secs(self.settings.reload_poll_seconds.max(1));
            let reason = tokio::select! {
                _ = hangups.recv() => Reason::Hangup,
                () = tokio::time::sleep(poll), if self.settings.reload_poll_seconds > 0 => {
                    Reason::Poll
                }
            };
            // While a thread hangs on a file, looking at it again would hang too; the operator
            // was told.
            if reason == Reason::Poll && self.is_occupied() {
                continue;
            }
            if reason == Reason::Hangup {
                notify::reloading();
            }
            let followed = self.follow_once(reason).await;
            let serving = || self.reloader.current.get().told();
            match followed {
                Ok(false) => {}
                Ok(true) => notify::reloaded(&serving()),
                Err(error) => {
                    self.reloader.metrics.reloaded(false);
                    let error = error.to_string();
                    tracing::error!(error, "reload refused; the old version stays in force");
                    notify::reloaded(&format!("reload refused ({error}); still {}", serving()));
                }
            }
        }
    }

    /// Looks and perhaps loads; whether it did.
    async fn follow_once(&mut self, reason: Reason) -> Result<bool, ReloadError> {
        let (reloader, settings) = (Arc::clone(&self.reloader), self.settings.clone());
        let now = self.in_time(move || look(&reloader.inputs, &settings)).await?;
        if reason == Reason::Poll {
            if now == self.seen {
                self.changing = None;
                return Ok(false);
            }
            if self.changing.as_ref() != Some(&now) {
                // Somebody may still be writing: load what looks the same twice.
                self.changing = Some(now);
                return Ok(false);
            }
            notify::reloading();
        }
        let whatever_is_lost = reason == Reason::Hangup && self.refused.as_ref() == Some(&now);
        (self.changing, self.refused) = (None, None);
        self.seen.clone_from(&now);
        let load = Arc::clone(&self.reloader);
        let loaded = match self.in_time(move || load.load(whatever_is_lost)).await? {
            Err(error) => {
                // The SIGHUP that a deployment ends with confirms nothing that polling was refused.
                let asked = reason == Reason::Hangup;
                self.refused = (asked && matches!(error, ReloadError::Loss(_))).then_some(now);
                return Err(error);
            }
            Ok(loaded) => loaded,
        };
        let swap = Arc::clone(&self.reloader);
        let swapped = move || {
            let settings = swap.put_in_force(loaded);
            let files = look(&swap.inputs, &settings);
            (settings, files)
        };
        let (settings, files) = self.in_time(swapped).await?;
        // A changed settings file may name other files: watch those from now on.
        self.seen.retain(|path, _| files.contains_key(path));
        for (path, state) in files {
            self.seen.entry(path).or_insert(state);
        }
        self.settings = settings;
        Ok(true)
    }

    fn is_occupied(&self) -> bool {
        self.at_work.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// Does what may block or takes long in a thread of its own, behind requests; what is not done
    /// in time is left behind, and nothing else begun until it ends.
    async fn in_time<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ReloadError> {
        if self.is_occupied() {
            return Err(ReloadError::Occupied);
        }
        let timeout = Duration::from_secs(self.settings.reload_timeout_seconds);
        let (thread, done) = background::start(work).map_err(ReloadError::NoThread)?;
        match tokio::time::timeout(timeout, done).await {
            Ok(done) => done.map_err(|_gone| ReloadError::BrokeOff),
            Err(_elapsed) => {
                self.at_work = Some(thread);
                Err(ReloadError::TooSlow(timeout))
            }
        }
    }
}

fn report(old: &Version, new: &Version) {
    for network in new.networks() {
        let id = network.id("network-map");
        let before = old.networks().iter().find(|network| network.id("network-map") == id);
        let change = before.map_or_else(
            || "new".to_owned(),
            |before| Diff::between(before.snapshot(), network.snapshot()).to_string(),
        );
        let taken_over = before.is_some_and(|before| Arc::ptr_eq(before, network));
        let cost_rows = if taken_over { "all kept".to_owned() } else { told(network) };
        tracing::info!(
            network = id,
            change,
            cost_rows,
            warnings = network.topology().warnings().len(),
            "map reloaded"
        );
        if !taken_over {
            warn_of(network);
        }
    }
}

/// Tells the log what is wrong with the operator's files, up to a bound.
pub fn warn_of(network: &ServedNetwork) {
    let warnings = network.topology().warnings();
    for warning in warnings.iter().take(MAX_WARNINGS) {
        tracing::warn!(code = warning.code, "{warning}");
    }
    if let Some(more @ 1..) = warnings.len().checked_sub(MAX_WARNINGS) {
        tracing::warn!(more, "further warnings; `unis check` lists all");
    }
}

/// How much of the costs had to be computed.
fn told(network: &ServedNetwork) -> String {
    let CostWork { searched, repaired, kept } = network.topology().cost_work();
    format!("{searched} searched, {repaired} repaired, {kept} kept")
}
