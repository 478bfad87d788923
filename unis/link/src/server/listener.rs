//! Binds, accepts, hands out, drains.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::identity::Caller;
use crate::log::Truncated;
use crate::metrics::Metrics;
use crate::overload::{Gate, Share};
use crate::rate::SourceRate;
use crate::server::accept::{Accepted, HandshakeError};
use crate::server::activity::{Activity, Waits};
use crate::server::connection::{End, Stop, http1, http2};
use crate::server::service::Context;
use crate::server::sources::{Caps, Place, Sources};
use crate::server::transport::{Observed, Shared};
use crate::server::{Handler, LimitError, Limits, Security};
use crate::shutdown::Shutdown;

/// Connections that the kernel keeps for us.
const BACKLOG: u32 = 1024;
/// Pause after an accept() that failed for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// For connections to notice that they were cut.
const CUT_TIMEOUT: Duration = Duration::from_secs(2);

/// A bound socket, ready to [`Listener::run`].
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    limits: Arc<Limits>,
    security: Security,
    metrics: Metrics,
}

/// Why a listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken, not ours, or needs a privilege.
    #[error("cannot listen on {address}: {source}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// A socket that was handed over is of no use.
    #[error("cannot use the socket handed over: {0}")]
    HandedOver(#[source] io::Error),
    /// A limit makes no sense.
    #[error(transparent)]
    Limit(#[from] LimitError),
}

impl Listener {
    /// Binds `address`; port 0 takes any free one. Must be called inside a runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(
        address: SocketAddr,
        limits: Limits,
        security: Security,
    ) -> Result<Self, BindError> {
        let socket = listen(address).map_err(|source| BindError::Socket { address, source })?;
        Self::over(socket, limits, security)
    }

    /// Takes over a socket that listens already (socket activation).
    ///
    /// # Errors
    /// [`BindError::HandedOver`] where it is no listening TCP socket.
    pub fn from_std(
        socket: std::net::TcpListener,
        limits: Limits,
        security: Security,
    ) -> Result<Self, BindError> {
        socket.set_nonblocking(true).map_err(BindError::HandedOver)?;
        let socket = TcpListener::from_std(socket).map_err(BindError::HandedOver)?;
        Self::over(socket, limits, security)
    }

    fn over(socket: TcpListener, limits: Limits, security: Security) -> Result<Self, BindError> {
        limits.check()?;
        let address = socket.local_addr().map_err(BindError::HandedOver)?;
        let (limits, metrics) = (Arc::new(limits), Metrics::new());
        Ok(Self { socket, address, limits, security, metrics })
    }

    /// Counts into `metrics` instead of unseen ones.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    fn is_secured(&self) -> bool {
        matches!(self.security, Security::Tls(_))
    }

    /// The address bound, with its real port.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown`, then drains: no more connections, GOAWAY or `connection: close`,
    /// requests in work finish within the drain deadline, what is left then is cut.
    pub async fn run<H: Handler>(self, handler: Arc<H>, shutdown: Shutdown) {
        let drain_timeout = self.limits.drain_timeout();
        let (tasks, cut) = (TaskTracker::new(), CancellationToken::new());
        let shop = Arc::new(Shop::new(&self, handler, &shutdown, cut.clone()));
        loop {
            let accepted = tokio::select! {
                () = shutdown.wait() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => shop.welcome(stream, address, &tasks),
                Err(error) => pause_after(&error, &self.metrics).await,
            }
        }
        drop(self.socket);
        tasks.close();
        if tokio::time::timeout(drain_timeout, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "drain deadline passed, cutting the rest");
            cut.cancel();
            if tokio::time::timeout(CUT_TIMEOUT, tasks.wait()).await.is_err() {
                tracing::error!(connections = tasks.len(), "connections do not end");
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn pause_after(error: &io::Error, metrics: &Metrics) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    metrics.accept_errors.inc();
    let of_one = [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted]
        .contains(&error.kind());
    if !of_one {
        tracing::error!(%error, "accept failed");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// What all connections of a running listener share.
struct Shop<H> {
    handler: Arc<H>,
    limits: Arc<Limits>,
    security: Security,
    metrics: Metrics,
    sources: Sources,
    handshakes: Semaphore,
    handshake_rate: Option<SourceRate>,
    gate: Gate,
    stop: Stop,
}

impl<H: Handler> Shop<H> {
    fn new(
        listener: &Listener,
        handler: Arc<H>,
        shutdown: &Shutdown,
        cut: CancellationToken,
    ) -> Self {
        let limits = Arc::clone(&listener.limits);
        let caps = Caps {
            all: limits.max_connections,
            per_source: limits.max_connections_per_source,
            work_per_source: limits.max_requests_in_work_per_source,
            loopback_too: limits.cap_loopback,
        };
        Self {
            handler,
            security: listener.security.clone(),
            metrics: listener.metrics.clone(),
            sources: Sources::new(caps),
            handshakes: Semaphore::new(limits.max_handshakes.min(Semaphore::MAX_PERMITS)),
            handshake_rate: limits.handshake_rate().filter(|_| listener.is_secured()),
            gate: Gate::new(limits.max_requests_in_work),
            stop: Stop { drain: shutdown.token(), cut },
            limits,
        }
    }

    /// A place for a connection, or what is used up of those that its source may have.
    fn admit(&self, source: IpAddr) -> Result<Place, &'static str> {
        let place = self.sources.enter(source)?;
        let in_time = self.handshake_rate.as_ref().is_none_or(|rate| rate.check(source).is_ok());
        if in_time { Ok(place) } else { Err("rate") }
    }

    /// Gives a connection a task of its own, or closes it where a cap is reached.
    fn welcome(self: &Arc<Self>, stream: TcpStream, address: SocketAddr, tasks: &TaskTracker) {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let place = match self.admit(address.ip()) {
            Ok(place) => place,
            Err(cap) => {
                self.metrics.refused(cap);
                return;
            }
        };
        self.metrics.connections_accepted.inc();
        let open = Open::count(&self.metrics);
        let shop = Arc::clone(self);
        tasks.spawn(async move {
            let work = place.work.clone();
            let _until_the_end = (place, open);
            shop.attend(stream, address, work).await;
        });
    }

    async fn attend(self: Arc<Self>, stream: TcpStream, address: SocketAddr, work: Share) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let stop = Stop { drain: self.stop.drain.clone(), cut: self.stop.cut.child_token() };
        match self.secure(stream, &stop).await {
            Ok(accepted) => self.serve(accepted, (address, work), stop).await,
            Err(error) => {
                self.metrics.handshake_failed(error.reason());
                let client = Truncated(address);
                if error.is_about_certificates() {
                    tracing::info!(%client, %error, "refused");
                } else {
                    tracing::debug!(%client, %error, "handshake failed");
                }
            }
        }
    }

    async fn secure(&self, stream: TcpStream, stop: &Stop) -> Result<Accepted, HandshakeError> {
        let Security::Tls(tls) = &self.security else {
            return Ok(Accepted::plain(stream));
        };
        // A box: the handshake's state is large and is not needed afterwards.
        let handshake = Box::pin(Accepted::handshake(stream, tls, &self.handshakes, &stop.cut));
        tokio::select! {
            made = tokio::time::timeout(self.limits.handshake_timeout(), handshake) => {
                made.unwrap_or(Err(HandshakeError::TooSlow))
            }
            () = stop.drain.cancelled() => Err(HandshakeError::Closed),
        }
    }

    async fn serve(&self, accepted: Accepted, (address, share): (SocketAddr, Share), stop: Stop) {
        let Accepted { transport, http2: is_http2, identity, registration } = accepted;
        let activity = Activity::new(waits(&self.limits), is_http2, Instant::now());
        let activity = Shared::new(activity);
        let io = Observed::new(transport, is_http2, activity.clone());
        let context = Arc::new(Context {
            handler: Arc::clone(&self.handler),
            caller: Caller { address, identity },
            gate: self.gate.clone(),
            share,
            limits: Arc::clone(&self.limits),
            metrics: self.metrics.clone(),
            activity,
        });
        let end = if is_http2 {
            Box::pin(http2(io, context, stop)).await
        } else {
            Box::pin(http1(io, context, stop)).await
        };
        drop(registration);
        self.note(&end, address);
    }

    fn note(&self, end: &End, address: SocketAddr) {
        let client = Truncated(address);
        match end {
            End::Served => {}
            End::Broken(error) => tracing::debug!(%client, %error, "connection broke"),
            End::Cut => {
                self.metrics.cut("told");
                tracing::info!(%client, "connection cut");
            }
            End::Overdue(what) => {
                self.metrics.cut(what.as_str());
                tracing::debug!(%client, waited_for = what.as_str(), "connection overdue");
            }
        }
    }
}

fn waits(limits: &Limits) -> Waits {
    Waits {
        first_byte: Duration::from_millis(limits.first_byte_timeout_ms),
        header: Duration::from_millis(limits.header_timeout_ms),
        idle: Duration::from_millis(limits.idle_timeout_ms),
        write: Duration::from_millis(limits.write_timeout_ms),
    }
}

/// An open connection, for the gauge.
struct Open(Metrics);

impl Open {
    fn count(metrics: &Metrics) -> Self {
        metrics.connections_open.inc();
        Self(metrics.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections_open.dec();
    }
}
