//! From an accepted socket to the first byte of HTTP.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::CertificateError;
use rustls::server::Acceptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::crypto;
use crate::identity::Identity;
use crate::server::transport::Transport;
use crate::tls::{H2, Registration, ServerTls};

/// How long a refused client may take to read its alert.
const LINGER: Duration = Duration::from_millis(500);
/// How often it is read from meanwhile, 1 KiB at a time.
const LINGER_READS: usize = 64;

/// A connection ready for HTTP.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) transport: Transport,
    pub(crate) http2: bool,
    pub(crate) identity: Option<Arc<Identity>>,
    /// Keeps the connection in the register of those that a revocation closes.
    pub(crate) registration: Option<Registration>,
}

/// A handshake that came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeError {
    #[error("handshake: {}", told(.0))]
    Io(#[from] io::Error),
    #[error("handshake: {}", own_words(.0).unwrap_or_else(|| .0.to_string()))]
    Tls(#[from] rustls::Error),
    #[error("the listener closed")]
    Closed,
    #[error("the handshake took too long")]
    TooSlow,
}

impl Accepted {
    pub(crate) fn plain(stream: TcpStream) -> Self {
        Self {
            transport: Transport::Plain(stream),
            http2: false,
            identity: None,
            registration: None,
        }
    }

    /// Makes the handshake under the configuration in force when the ClientHello is complete.
    pub(crate) async fn handshake(
        stream: TcpStream,
        tls: &ServerTls,
        places: &Semaphore,
        cut: &CancellationToken,
    ) -> Result<Self, HandshakeError> {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let _place = places.acquire().await.map_err(|_closed| HandshakeError::Closed)?;
        let active = tls.active();
        let stream = match start.into_stream(Arc::clone(&active.config)).into_fallible().await {
            Ok(stream) => stream,
            Err((error, stream)) => {
                linger(stream).await;
                return Err(error.into());
            }
        };
        let (_, session) = stream.get_ref();
        let http2 = session.alpn_protocol() == Some(H2);
        let (registration, identity) = match session.peer_certificates() {
            Some(chain) => {
                let (registration, identity) = tls.register(&active, chain, cut)?;
                (Some(registration), Some(Arc::new(identity)))
            }
            None => (None, None),
        };
        Ok(Self { transport: tls_transport(stream), http2, identity, registration })
    }
}

/// Lets the alert arrive: closing with the client's request unread would send a reset after it, and
/// the client would never learn why it was refused.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        let mut unread = [0; 1024];
        for _ in 0..LINGER_READS {
            if stream.read(&mut unread).await? == 0 {
                break;
            }
        }
        io::Result::Ok(())
    };
    // However it ends, the connection is over.
    let _over = tokio::time::timeout(LINGER, drain).await;
}

fn tls_transport(stream: TlsStream<TcpStream>) -> Transport {
    Transport::Tls(Box::new(stream))
}

impl HandshakeError {
    /// Whether the operator should hear of it: noise on the port is none of their business.
    pub(crate) fn is_about_certificates(&self) -> bool {
        !["broken", "timeout", "closed", "alert", "tls"].contains(&self.reason())
    }

    /// The reason as a metric's label, from a fixed set.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::TooSlow => "timeout",
            Self::Tls(error) => reason(error),
            Self::Io(error) => {
                let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
                inner.map_or("broken", reason)
            }
        }
    }
}

fn told(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    inner.and_then(own_words).unwrap_or_else(|| error.to_string())
}

/// What our own checks say of a certificate.
fn own_words(error: &rustls::Error) -> Option<String> {
    match error {
        rustls::Error::InvalidCertificate(reason) => Some(crypto::told(reason)),
        _ => None,
    }
}

fn reason(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::NoCertificatesPresented => "no-certificate",
        rustls::Error::AlertReceived(_) => "alert",
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Revoked => "revoked",
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "early",
            CertificateError::UnknownIssuer => "untrusted",
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => "stale-list",
            CertificateError::UnknownRevocationStatus => "no-list",
            CertificateError::ApplicationVerificationFailure => "unknown-name",
            _ => "bad-certificate",
        },
        _ => "tls",
    }
}
