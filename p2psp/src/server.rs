//! The daemon: binds everything, then runs until it is told to stop.
//!
//! ```text
//! settings ─► STATE/pki ─► ServerTls ─► Listener ─► api ─► the roles of this process
//!        └──► [[isp]] ─► Isps            databases: STATE/users.db, STATE/index.db
//! ```

use std::hash::RandomState;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use link::admin::{Admin, Readiness};
use link::daemon::{Identities, Sockets, notify};
use link::pki::Authority;
use link::server::{Listener, Security};
use link::shutdown::Shutdown;
use prometheus_client::registry::Registry;
use tokio::signal::unix::Signal;

use crate::activity::{MemoryStatus, Pams, StatusBounds};
use crate::api::{Bounds, Desk, Service};
use crate::backup::Hold;
use crate::calls::{Activity, Contents, StatusRequests, Users};
use crate::events::{Outbox, Streaming};
use crate::expulsion::Expulsions;
use crate::index::Ixs;
use crate::isp::Isps;
use crate::membership::{Charters, Floods, Foundings, Heard, Meetings, Oms, Prober};
use crate::metrics::Metrics;
use crate::overlay::{MemoryStore, SwarmStore};
use crate::passkeys::Passkeys;
use crate::reload;
use crate::reservation::Book;
use crate::roles::{Links, Material};
use crate::settings::{ActivitySettings, Inputs, Part, Settings};
use crate::stop::Stopper;
use crate::stun::{self, Ports};
use crate::users::{Rules, SignUps, SqliteLedger, Ums};

/// From one sweep of statuses to the next.
const STATUS_SWEEP: Duration = Duration::from_secs(30);

/// From one question to UMS who is out to the next: so long whoever is stays in lists.
const NEWS: Duration = Duration::from_secs(1);
/// How long a server that is about to end may keep its state folder from the next one.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A server that is bound and ready, and not yet running.
pub struct Server {
    listener: Listener,
    admin: Admin,
    shutdown: Shutdown,
    identities: Identities,
    desk: Arc<Desk>,
    hangups: Signal,
    settings: Settings,
    inputs: Inputs,
    hold: Hold,
}

impl Server {
    /// Opens keys and databases, begins to follow the ISPs' maps, and binds both listeners.
    /// `inputs` are where `settings` came from, and what is read again on SIGHUP. Must be called
    /// inside a runtime.
    ///
    /// # Errors
    /// Files, certificates or databases are refused, or an address is taken.
    pub fn bind(settings: Settings, inputs: Inputs) -> anyhow::Result<Self> {
        let mut registry = Registry::default();
        let metrics = Metrics::default();
        metrics.register(&mut registry);
        let links = link::metrics::Metrics::new();
        links.register(registry.sub_registry_with_prefix("p2psp_link"));
        let identity = settings.identity()?;
        let hold = Hold::take(&identity.state_dir, ENDS_WITHIN)?;
        let identities = Identities::open(&identity, links.clone())?;
        let security = Security::Tls(identities.tls());
        let mut sockets = Sockets::handed_over()?;
        let listener = sockets.bind_service(settings.listen, settings.limits.clone(), security)?;
        let listener = listener.with_metrics(links.clone());
        let shutdown = Shutdown::on_signals()?;
        let hangups = link::shutdown::hangups()?;
        let readiness = Readiness::default();
        let admin = sockets.bind_admin(settings.admin_listen, &readiness, registry, &shutdown)?;
        let own = identities.own();
        let is_oms = settings.role.contains(&Part::Oms);
        let followed = if is_oms { &settings.isp[..] } else { &[] };
        let isps = Isps::follow(followed, &own, &links)?;
        let colleagues = identities.colleagues();
        let shut = shutdown.clone();
        let roles = Links::new(Material { own, colleagues, metrics: links, shutdown: shut });
        roles.follow(&settings.role_server, settings.call_timeout())?;
        let url = settings.public_url.clone();
        let url = url.unwrap_or_else(|| format!("https://{}", listener.local_address()));
        let issuer = identities.trust_domain().to_owned();
        let state = &identity.state_dir;
        let ports = if is_oms { &settings.overlay.stun_ports[..] } else { &[] };
        let stun = stun::serve(settings.listen.ip(), ports, &shutdown)?;
        let parts = Parts { state, issuer, url, metrics, stun, shutdown: shutdown.clone() };
        let desk = parts.desk(&settings, isps, roles, identities.authority())?;
        if let Some(ums) = desk.ums.clone() {
            tokio::spawn(ums.look_after(settings.class.clone(), shutdown.clone()));
        }
        warm(&desk, state);
        let desk = Arc::new(desk);
        Ok(Self { listener, admin, shutdown, identities, desk, hangups, settings, inputs, hold })
    }

    /// Base URL of the service.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.desk.url
    }

    /// OMS and PAMS, where they are here.
    pub(crate) fn roles(&self) -> (Option<Arc<Oms>>, Option<Arc<Pams>>) {
        (self.desk.oms.clone(), self.desk.pams.clone())
    }

    /// URL of health and metrics.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.local_address())
    }

    /// Serves until SIGTERM or SIGINT, then finishes the requests in work.
    ///
    /// # Errors
    /// None today.
    pub async fn run(self) -> anyhow::Result<()> {
        let Self { listener, admin, shutdown, identities, desk, hold, .. } = self;
        let folder = self.settings.state_dir()?;
        let requests = self.settings.limits.request_rate();
        let kept = Arc::clone(&desk);
        identities.watch(&shutdown);
        let (shut, again) = (shutdown.clone(), Arc::clone(&desk));
        tokio::spawn(reload::follow(self.inputs, self.settings, again, self.hangups, shut));
        tokio::spawn(sweep(Arc::clone(&desk), shutdown.clone()));
        tokio::spawn(hear_of_users(Arc::clone(&desk), identities.look(), shutdown.clone()));
        tokio::spawn(sweep_statuses(Arc::clone(&desk), shutdown.clone()));
        tokio::spawn(tell_measured(Arc::clone(&desk), shutdown.clone()));
        if let Some(ixs) = desk.ixs.clone() {
            tokio::spawn(ixs.follow_takedowns(desk.stops(), shutdown.clone()));
        }
        let admin_stop = Shutdown::new();
        let admin = tokio::spawn(admin.run(admin_stop.clone()));
        let _ready = notify::ready(&format!("serving {}", desk.url), &shutdown);
        let service = Service::new(desk, identities.enrolment()).bounded(requests);
        listener.run(Arc::new(service), shutdown).await;
        keep(&kept, &folder);
        admin_stop.trigger();
        let _ = admin.await;
        drop(hold);
        tracing::info!("stopped");
        Ok(())
    }
}

/// What the roles are made of.
struct Parts<'a> {
    state: &'a Path,
    issuer: String,
    url: String,
    metrics: Metrics,
    stun: Ports,
    shutdown: Shutdown,
}

impl Parts<'_> {
    /// IXS over its database, with the key that it signs with.
    fn index(&self) -> anyhow::Result<Ixs> {
        let ixs = Ixs::open(&self.state.join("index.db"))?;
        Ok(ixs.signing(self.state, &self.issuer)?)
    }

    fn desk(
        self,
        settings: &Settings,
        isps: Isps,
        links: Links,
        authority: Option<Arc<Authority>>,
    ) -> anyhow::Result<Desk> {
        let has = |part| settings.role.contains(&part);
        let events = has(Part::Oms).then(|| Arc::new(Outbox::new(settings.events, unix_ms())));
        let pams = match has(Part::Pams) {
            true => Some(pams(&settings.activity, events.clone(), &links, self.state)?),
            false => None,
        };
        let ums = if has(Part::Ums) { Some(ums(settings, self.state)?) } else { None };
        let sign_ups = authority.filter(|_| has(Part::Ums));
        let sign_ups =
            sign_ups.map(|authority| self::sign_ups(authority, self.url.clone(), settings));
        let ixs = if has(Part::Ixs) { Some(self.index()?) } else { None };
        let oms = match events {
            Some(events) => {
                let store: Arc<dyn SwarmStore> =
                    Arc::new(MemoryStore::new(settings.overlay.clone()));
                let passkeys = Arc::new(Passkeys::open(self.state, self.issuer)?);
                Some(Arc::new(Oms {
                    stopper: Arc::new(stopper(self.state, &store, &events, &passkeys)?),
                    expulsions: Expulsions::open(&self.state.join("expulsions.db"))?,
                    contents: match ixs.clone() {
                        Some(ixs) => Arc::new(ixs) as Arc<dyn Contents>,
                        None => links.to(Part::Ixs),
                    },
                    store,
                    isps: ArcSwap::from_pointee(isps),
                    users: match ums.clone() {
                        Some(ums) => Arc::new(ums) as Arc<dyn Users>,
                        None => links.to(Part::Ums),
                    },
                    activity: match pams.clone() {
                        Some(pams) => pams as Arc<dyn Activity>,
                        None => links.to(Part::Pams),
                    },
                    events,
                    passkeys,
                    prober: Prober::new(&settings.overlay),
                    stun: self.stun,
                    meetings: Mutex::new(Meetings::default()),
                    floods: Floods::new(&settings.overlay, settings.limits.cap_loopback),
                    charters: Charters::open(&self.state.join("overlays.db"))?,
                    heard: Heard::from(unix_now()),
                    foundings: Foundings::default(),
                    accusations: Mutex::default(),
                    book: Mutex::new(Book::new(settings.reservation.clone(), unix_ms())),
                    reservation: settings.reservation.clone(),
                    overlay: settings.overlay.clone(),
                    list: ArcSwap::from_pointee(settings.list.clone()),
                    report_seconds: settings.activity.report_seconds.into(),
                    call_timeout: settings.call_timeout(),
                    metrics: self.metrics.clone(),
                }))
            }
            None => None,
        };
        let bounds = Bounds {
            max_body_bytes: settings.max_body_bytes,
            body_deadline: Duration::from_secs(settings.body_seconds),
        };
        let keep_alive = settings.events.keep_alive().min(settings.limits.write_timeout() / 2);
        let streaming = Streaming { keep_alive, shutdown: self.shutdown };
        let (url, metrics, hasher) = (self.url, self.metrics, RandomState::new());
        Ok(Desk { oms, pams, ums, sign_ups, ixs, url, links, bounds, streaming, metrics, hasher })
    }
}

fn sign_ups(authority: Arc<Authority>, url: String, settings: &Settings) -> SignUps {
    let users = &settings.users;
    SignUps {
        authority,
        url,
        life: Duration::from_secs(60 * users.token_minutes),
        by: users.sign_up,
        most_a_day: users.max_sign_ups_a_day,
        most_of_source: users.max_sign_ups_of_address,
        loopback_too: settings.limits.cap_loopback,
    }
}

/// UMS over its ledger.
fn ums(settings: &Settings, state: &Path) -> anyhow::Result<Ums> {
    let ledger = SqliteLedger::open(&state.join("users.db"))?;
    Ok(Ums::new(Arc::new(ledger), Rules::of(&settings.users, &settings.class)))
}

/// PAMS, which asks peers over the event streams of OMS, here or elsewhere.
fn pams(
    activity: &ActivitySettings,
    events: Option<Arc<Outbox>>,
    links: &Links,
    state: &Path,
) -> anyhow::Result<Arc<Pams>> {
    let store = MemoryStatus::new(StatusBounds::of(activity));
    let requests = match events {
        Some(events) => events as Arc<dyn StatusRequests>,
        None => links.to(Part::Oms),
    };
    let pams = Pams::new(Box::new(store), activity.clone(), requests);
    Ok(Arc::new(pams.keeping(&state.join("care.db"), unix_now())?))
}

/// Forgets peers that are silent for long and counts the others, until shutdown.
async fn sweep_statuses(desk: Arc<Desk>, shutdown: Shutdown) {
    let Some(pams) = &desk.pams else { return };
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(STATUS_SWEEP) => {}
        }
        let counts = pams.sweep(unix_now()).await;
        desk.metrics.count_reporting(counts.reporting, counts.silent);
    }
}

/// Has PAMS tell UMS what peers measured, until shutdown.
async fn tell_measured(desk: Arc<Desk>, shutdown: Shutdown) {
    let Some(pams) = &desk.pams else { return };
    let (users, run) = (desk.users(), unix_now());
    let mut since = run;
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(pams.tell_interval()) => {}
        }
        let now = unix_now();
        match pams.tell(&*users, run, since).await {
            Ok(_) => since = now,
            Err(error) => tracing::debug!(%error, "what peers measured is told later"),
        }
    }
}

fn stopper(
    state: &Path,
    store: &Arc<dyn SwarmStore>,
    events: &Arc<Outbox>,
    passkeys: &Arc<Passkeys>,
) -> anyhow::Result<Stopper> {
    let (store, events, passkeys) = (Arc::clone(store), Arc::clone(events), Arc::clone(passkeys));
    Ok(Stopper::open(&state.join("stops.db"), store, events, passkeys)?)
}

/// Takes over what the last stop kept; without it peers come back by themselves.
fn warm(desk: &Desk, folder: &Path) {
    match desk.oms.as_ref().map(|oms| oms.restore(folder, unix_now())) {
        Some(Ok(Some(overlays))) => tracing::info!(overlays, "overlays are back"),
        Some(Err(error)) => tracing::warn!(%error, "what was kept of overlays cannot be read"),
        Some(Ok(None)) | None => {}
    }
    let Some(oms) = &desk.oms else { return };
    match oms.charters.restore(&*oms.store, unix_now()) {
        Ok(0) => {}
        Ok(overlays) => tracing::info!(overlays, "overlays are made anew"),
        Err(error) => tracing::error!(%error, "the terms of overlays cannot be read"),
    }
}

/// Writes down what the next start is to find.
fn keep(desk: &Desk, folder: &Path) {
    match desk.oms.as_ref().map(|oms| oms.keep(folder, unix_now())) {
        Some(Ok(overlays)) => tracing::info!(overlays, "overlays are kept"),
        Some(Err(error)) => tracing::error!(%error, "overlays cannot be kept"),
        None => {}
    }
}

/// Forgets what is over, until shutdown; lists leave it out at once.
async fn sweep(desk: Arc<Desk>, shutdown: Shutdown) {
    let Some(oms) = &desk.oms else { return };
    loop {
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(oms.sweep_interval()) => {}
        }
        oms.sweep(unix_now(), Instant::now()).await;
        oms.found_again().await;
    }
}

/// Hears from UMS who is out and whose status may be shown, until shutdown. Where somebody is out
/// there is a new revocation list.
async fn hear_of_users(desk: Arc<Desk>, look: impl Fn() + Send + 'static, shutdown: Shutdown) {
    let Some(oms) = &desk.oms else { return };
    loop {
        if oms.hear_of_users(unix_now()).await {
            look();
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(NEWS) => {}
        }
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
