//! A daemon's two listeners: on sockets that the service manager handed over (sd_listen_fds(3)), or
//! bound here.
//!
//! The first socket handed over is the service's, the second, if there is one, health and metrics'.
//! While one process stops and the next starts, the manager holds them: no connection is refused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use listenfd::ListenFd;
use prometheus_client::registry::Registry;

use crate::admin::{Admin, Readiness};
use crate::metrics::process;
use crate::server::{BindError, Limits, Listener, Security};
use crate::shutdown::Shutdown;

/// Sockets that a daemon listens on.
const MOST: usize = 2;

/// Sockets handed over and not taken yet, and where the service is.
#[derive(Debug)]
pub struct Sockets {
    service: Option<TcpListener>,
    admin: Option<TcpListener>,
    /// The port asked for, and the one there is.
    ports: (u16, u16),
}

/// Why there is no listener.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// More than there is use for.
    #[error(
        "{0} sockets were handed over, at most {MOST} are of use: the service's and the admin's"
    )]
    TooMany(usize),
    /// Not a listening TCP socket.
    #[error("socket {number} that was handed over: {source}")]
    Unfit {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// Health and metrics are for the own machine.
    #[error("socket 2 that was handed over is on {0}; health and metrics stay on loopback")]
    AdminExposed(SocketAddr),
    /// It cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
}

impl Sockets {
    /// Takes what the service manager handed over, if it did. To be called once.
    ///
    /// # Errors
    /// Too many sockets, or such as are of no use.
    pub fn handed_over() -> Result<Self, SocketError> {
        let mut all = ListenFd::from_env();
        if all.len() > MOST {
            return Err(SocketError::TooMany(all.len()));
        }
        let mut take = |at: usize| {
            let taken = all.take_tcp_listener(at);
            taken.map_err(|source| SocketError::Unfit { number: at + 1, source })
        };
        let (service, admin) = (take(0)?, take(1)?);
        if let Some(address) = admin.as_ref().and_then(|socket| socket.local_addr().ok())
            && !address.ip().is_loopback()
        {
            return Err(SocketError::AdminExposed(address));
        }
        Ok(Self { service, admin, ports: (0, 0) })
    }

    /// Where the service will be: the socket handed over, else `setting`.
    #[must_use]
    pub fn service_address(&self, setting: SocketAddr) -> SocketAddr {
        let socket = self.service.as_ref();
        socket.and_then(|socket| socket.local_addr().ok()).unwrap_or(setting)
    }

    /// The service's listener.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind_service(
        &mut self,
        setting: SocketAddr,
        limits: Limits,
        security: Security,
    ) -> Result<Listener, SocketError> {
        let listener = match self.service.take() {
            Some(socket) => {
                let listener = Listener::from_std(socket, limits, security)?;
                tracing::info!(address = %listener.local_address(), "socket handed over");
                listener
            }
            None => Listener::bind(setting, limits, security)?,
        };
        self.ports = (setting.port(), listener.local_address().port());
        Ok(listener)
    }

    /// The sockets as they were handed over, the service's and the admin's, for a daemon that
    /// accepts by itself.
    #[must_use]
    pub fn into_listeners(self) -> (Option<TcpListener>, Option<TcpListener>) {
        (self.service, self.admin)
    }

    /// The listener of health and metrics: at its setting, else at the port above the service's,
    /// else at any free one (port 0 of the service means any here too). What the process takes of
    /// the machine is added to `registry`.
    ///
    /// # Errors
    /// [`BindError`] of the last address tried.
    pub fn bind_admin(
        mut self,
        setting: Option<SocketAddr>,
        readiness: &Readiness,
        mut registry: Registry,
        draining: &Shutdown,
    ) -> Result<Admin, SocketError> {
        process::register(&mut registry);
        let registry = Arc::new(registry);
        if let Some(socket) = self.admin.take() {
            return Ok(Admin::over(socket, readiness.clone(), registry, draining.clone())?);
        }
        let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let bind = |address| {
            Admin::bind(address, readiness.clone(), Arc::clone(&registry), draining.clone())
        };
        let (asked, bound) = self.ports;
        let admin = match (setting, asked, bound.checked_add(1)) {
            (Some(address), _, _) => bind(address),
            (None, 0, _) | (None, _, None) => bind(loopback(0)),
            (None, _, Some(above)) => bind(loopback(above)).or_else(|_taken| bind(loopback(0))),
        };
        Ok(admin?)
    }
}
