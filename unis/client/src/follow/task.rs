//! The loop behind a follower: waits, asks, has the answers weighed, publishes. The only place of
//! the crate that reads the clock.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use alto::media;
use tokio::sync::{mpsc, oneshot};

use crate::client::{Client, ClientBuilder};
use crate::exchange::CallError;
use crate::follow::course::{Course, Remedy, suspects_directory};
use crate::follow::followed::{Followed, Origin};
use crate::follow::plan::Plan;
use crate::follow::published::{Published, View};
use crate::follow::schedule::Schedule;
use crate::follow::settings::FollowSettings;
use crate::follow::weigh::{FollowError, Gathered, Verdict};
use crate::url::Url;

/// The task's own state.
pub(crate) struct Task {
    server: ClientBuilder,
    settings: FollowSettings,
    published: Arc<Published>,
    schedule: Schedule,
    known: Option<Known>,
}

/// The server as its directory was.
struct Known {
    client: Client,
    /// When the directory was read; none once it is suspect.
    read_at: Option<Instant>,
}

impl Task {
    pub(crate) fn new(
        server: ClientBuilder,
        settings: FollowSettings,
        published: Arc<Published>,
        now: Instant,
    ) -> Self {
        let schedule = Schedule::new(&settings, now);
        Self { server, settings, published, schedule, known: None }
    }

    pub(crate) async fn run(mut self, mut checks: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            let mut waiting = Vec::new();
            tokio::select! {
                () = tokio::time::sleep_until(self.schedule.due().into()) => {}
                check = checks.recv() => match check {
                    Some(_) if self.schedule.is_barred(Instant::now()) => continue,
                    Some(check) => waiting.push(check),
                    None => return,
                },
            }
            // Who asked before the round begins is served by it.
            while let Ok(check) = checks.try_recv() {
                waiting.push(check);
            }
            self.round().await;
        }
    }

    /// One round, from asking to publishing.
    async fn round(&mut self) {
        let asked_at = Instant::now();
        let outcome = self.attempt(asked_at).await;
        let now = Instant::now();
        match outcome {
            Ok(verdict) => {
                if self.schedule.failures() > 0 {
                    tracing::info!(server = %self.server.url(), "followed again");
                }
                self.schedule.succeeded(now, random());
                self.publish(verdict, asked_at);
            }
            Err(error) => self.fail(&error, now),
        }
    }

    fn publish(&self, verdict: Verdict, asked_at: Instant) {
        let View { followed: old, mut record } = self.view();
        let (followed, news) = match verdict {
            Verdict::Confirmed => (old, None),
            Verdict::Same(followed) => (Some(Arc::new(followed)), None),
            Verdict::New(followed, news) => (Some(Arc::new(followed)), Some(news)),
        };
        match &news {
            Some(_) => record.replaced(asked_at),
            None => record.confirmed(asked_at),
        }
        self.published.view.store(Arc::new(View { followed, record }));
        if let Some(news) = news {
            self.published.version.send_modify(|version| *version += 1);
            tracing::info!(server = %self.server.url(), %news, "maps replaced");
        }
    }

    fn fail(&mut self, error: &FollowError, now: Instant) {
        let server = self.server.url();
        let View { followed, mut record } = self.view();
        match record.failed(&error.to_string()) {
            true => tracing::warn!(%server, %error, "not followed, keeping what there is"),
            false => tracing::debug!(%server, %error, "still not followed"),
        }
        self.published.view.store(Arc::new(View { followed, record }));
        let retry_after = match error {
            FollowError::Call(error) => error.retry_after(),
            _ => None,
        };
        self.schedule.failed(now, retry_after, random());
        if suspects_directory(self.schedule.failures()) {
            self.suspect_directory();
        }
    }

    /// Tries, and tries again where that may help.
    async fn attempt(&mut self, now: Instant) -> Result<Verdict, FollowError> {
        let (mut course, mut whole) = (Course::new(), false);
        loop {
            let client = self.client(&mut course, now).await?;
            let error = match self.gather(&client, whole).await {
                Ok(gathered) => match weigh(gathered).await {
                    Ok(verdict) => return Ok(verdict),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            match course.after(&error) {
                Remedy::Again => whole = true,
                Remedy::Walk => self.suspect_directory(),
                Remedy::Wait => return Err(error),
            }
        }
    }

    fn suspect_directory(&mut self) {
        if let Some(known) = &mut self.known {
            known.read_at = None;
        }
    }

    /// The server by its directory, which is read where it is not known, suspect or old.
    async fn client(&mut self, course: &mut Course, now: Instant) -> Result<Client, CallError> {
        let max_age = self.settings.directory_max_age;
        let is_current = |at: Instant| now.saturating_duration_since(at) < max_age;
        if let Some(known) = &self.known
            && (course.has_walked() || known.read_at.is_some_and(is_current))
        {
            return Ok(known.client.clone());
        }
        course.walked();
        match (self.server.connect().await, &self.known) {
            (Ok(client), _) => {
                for skipped in client.catalogue().skipped() {
                    tracing::debug!(id = skipped.id, reason = skipped.reason, "entry left out");
                }
                self.known = Some(Known { client: client.clone(), read_at: Some(now) });
                Ok(client)
            }
            // An old directory is better than none: its maps may well be there.
            (Err(_), Some(known)) => Ok(known.client.clone()),
            (Err(error), None) => Err(error),
        }
    }

    /// Asks for all maps, those in force only if they have changed, unless `whole` ones are wanted.
    async fn gather(&self, client: &Client, whole: bool) -> Result<Gathered, FollowError> {
        let plan = Plan::draw(client.catalogue(), &self.settings)?;
        let old = self.view().followed;
        let known = old.as_deref().filter(|_| !whole);
        let etag = known.and_then(|known| etag_from(&known.network, &plan.network));
        let network = client.reply(&plan.network, media::NETWORK_MAP, etag).await?;
        let mut costs = Vec::with_capacity(plan.costs.len());
        for (kind, url) in &plan.costs {
            let held = |known: &Followed| {
                let (_, origin) = known.costs.iter().find(|(held, _)| held.is_same(kind))?;
                etag_from(origin, url)
            };
            costs.push(client.reply(url, media::COST_MAP, known.and_then(held)).await?);
        }
        let max_pids = self.settings.max_pids;
        Ok(Gathered { plan, old, network, costs, max_pids })
    }

    fn view(&self) -> View {
        View::clone(&self.published.view.load())
    }
}

/// The entity tag of what came from the same place.
fn etag_from(origin: &Origin, url: &Url) -> Option<String> {
    origin.etag.clone().filter(|_| origin.url == *url)
}

/// Big maps take seconds to read: not on the threads that others' requests wait for.
async fn weigh(gathered: Gathered) -> Result<Verdict, FollowError> {
    let weighed = tokio::task::spawn_blocking(move || gathered.weigh()).await;
    weighed.unwrap_or(Err(FollowError::Interrupted))
}

/// In 0..1. Spreads clients over time, and no more hangs on it.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}
