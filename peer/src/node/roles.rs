//! What this peer does for others besides, and what is shown of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Context;
use tokio::net::TcpListener;

use crate::control::message::{RelayStatus, SuperStatus};
use crate::relay::Hall;
use crate::settings::{Role, Settings};
use crate::superpeer::Desk;

/// The ports of its roles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) relay: Option<u16>,
    pub(crate) care: Option<u16>,
}

impl Ports {
    pub(crate) fn of(relay: Option<&TcpListener>, care: Option<&TcpListener>) -> Self {
        let port = |listener: &TcpListener| listener.local_addr().ok().map(|it| it.port());
        Self { relay: relay.and_then(port), care: care.and_then(port) }
    }
}

/// Where other peers come: the socket that was handed over, else one at `listen`.
pub(crate) async fn service(
    handed: Option<std::net::TcpListener>,
    listen: SocketAddr,
) -> anyhow::Result<TcpListener> {
    let Some(socket) = handed else {
        let told = || format!("cannot listen on {listen}");
        return TcpListener::bind(listen).await.with_context(told);
    };
    let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
    taken.context("the socket that was handed over")
}

/// The port of a role that this peer has besides.
pub(crate) async fn listener(
    settings: &Settings,
    role: Role,
    listen: SocketAddr,
) -> anyhow::Result<Option<TcpListener>> {
    if !settings.role.contains(&role) {
        return Ok(None);
    }
    let told = || format!("cannot listen on {listen}");
    TcpListener::bind(listen).await.with_context(told).map(Some)
}

/// A relay serves once OMS has taken it.
pub(crate) fn relay(port: u16, hall: Option<&Arc<Hall>>) -> RelayStatus {
    let (holders, circuits, bytes) = hall.map(|hall| hall.load()).unwrap_or_default();
    RelayStatus { port, registered: hall.is_some(), holders, circuits, bytes }
}

pub(crate) fn care((port, desk): (u16, &Arc<Desk>)) -> SuperStatus {
    SuperStatus { port, registered: desk.offered.load(Ordering::Relaxed), peers: desk.peers() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_super_peer_shows_who_is_here_and_whether_it_was_taken() {
        let desk = Arc::new(Desk::default());
        assert_eq!(care((7, &desk)), SuperStatus { port: 7, registered: false, peers: 0 });
        desk.offered.store(true, Ordering::Relaxed);
        let (_one, two) = (desk.enter(), desk.enter());
        assert_eq!(care((7, &desk)), SuperStatus { port: 7, registered: true, peers: 2 });
        drop(two);
        assert_eq!(care((7, &desk)).peers, 1);
        assert!(!relay(9, None).registered);
    }
}
