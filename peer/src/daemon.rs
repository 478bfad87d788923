//! `peer serve`: a node with all that stands around it.
//!
//! ```text
//!  STATE/control.sock ─► control ─┐
//!  127.0.0.1:7680 ─────► page ────┼─► node        SIGHUP ─► settings ─► limits
//!  admin-listen ───────► admin ───┘               service manager ◄─ ready, reloading, stopping
//! ```

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use link::admin::Admin;
use link::daemon::{Sockets, notify};
use link::shutdown::{Shutdown, hangups};
use prometheus_client::registry::Registry;

use crate::alone::{Hold, Turn};
use crate::control::{DoorError, Front, serve};
use crate::home::Home;
use crate::node::Node;
use crate::settings::{Inputs, Settings};
use crate::web::Page;

/// A peer that serves.
pub struct Daemon {
    /// The peer itself.
    pub node: Arc<Node>,
    /// Its web page, where there is one.
    pub page: Option<Page>,
    /// Where health and metrics are, where they are anywhere.
    pub admin: Option<SocketAddr>,
    inputs: Inputs,
    shutdown: Shutdown,
    admin_stop: Shutdown,
    _hold: Hold,
}

impl Daemon {
    /// Starts everything; `inputs` are where `settings` came from. Must be called inside a runtime.
    ///
    /// # Errors
    /// This peer is not enrolled, another runs with the same state folder, or a port is taken.
    pub async fn start(home: Home, settings: Settings, inputs: Inputs) -> anyhow::Result<Self> {
        let shutdown = Shutdown::on_signals()?;
        let (socket, key) = (home.socket(), home.page_key());
        let (web, admin_listen) = ((settings.web_page, settings.web_listen), settings.admin_listen);
        let (handed, admin_handed) = Sockets::handed_over()?.into_listeners();
        let hold = match Turn::of(&home).await? {
            Turn::Mine(hold) => hold,
            Turn::Running => return Err(DoorError::Taken(socket).into()),
        };
        let node = Node::start(home, settings, handed, shutdown.clone()).await?;
        let admin_stop = Shutdown::new();
        let admin = match (admin_handed, admin_listen) {
            (None, None) => None,
            (socket, at) => Some(admin(&node, (socket, at), &shutdown, &admin_stop)?),
        };
        let page = match web {
            (true, at) => Some(Page::open(Arc::clone(&node), (at, &key), shutdown.clone())?),
            (false, _) => None,
        };
        let front = Front { page: page.as_ref().map(Page::secret_url), passing: false };
        serve(&socket, (Arc::clone(&node), front), shutdown.clone()).await?;
        Ok(Self { node, page, admin, inputs, shutdown, admin_stop, _hold: hold })
    }

    /// Serves until SIGTERM or SIGINT; SIGHUP takes the limits of the settings, but for those that
    /// its user has chosen.
    ///
    /// # Errors
    /// A signal handler cannot be installed.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut hangups = hangups()?;
        let _ready = notify::ready(&self.line(), &self.shutdown);
        loop {
            tokio::select! {
                () = self.shutdown.wait() => break,
                Some(()) = hangups.recv() => self.reload(),
            }
        }
        self.node.finish().await;
        self.admin_stop.trigger();
        tracing::info!("stopped");
        Ok(())
    }

    fn reload(&self) {
        notify::reloading();
        let read = Settings::load(&self.inputs).map_err(anyhow::Error::from);
        match read.and_then(|settings| self.node.settle_limits(settings.limits)) {
            Ok(()) => {
                tracing::info!("limits taken from the settings");
                notify::reloaded(&self.line());
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "settings refused; limits stay as they are");
                notify::reloaded(&format!("settings refused ({error}); {}", self.line()));
            }
        }
    }

    fn line(&self) -> String {
        let status = self.node.status();
        format!("port {}, {} contents", status.port, status.transfers.len())
    }
}

fn admin(
    node: &Arc<Node>,
    (handed, address): (Option<TcpListener>, Option<SocketAddr>),
    draining: &Shutdown,
    stop: &Shutdown,
) -> anyhow::Result<SocketAddr> {
    let mut registry = Registry::default();
    node.metrics.register(&mut registry, node);
    node.identity.metrics.register(registry.sub_registry_with_prefix("peer_link"));
    link::metrics::process::register(&mut registry);
    let readiness = node.readiness.clone();
    let registry = Arc::new(registry);
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let admin = match handed {
        Some(socket) => Admin::over(socket, readiness, registry, draining.clone())?,
        None => Admin::bind(address.unwrap_or(loopback), readiness, registry, draining.clone())?,
    };
    let address = admin.local_address();
    tokio::spawn(admin.run(stop.clone()));
    Ok(address)
}
