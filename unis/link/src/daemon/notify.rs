//! What the service manager is told (sd_notify(3)): ready, reloading, stopping, and a line on how
//! things are. Without one (`NOTIFY_SOCKET` not set) nothing is said.

use std::sync::{Arc, Once};

use sd_notify::NotifyState;

use crate::printable::printable;
use crate::shutdown::Shutdown;

/// Longest line on how things are, characters.
const MAX_STATUS: usize = 400;

/// A service that the manager knows to be ready; that it stops is said once, at the latest when
/// this is dropped.
#[derive(Debug)]
#[must_use = "dropped, it says that the service stops"]
pub struct Ready(Arc<Once>);

/// Says that the service is ready, and that it stops as soon as it does. Must be called inside a
/// runtime.
pub fn ready(status: &str, shutdown: &Shutdown) -> Ready {
    tell(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
    let (shutdown, said) = (shutdown.clone(), Arc::new(Once::new()));
    let ready = Ready(Arc::clone(&said));
    tokio::spawn(async move {
        shutdown.wait().await;
        stopping(&said);
    });
    ready
}

impl Drop for Ready {
    /// A service that has nothing to drain ends before the task that waits comes to its turn.
    fn drop(&mut self) {
        stopping(&self.0);
    }
}

fn stopping(said: &Once) {
    said.call_once(|| tell(&[NotifyState::Stopping, NotifyState::Status("draining")]));
}

/// Says that a reload begins; [`reloaded`] has to follow.
pub fn reloading() {
    // Newer managers refuse a reload without the time (sd_notify(3), MONOTONIC_USEC).
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "no monotonic clock: the manager is told no reload"),
    }
}

/// Says that the reload is over, whatever came of it.
pub fn reloaded(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&line(status))]);
}

fn line(status: &str) -> String {
    printable(status).chars().take(MAX_STATUS).collect()
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
