//! A running peer: its identity, its port, and the contents that it shares and fetches.
//!
//! ```text
//!  share, fetch ─► kept (on disk) ─► transfer ◄─ arrivals ◄─ port
//!                                      ▲ └─► membership ══► provider
//!                          events ─────┘
//! ```

mod arrivals;
mod budget;
mod caching;
mod connections;
mod delegating;
mod events;
mod fetch;
mod hashing;
mod kept;
mod last;
mod limits;
mod lookup;
mod lost;
mod meeting;
mod membership;
mod naming;
mod presence;
mod relaying;
mod renewal;
mod revocation;
mod roles;
mod share;
mod space;
mod stage;
mod turns;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use anyhow::{Context, bail};
use link::admin::{Condition, Readiness};
use link::shutdown::Shutdown;
use mp2p::id::ContentId;
use mp2p::message::join::SharingPolicy;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::control::message::Status;
use crate::denylist::{self, Denylist};
use crate::exchange::Budget;
use crate::home::{Home, make_private};
use crate::identity::Identity;
use crate::isp::Views;
use crate::metrics::Metrics;
use crate::nat::Ways;
use crate::provider::Provider;
use crate::relay::Hall;
use crate::report::{Reports, Spool, send_until_shutdown, tell_until_shutdown};
use crate::revoked::Revoked;
use crate::settings::{Limits, Role, Settings};
use crate::superpeer::{self, Desk};
use crate::transfer::{Transfer, unix_s};
use crate::wire::{Bounds, Intake, listen};

use crate::node::caching::Caching;
use crate::node::connections::Connections;
pub(crate) use crate::node::connections::Place;
use crate::node::hashing::Works;
pub use crate::node::kept::Kept;
pub(crate) use crate::node::kept::{called, give_up};
pub use crate::node::last::LastList;
use crate::node::limits::Choice;
pub(crate) use crate::node::lookup::index_of;
pub use crate::node::lost::Lost;
pub use crate::node::membership::{Change, Membership, Viewed};
pub use crate::node::presence::{Overlays, Presence};
pub(crate) use crate::node::space::{Lack, Spaces};
use crate::node::stage::Stage;
use crate::node::turns::Turns;

/// Handshakes of those who come, at a time and from one address.
const HALL: Bounds = Bounds { handshakes: 256, per_source: 64 };
/// Contents at a time.
const MAX_TRANSFERS: usize = 1000;

/// A running peer.
pub struct Node {
    pub(crate) home: Home,
    pub(crate) identity: Identity,
    pub(crate) provider: Provider,
    pub(crate) settings: RwLock<Settings>,
    /// Where its limits come from.
    choice: Mutex<Choice>,
    /// Where others reach us.
    pub(crate) port: u16,
    transfers: Mutex<HashMap<ContentId, Arc<Transfer>>>,
    /// What nobody may have of this peer, and it of nobody.
    pub(crate) denylist: Denylist,
    pub(crate) reports: Reports,
    /// What stands before this peer, and ways past it.
    pub(crate) ways: Arc<Ways>,
    /// Whom this peer relays, where it is a relay.
    pub(crate) hall: OnceLock<Arc<Hall>>,
    /// Where its roles listen.
    ports: roles::Ports,
    /// Reports of others that wait, where it is a super peer.
    pub(crate) care: Option<Arc<Desk>>,
    /// What this peer keeps for others, where it is a cache.
    pub(crate) cache: OnceLock<Arc<Caching>>,
    /// What was used of it is to be told.
    pub(crate) usage_due: Notify,
    /// What may be sent and received now, by all transfers together.
    pub(crate) budget: Arc<Mutex<Budget>>,
    /// What may be read now, from all connections together.
    pub(crate) intake: Arc<Intake>,
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: Shutdown,
    /// What it waits for before it can be given work.
    pub readiness: Readiness,
    /// The provider's events are heard.
    pub(crate) provider_heard: Condition,
    /// What it counts.
    pub metrics: Metrics,
    /// Whose certificates are revoked.
    pub(crate) revoked: Revoked,
    /// Its connections with peers.
    pub(crate) connections: Arc<Connections>,
    /// What is being hashed to be shared.
    pub(crate) hashing: Works,
    /// The ISPs that it asks itself.
    pub(crate) views: Views,
    /// Whose turn it is to begin a content.
    pub(crate) turns: Turns,
    /// Room on disks for what is to come.
    pub(crate) spaces: Spaces,
    /// Which contents are played, and come first.
    pub(crate) stage: Stage,
    /// Overlays that it takes part in.
    pub(crate) overlays: Arc<Overlays>,
}

impl Node {
    /// Opens identity and port, or takes the socket that was handed over, and goes on with what was
    /// shared and fetched before.
    ///
    /// # Errors
    /// This peer is not enrolled, or the port is taken.
    pub async fn start(
        home: Home,
        mut settings: Settings,
        handed: Option<std::net::TcpListener>,
        shutdown: Shutdown,
    ) -> anyhow::Result<Arc<Self>> {
        let identity = Identity::open(&home)?;
        let choice = Choice::open(home.limits(), settings.limits.clone());
        settings.limits = choice.limits();
        let contents = home.contents();
        make_private(&contents).with_context(|| contents.display().to_string())?;
        let listener = roles::service(handed, settings.listen).await?;
        let port = settings.announce_port.unwrap_or(listener.local_addr()?.port());
        let relay = roles::listener(&settings, Role::Relay, settings.relay.listen).await?;
        let care = roles::listener(&settings, Role::Super, settings.super_peer.listen).await?;
        let tls = Arc::clone(&identity.servers);
        let provider = Provider::new(&identity.url, tls, &settings);
        let arrivals = listen(listener, Arc::clone(&identity.peers), HALL, shutdown.clone());
        let (rates, now) = (budget::rates(&settings.limits), Instant::now());
        let intake = Intake::new(rates.down, rates.peer_down, now);
        let folder = home.denylist();
        let denylist = Denylist::open(&folder, &identity.trust_domain, unix_s())
            .with_context(|| folder.display().to_string())?;
        let readiness = Readiness::new();
        let connections = Arc::new(Connections::new(settings.connections()));
        let node = Arc::new(Self {
            denylist,
            reports: Reports::new(Spool::open(&home.spool())?),
            hall: OnceLock::new(),
            care: care.is_some().then(Arc::default),
            cache: OnceLock::new(),
            usage_due: Notify::new(),
            ways: Arc::new(Ways::new(provider.clone(), &settings)),
            budget: Arc::new(Mutex::new(Budget::new(rates, now))),
            intake,
            ports: roles::Ports::of(relay.as_ref(), care.as_ref()),
            home,
            identity,
            provider,
            settings: RwLock::new(settings),
            choice: Mutex::new(choice),
            port,
            transfers: Mutex::default(),
            tasks: TaskTracker::new(),
            shutdown,
            provider_heard: readiness.condition("the provider"),
            readiness,
            metrics: Metrics::default(),
            views: Views::default(),
            spaces: Spaces::default(),
            stage: Stage::default(),
            overlays: Arc::default(),
            turns: Turns::default(),
            hashing: Works::default(),
            revoked: Revoked::default(),
            connections,
        });
        node.tasks.spawn(arrivals::take(Arc::clone(&node), arrivals));
        node.follow();
        if let Some(listener) = relay {
            node.tasks.spawn(relaying::run(Arc::clone(&node), listener));
        }
        if let (Some(listener), Some(desk)) = (care, &node.care) {
            node.tasks.spawn(superpeer::run(Arc::clone(&node), listener, Arc::clone(desk)));
        }
        node.resume();
        if node.settings().role.contains(&Role::Cache) {
            let cache = Arc::new(Caching::open(&node)?);
            let _ = node.cache.set(Arc::clone(&cache));
            node.tasks.spawn(caching::run(Arc::clone(&node), cache));
        }
        Ok(node)
    }

    /// Begins all that goes on for as long as it runs.
    fn follow(self: &Arc<Self>) {
        self.tasks.spawn(renewal::run(Arc::clone(self)));
        self.tasks.spawn(revocation::follow(Arc::clone(self)));
        self.tasks.spawn(send_until_shutdown(Arc::clone(self)));
        self.tasks.spawn(tell_until_shutdown(Arc::clone(self)));
        self.tasks.spawn(events::follow(Arc::clone(self)));
        self.tasks.spawn(denylist::follow(Arc::clone(self)));
        self.tasks.spawn(delegating::run(Arc::clone(self)));
        self.tasks.spawn(budget::follow_the_clock(Arc::clone(self)));
    }

    /// Ends every transfer and says goodbye; to be called once the shutdown was triggered.
    pub async fn finish(&self) {
        let transfers: Vec<_> = self.lock().drain().map(|(_, transfer)| transfer).collect();
        for transfer in &transfers {
            transfer.end();
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// What it asks.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// How it is.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut transfers: Vec<_> =
            self.lock().values().map(|transfer| transfer.status()).collect();
        transfers.sort_by(|a, b| a.title.cmp(&b.title));
        Status {
            peer_id: self.identity.peer.clone(),
            user_id: self.identity.user.clone(),
            provider: self.identity.url.clone(),
            port: self.port,
            nat: self.ways.nat(),
            page: None,
            waits_for: self.readiness.waits(),
            passing: false,
            limits: Some(self.limits_in_force()),
            hashing: self.hashing.show(),
            transfers,
            cache: self.cache.get().map(|cache| cache.status(self)),
            relay: self.ports.relay.map(|port| roles::relay(port, self.hall.get())),
            super_peer: self.ports.care.zip(self.care.as_ref()).map(roles::care),
        }
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.settings().limits
    }

    /// Gives up a content: it is neither shared nor fetched any more. Its files stay.
    ///
    /// # Errors
    /// There is none of this id.
    pub async fn stop(&self, content: &ContentId) -> anyhow::Result<()> {
        let transfer = self.transfer(content);
        let Some(transfer) = transfer else { bail!("{content} is neither shared nor fetched") };
        if transfer.status().cached {
            bail!("{content} is kept for others, as the provider has reserved");
        }
        self.put_away(content).await;
        kept::forget(&self.home, content)
    }

    /// Lets go of a transfer that has ended; what is kept of it stays.
    pub(crate) fn forget(&self, content: &ContentId) {
        self.lock().remove(content);
    }

    /// Works on a content no more, until it is begun again; all of it stays.
    pub(crate) async fn put_away(&self, content: &ContentId) {
        let transfer = self.lock().remove(content);
        if let Some(transfer) = transfer {
            transfer.end();
            transfer.ended().await;
        }
    }

    /// A server alone shares and fetches nothing of its own.
    pub(crate) fn check_is_peer(&self) -> anyhow::Result<()> {
        match self.settings().role.contains(&Role::Peer) {
            true => Ok(()),
            false => bail!("this one serves others alone; the setting `role` has no \"peer\""),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn policy(&self) -> SharingPolicy {
        let sharing = self.settings().sharing;
        SharingPolicy { class_floor: sharing.class_floor, show_status: sharing.show_status }
    }

    pub(crate) fn transfer(&self, content: &ContentId) -> Option<Arc<Transfer>> {
        self.lock().get(content).cloned()
    }

    /// Starts a transfer of what is kept; the one at work, where there is one already.
    pub(crate) fn begin(self: &Arc<Self>, kept: Kept) -> anyhow::Result<Arc<Transfer>> {
        let content = kept.index.content_id.clone();
        let mut transfers = self.lock();
        if let Some(there) = transfers.get(&content).filter(|there| !there.is_over()) {
            return Ok(Arc::clone(there));
        }
        if transfers.len() >= MAX_TRANSFERS {
            bail!("{MAX_TRANSFERS} contents are shared and fetched already");
        }
        let transfer = Arc::new(Transfer::start(self, kept)?);
        transfers.insert(content, Arc::clone(&transfer));
        Ok(transfer)
    }

    fn resume(self: &Arc<Self>) {
        // What is kept for others is for the cache to begin.
        for kept in kept::all(&self.home).into_iter().filter(|kept| kept.place.cached.is_none()) {
            let title = kept.index.title.to_string();
            if let Err(error) = self.begin(kept) {
                tracing::warn!(title, error = format!("{error:#}"), "cannot go on with a content");
            }
        }
    }

    pub(crate) fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ContentId, Arc<Transfer>>> {
        self.transfers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
