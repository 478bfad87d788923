//! Opens a connection to the host of a URL, with TLS where the scheme says so.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::tls::{ClientTls, H2};

/// How connections are opened.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    pub(crate) tls: Option<Arc<ClientTls>>,
    pub(crate) plaintext: bool,
    pub(crate) local_address: Option<IpAddr>,
    pub(crate) connect_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) alerts: Alerts,
}

/// The last TLS alert from a server. In TLS 1.3 a server looks at our certificate when for us the
/// handshake is over (RFC 8446 §4.4.2.4), and whoever awaits a response learns of the end only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alerts(Arc<Mutex<Option<String>>>);

impl Alerts {
    /// The alert since the last call.
    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, error: &io::Error) {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(alert @ rustls::Error::AlertReceived(_)) = inner {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(alert.to_string());
        }
    }
}

/// Why no connection was opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("plain http is not allowed")]
    Plaintext,
    #[error("the scheme is neither https nor http")]
    Scheme,
    #[error("there is no TLS material for https")]
    NoTls,
    #[error("`{0}` is neither a host name nor an address")]
    Host(String),
    #[error("no connection to {host}:{port}: {source}")]
    Tcp { host: String, port: u16, source: io::Error },
    #[error("no connection to {host}:{port} within {} ms", .deadline.as_millis())]
    TcpTooSlow { host: String, port: u16, deadline: Duration },
    #[error("TLS handshake: {0}")]
    Tls(io::Error),
    #[error("no TLS handshake within {} ms", .0.as_millis())]
    TlsTooSlow(Duration),
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        if !secure && uri.scheme() != Some(&Scheme::HTTP) {
            return Err(ConnectError::Scheme);
        }
        if !secure && !self.plaintext {
            return Err(ConnectError::Plaintext);
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = self.tcp(host, port).await?;
        if secure { self.secure(stream, host).await } else { Ok(Stream::plain(stream)) }
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, ConnectError> {
        let deadline = self.connect_timeout;
        let failed = |source| ConnectError::Tcp { host: host.to_owned(), port, source };
        let stream = tokio::time::timeout(deadline, connect(host, port, self.local_address))
            .await
            .map_err(|_| ConnectError::TcpTooSlow { host: host.to_owned(), port, deadline })?
            .map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok(stream)
    }

    async fn secure(&self, stream: TcpStream, host: &str) -> Result<Stream, ConnectError> {
        let tls = self.tls.as_ref().ok_or(ConnectError::NoTls)?;
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| ConnectError::Host(host.to_owned()))?;
        let handshake = TlsConnector::from(tls.config()).connect(name, stream);
        let stream = tokio::time::timeout(self.handshake_timeout, handshake)
            .await
            .map_err(|_| ConnectError::TlsTooSlow(self.handshake_timeout))?
            .map_err(ConnectError::Tls)?;
        Ok(Stream::tls(stream, self.alerts.clone()))
    }
}

/// From the local address, where one is to be used.
async fn connect(host: &str, port: u16, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(local) = local else { return TcpStream::connect((host, port)).await };
    let mut refusal = io::Error::other(format!("no address of {host} can be reached from {local}"));
    for address in lookup_host((host, port)).await?.filter(|to| to.is_ipv4() == local.is_ipv4()) {
        let socket = if local.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.bind(SocketAddr::new(local, 0))?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// An open connection.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls { io: Box<TokioIo<TlsStream<TcpStream>>>, http2: bool, alerts: Alerts },
}

impl Stream {
    fn plain(stream: TcpStream) -> Self {
        Self::Plain(TokioIo::new(stream))
    }

    fn tls(stream: TlsStream<TcpStream>, alerts: Alerts) -> Self {
        let http2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        Self::Tls { io: Box::new(TokioIo::new(stream)), http2, alerts }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        match self {
            Self::Tls { http2: true, .. } => Connected::new().negotiated_h2(),
            Self::Plain(_) | Self::Tls { .. } => Connected::new(),
        }
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_read(context, buffer),
            Self::Tls { io, alerts, .. } => {
                let read = Pin::new(io.as_mut()).poll_read(context, buffer);
                if let Poll::Ready(Err(error)) = &read {
                    alerts.note(error);
                }
                read
            }
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_write(context, bytes),
            Self::Tls { io, .. } => Pin::new(io.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_flush(context),
            Self::Tls { io, .. } => Pin::new(io.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(io) => Pin::new(io).poll_shutdown(context),
            Self::Tls { io, .. } => Pin::new(io.as_mut()).poll_shutdown(context),
        }
    }
}
