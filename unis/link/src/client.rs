//! The other end: requests with deadlines and bounds, over connections that are kept.
//!
//! Redirects are not followed: a server that was authenticated must not choose another for us.

mod connector;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::{self, ReadError};
use crate::client::connector::{Alerts, Connector};
use crate::tls::ClientTls;

/// Idle connections kept for a server.
const MAX_IDLE_PER_SERVER: usize = 8;
/// For how long; shorter than servers keep them, so that a request seldom meets a closing one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// HTTP/2: time between pings while a response is awaited.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// HTTP/1.1: bytes of a response's head.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// An HTTP client. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Client {
    pool: Pool<Connector, Full<Bytes>>,
    alerts: Alerts,
    response_timeout: Duration,
    max_response_bytes: usize,
}

/// What a [`Client`] is made from.
#[derive(Clone, Debug)]
pub struct Builder {
    tls: Option<Arc<ClientTls>>,
    plaintext: bool,
    local_address: Option<IpAddr>,
    connect_timeout: Duration,
    handshake_timeout: Duration,
    response_timeout: Duration,
    max_response_bytes: usize,
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status; any, errors included.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The content, as it came (no decompression).
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("`{url}` is no address to ask: {reason}")]
    Url {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header value has characters that it must not have.
    #[error("a header value cannot be sent: {0}")]
    Header(#[from] InvalidHeaderValue),
    /// The server ended the connection with a TLS alert: it does not take our certificate, say.
    #[error("{url}: the server refused the connection: {alert}")]
    Refused {
        /// Whom we asked.
        url: String,
        /// Its alert (RFC 8446 §6.2).
        alert: String,
    },
    /// No connection, or it broke.
    #[error("{url}: {}", chain(.source))]
    Exchange {
        /// Whom we asked.
        url: String,
        /// What happened.
        source: hyper_util::client::legacy::Error,
    },
    /// No response in time.
    #[error("{url}: no response within {} ms", .deadline.as_millis())]
    TooSlow {
        /// Whom we asked.
        url: String,
        /// The time that was given.
        deadline: Duration,
    },
    /// The response's content did not come in.
    #[error("{url}: {source}")]
    Content {
        /// Whom we asked.
        url: String,
        /// What happened.
        source: ReadError,
    },
}

impl Client {
    /// The defaults: no TLS material, no plaintext, 5 s to connect, 5 s for the handshake, 30 s for
    /// the response, 256 MiB of content.
    pub fn builder() -> Builder {
        Builder {
            tls: None,
            plaintext: false,
            local_address: None,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(30),
            max_response_bytes: 256 << 20,
        }
    }

    /// `GET url` with `headers` beside those that every request has.
    ///
    /// # Errors
    /// [`ClientError`]; a response of any status is none.
    pub async fn get(&self, url: &str, headers: HeaderMap) -> Result<Response, ClientError> {
        let mut request = Self::request(Method::GET, url, Bytes::new())?;
        request.headers_mut().extend(headers);
        self.whole(request).await
    }

    /// `POST url` with `body`.
    ///
    /// # Errors
    /// [`ClientError`]; a response of any status is none.
    pub async fn post(
        &self,
        url: &str,
        content_type: &str,
        accept: &str,
        body: impl Into<Bytes>,
    ) -> Result<Response, ClientError> {
        let mut request = Self::request(Method::POST, url, body.into())?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(content_type)?);
        headers.insert(ACCEPT, HeaderValue::from_str(accept)?);
        self.whole(request).await
    }

    /// Any method without content: `DELETE`, say.
    ///
    /// # Errors
    /// [`ClientError`]; a response of any status is none.
    pub async fn call(&self, method: Method, url: &str) -> Result<Response, ClientError> {
        self.whole(Self::request(method, url, Bytes::new())?).await
    }

    /// Sends a request and returns as soon as the response's head is there; its content streams.
    ///
    /// # Errors
    /// [`ClientError`], [`ClientError::TooSlow`] for the head alone.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<http::Response<Incoming>, ClientError> {
        let url = request.uri().to_string();
        let deadline = self.response_timeout;
        match tokio::time::timeout(deadline, self.pool.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(source)) => Err(match self.alerts.take() {
                Some(alert) => ClientError::Refused { url, alert },
                None => ClientError::Exchange { url, source },
            }),
            Err(_elapsed) => Err(ClientError::TooSlow { url, deadline }),
        }
    }

    async fn whole(&self, request: Request<Full<Bytes>>) -> Result<Response, ClientError> {
        let url = request.uri().to_string();
        let (head, content) = self.send(request).await?.into_parts();
        let body = body::read(content, self.max_response_bytes, self.response_timeout)
            .await
            .map_err(|source| ClientError::Content { url, source })?;
        Ok(Response { status: head.status, headers: head.headers, body })
    }

    fn request(
        method: Method,
        url: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let wrong = |reason: &str| ClientError::Url { url: url.to_owned(), reason: reason.into() };
        let uri: Uri = url.parse().map_err(|_| wrong("malformed"))?;
        if uri.scheme().is_none() || uri.host().is_none() {
            return Err(wrong("it needs a scheme and a host"));
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Ok(request)
    }
}

impl Builder {
    /// Whom to believe, and what to show.
    #[must_use]
    pub fn tls(mut self, tls: Arc<ClientTls>) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Whether `http://` may be asked at all.
    #[must_use]
    pub fn plaintext(mut self, allowed: bool) -> Self {
        self.plaintext = allowed;
        self
    }

    /// Where connections come from; `None` leaves it to the system.
    #[must_use]
    pub fn local_address(mut self, address: Option<IpAddr>) -> Self {
        self.local_address = address;
        self
    }

    /// For the TCP connection.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// For the TLS handshake.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// For a response's head, connecting included, and again for its content.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// For a response's content.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// The client.
    pub fn build(self) -> Client {
        let alerts = Alerts::default();
        let connector = Connector {
            tls: self.tls,
            plaintext: self.plaintext,
            local_address: self.local_address,
            connect_timeout: self.connect_timeout,
            handshake_timeout: self.handshake_timeout,
            alerts: alerts.clone(),
        };
        let pool = Pool::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_SERVER)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(PING_INTERVAL)
            .build(connector);
        Client {
            pool,
            alerts,
            response_timeout: self.response_timeout,
            max_response_bytes: self.max_response_bytes,
        }
    }
}

/// An error with all its causes: the outermost alone says "client error (Connect)".
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        // Some say what their cause says.
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        next = cause.source();
    }
    text
}
