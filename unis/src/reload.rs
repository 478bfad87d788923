//! When to load again: on SIGHUP, and when a file changed and then stayed as it is for one more
//! look.
//!
//! The new version is built beside the one in force and swapped whole; whatever goes wrong, the old
//! one stays.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use link::shutdown::Shutdown;
use netmap::Diff;
use tokio::signal::unix::Signal;
use topology::CostWork;

use crate::access::{Access, accounts};
use crate::maps::current::Current;
use crate::maps::network::ServedNetwork;
use crate::maps::version::{self, Version, VersionError};
use crate::metrics::Metrics;
use crate::settings::{Inputs, Settings};

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

/// What a file looked like: when it was changed and how long it was; `None` if it was not there.
pub type Look = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Looks at the files of `settings`, and at the settings file.
#[must_use]
pub fn look(inputs: &Inputs, settings: &Settings) -> Look {
    let mut files = version::files(settings).unwrap_or_default();
    files.extend(inputs.file.clone());
    files.extend(accounts::files(settings).map(Path::to_owned));
    files.into_iter().map(|path| (path.clone(), look_at(&path))).collect()
}

fn look_at(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl Reloader {
    /// Watches until shutdown. `seen` is how the files looked before they were loaded; `hangups`
    /// are listened for since then, so that none ends the process.
    pub async fn run(
        self,
        mut settings: Settings,
        mut seen: Look,
        mut hangups: Signal,
        shutdown: Shutdown,
    ) {
        let reloader = Arc::new(self);
        let mut changing: Option<Look> = None;
        loop {
            let poll = Duration::from_secs(settings.reload_poll_seconds.max(1));
            tokio::select! {
                () = shutdown.wait() => return,
                _ = hangups.recv() => {}
                () = tokio::time::sleep(poll), if settings.reload_poll_seconds > 0 => {
                    let now = look(&reloader.inputs, &settings);
                    if now == seen {
                        changing = None;
                        continue;
                    }
                    if changing.as_ref() != Some(&now) {
                        // Somebody may still be writing: load what looks the same twice.
                        changing = Some(now);
                        continue;
                    }
                }
            }
            changing = None;
            seen = look(&reloader.inputs, &settings);
            let load = Arc::clone(&reloader);
            match tokio::task::spawn_blocking(move || load.reload()).await {
                Ok(Some(loaded)) => {
                    // A changed settings file may name other files: watch those from now on.
                    let files = look(&reloader.inputs, &loaded);
                    seen.retain(|path, _| files.contains_key(path));
                    for (path, state) in files {
                        seen.entry(path).or_insert(state);
                    }
                    settings = loaded;
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "the reload broke off; the old version stays in force")
                }
            }
        }
    }

    /// Loads beside the version in force and swaps; `None` if that failed and the old one stays.
    fn reload(&self) -> Option<Settings> {
        let loaded =
            Settings::load(&self.inputs).map_err(VersionError::from).and_then(|settings| {
                let old = self.current.get();
                let version = Version::load_beside(&settings, &(), Some(&old))?;
                Ok((settings, version))
            });
        let refused = |error: String| {
            self.metrics.reloaded(false);
            tracing::error!(error, "reload refused; the old version stays in force");
        };
        let (settings, version) = loaded.map_err(|error| refused(error.to_string())).ok()?;
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
        Some(settings)
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
    }
}

/// How much of the costs had to be computed.
fn told(network: &ServedNetwork) -> String {
    let CostWork { searched, repaired, kept } = network.topology().cost_work();
    format!("{searched} searched, {repaired} repaired, {kept} kept")
}
