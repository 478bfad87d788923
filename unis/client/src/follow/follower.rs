//! The handle on a server's maps: read them, see how fresh they are, be told when they change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use crate::client::ClientBuilder;
use crate::follow::followed::Followed;
use crate::follow::freshness::Freshness;
use crate::follow::published::{Published, View};
use crate::follow::settings::{FollowSettings, SettingsError};
use crate::follow::task::Task;

/// Checks that may wait for their turn; who comes beyond waits for a place first.
const MAX_WAITING: usize = 16;

/// Keeps a server's maps current, in a task of its own that ends when this is dropped.
///
/// The server may be absent, now or later: the maps in force stay until better ones are there.
#[derive(Debug)]
pub struct Follower {
    published: Arc<Published>,
    checks: mpsc::Sender<oneshot::Sender<()>>,
    stale_after: Duration,
    task: AbortHandle,
}

impl Follower {
    /// Begins to follow; must be called inside a runtime. The first maps come when they come:
    /// [`Follower::check`] waits for the first attempt, [`Follower::updates`] for success.
    ///
    /// # Errors
    /// Settings that cannot be followed.
    pub fn start(server: ClientBuilder, settings: FollowSettings) -> Result<Self, SettingsError> {
        settings.check()?;
        let (checks, waiting) = mpsc::channel(MAX_WAITING);
        let view = ArcSwap::from_pointee(View::default());
        let published = Arc::new(Published { view, version: watch::Sender::new(0) });
        let stale_after = settings.stale_after;
        let task = Task::new(server, settings, Arc::clone(&published), Instant::now());
        let task = tokio::spawn(task.run(waiting)).abort_handle();
        Ok(Self { published, checks, stale_after, task })
    }

    /// The maps in force; none before the first success. Take them once per piece of work.
    pub fn current(&self) -> Option<Arc<Followed>> {
        self.published.view.load().followed.clone()
    }

    /// How far the maps in force can be trusted, seen at `now`.
    pub fn freshness(&self, now: Instant) -> Freshness {
        self.published.view.load().record.freshness(now, self.stale_after)
    }

    /// How many times the maps were replaced: a receiver that wakes with each.
    pub fn updates(&self) -> watch::Receiver<u64> {
        self.published.version.subscribe()
    }

    /// Checks now, without regard to the interval, and returns when that is done, well or not.
    /// Where the server asked for a pause (`Retry-After`) nothing is done.
    pub async fn check(&self) {
        let (done, wait) = oneshot::channel();
        if self.checks.send(done).await.is_ok() {
            // The task drops the sender after the round; that is the signal.
            let _ = wait.await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}
