//! Where the admin listener goes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use prometheus_client::registry::Registry;

use crate::admin::{Admin, Readiness};
use crate::metrics::process;
use crate::server::BindError;
use crate::shutdown::Shutdown;

/// What the process takes of the machine is added to `registry`.
///
/// Binds the admin listener at its setting, else at the port above the service's, else at any free
/// one. `listen` is the service's setting, whose port 0 means any here too; `bound` its address.
///
/// # Errors
/// [`BindError`] of the last address tried.
pub fn bind_admin(
    setting: Option<SocketAddr>,
    (listen, bound): (SocketAddr, SocketAddr),
    readiness: &Readiness,
    mut registry: Registry,
    draining: &Shutdown,
) -> Result<Admin, BindError> {
    let loopback = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    process::register(&mut registry);
    let registry = Arc::new(registry);
    let bind =
        |address| Admin::bind(address, readiness.clone(), Arc::clone(&registry), draining.clone());
    match (setting, listen.port(), bound.port().checked_add(1)) {
        (Some(address), _, _) => bind(address),
        (None, 0, _) | (None, _, None) => bind(loopback(0)),
        (None, _, Some(above)) => bind(loopback(above)).or_else(|_taken| bind(loopback(0))),
    }
}
