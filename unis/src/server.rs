//! The daemon: binds everything, then runs until it is told to stop.
//!
//! ```text
//! settings ─► Version::load ─► Current ◄── Reloader (SIGHUP, changed files)
//!    │                            │
//!    ├──────► Access ─────────► Service ◄── Listener (mutual TLS, or plain on loopback)
//!    └──────► STATE/pki ──────► ServerTls ◄── renewal, revocation list, enrolment under /pki/
//!                               admin listener: /livez /readyz /metrics
//! ```

use std::sync::Arc;

use anyhow::bail;
use arc_swap::ArcSwap;
use link::admin::{Admin, Readiness};
use link::daemon::{Identities, Sockets, notify};
use link::server::{Listener, Security};
use link::shutdown::Shutdown;
use prometheus_client::registry::Registry;
use tokio::signal::unix::Signal;

use crate::access::Access;
use crate::http::service::{Bounds, Service};
use crate::maps::current::Current;
use crate::maps::table::DIRECTORY_PATH;
use crate::maps::version::Version;
use crate::metrics::{Metrics, maps};
use crate::progress::Bar;
use crate::reload::{Reloader, check_regular, look, warn_of};
use crate::resource::pairs::PairRate;
use crate::settings::{Inputs, Settings};

/// What a server starts from.
pub struct Start {
    /// Where the settings came from, to read them again.
    pub inputs: Inputs,
    /// The settings.
    pub settings: Settings,
    /// Plain HTTP instead of TLS.
    pub plaintext: bool,
}

/// A server that is bound and ready, and not yet running.
pub struct Server {
    start: Start,
    listener: Listener,
    admin: Admin,
    shutdown: Shutdown,
    identities: Option<Identities>,
    access: Arc<ArcSwap<Access>>,
    current: Arc<Current>,
    metrics: Metrics,
    seen: crate::reload::Look,
    hangups: Signal,
}

impl Server {
    /// Loads the operator's files and binds both listeners.
    ///
    /// # Errors
    /// Files or certificates are refused, an address is taken, plain HTTP was asked for beyond
    /// loopback, or signals cannot be listened for.
    pub async fn bind(start: Start) -> anyhow::Result<Self> {
        let settings = &start.settings;
        let mut sockets = Sockets::handed_over()?;
        let listen = sockets.service_address(settings.listen);
        if start.plaintext && !listen.ip().is_loopback() {
            bail!("--plaintext serves loopback addresses only, and {listen} is none");
        }
        // From here on, for a SIGHUP that nobody listens for would end the process.
        let hangups = link::shutdown::hangups()?;
        let seen = look(&start.inputs, settings);
        check_regular(settings)?;
        let loading = settings.clone();
        let version =
            tokio::task::spawn_blocking(move || Version::load(&loading, &Bar::default())).await??;
        version.networks().iter().for_each(|network| warn_of(network));
        let access = Arc::new(ArcSwap::from_pointee(Access::new(settings, start.plaintext)?));
        let metrics = Metrics::default();
        metrics.begin(&version);
        let current = Arc::new(Current::new(version));
        let mut registry = Registry::default();
        let own = registry.sub_registry_with_prefix("unis");
        metrics.register(own);
        maps::register(&current, own);
        let links = link::metrics::Metrics::new();
        // Under a prefix of its own: both count requests, and a name stands for one thing.
        links.register(registry.sub_registry_with_prefix("unis_link"));
        let identities = match start.plaintext {
            true => None,
            false => Some(Identities::open(&settings.identity()?, links.clone())?),
        };
        let security =
            identities.as_ref().map_or(Security::Plaintext, |own| Security::Tls(own.tls()));
        let listener = sockets.bind_service(settings.listen, settings.limits.clone(), security)?;
        let listener = listener.with_metrics(links);
        let shutdown = Shutdown::on_signals()?;
        let readiness = Readiness::default();
        let admin = sockets.bind_admin(settings.admin_listen, &readiness, registry, &shutdown)?;
        Ok(Self {
            start,
            listener,
            admin,
            shutdown,
            identities,
            access,
            current,
            metrics,
            seen,
            hangups,
        })
    }

    /// URL of the directory.
    #[must_use]
    pub fn url(&self) -> String {
        let base = self.start.settings.public_url.clone();
        let base = base
            .unwrap_or_else(|| format!("{}://{}", self.scheme(), self.listener.local_address()));
        format!("{base}{DIRECTORY_PATH}")
    }

    /// URL of health and metrics.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.local_address())
    }

    const fn scheme(&self) -> &'static str {
        if self.start.plaintext { "http" } else { "https" }
    }

    /// Serves until SIGTERM or SIGINT, then finishes the requests in work.
    ///
    /// # Errors
    /// The task that reloads broke off.
    pub async fn run(self) -> anyhow::Result<()> {
        let (scheme, url) = (self.scheme(), self.url());
        let Self {
            start,
            listener,
            admin,
            shutdown,
            identities,
            access,
            current,
            metrics,
            seen,
            hangups,
        } = self;
        let status = current.get().told();
        let settings = start.settings;
        let service = Service {
            current: Arc::clone(&current),
            access: Arc::clone(&access),
            bounds: Bounds {
                max_pairs: settings.max_pairs,
                max_body_bytes: settings.max_body_bytes,
                max_json_depth: settings.max_json_depth,
                body_deadline: settings.body_deadline(),
            },
            pair_rate: PairRate::new(
                settings.pairs_per_second,
                settings.max_pairs,
                settings.limits.cap_loopback,
            ),
            scheme,
            enrolment: identities.as_ref().and_then(Identities::enrolment),
            public_url: settings.public_url.clone(),
            metrics: metrics.clone(),
        };
        let identities = identities.map(Arc::new);
        if let Some(identities) = &identities {
            identities.watch(&shutdown);
        }
        let reloader = Reloader {
            inputs: start.inputs,
            current,
            access,
            prepare: Box::new(move |settings| {
                let Some(identities) = &identities else { return Ok(()) };
                identities.follow(&settings.identity().map_err(|error| error.to_string())?)
            }),
            metrics,
        };
        let admin_stop = Shutdown::new();
        let admin = tokio::spawn(admin.run(admin_stop.clone()));
        let reload = tokio::spawn(reloader.run(settings, seen, hangups, shutdown.clone()));
        tracing::info!(directory = url, "{status}");
        let _ready = notify::ready(&status, &shutdown);
        listener.run(Arc::new(service), shutdown).await;
        admin_stop.trigger();
        let _ = admin.await;
        reload.await?;
        tracing::info!("stopped");
        Ok(())
    }
}
