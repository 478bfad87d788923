//! What the operator and the monitoring ask, on a socket of its own.
//!
//! `/livez` says that the process runs, `/readyz` what it still waits for, `/metrics` what it
//! counted. The listener is meant for a loopback address: nothing here asks who is there.

mod exposition;
mod readiness;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::admin::exposition::Exposition;
use crate::body::{Body, full};
use crate::server::{BindError, Handler, Limits, Listener, Security};
use crate::shutdown::Shutdown;

pub use crate::admin::readiness::{Condition, Readiness};

const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// The admin listener, bound.
#[derive(Debug)]
pub struct Admin {
    listener: Listener,
    desk: Arc<Desk>,
}

/// What is asked about.
#[derive(Debug)]
struct Desk {
    readiness: Readiness,
    registry: Arc<Registry>,
    draining: Shutdown,
}

impl Admin {
    /// Binds `address`. `draining` is the shutdown of the main listener: from then on `/readyz` is
    /// 503, while this listener goes on until its own shutdown.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(
        address: SocketAddr,
        readiness: Readiness,
        registry: Arc<Registry>,
        draining: Shutdown,
    ) -> Result<Self, BindError> {
        let listener = Listener::bind(address, limits(), Security::Plaintext)?;
        Ok(Self { listener, desk: Arc::new(Desk { readiness, registry, draining }) })
    }

    /// The same on a socket that listens already.
    ///
    /// # Errors
    /// [`BindError::HandedOver`].
    pub fn over(
        socket: TcpListener,
        readiness: Readiness,
        registry: Arc<Registry>,
        draining: Shutdown,
    ) -> Result<Self, BindError> {
        let listener = Listener::from_std(socket, limits(), Security::Plaintext)?;
        Ok(Self { listener, desk: Arc::new(Desk { readiness, registry, draining }) })
    }

    /// The address bound, with its real port.
    pub fn local_address(&self) -> SocketAddr {
        self.listener.local_address()
    }

    /// Answers until `shutdown`, which comes after the main listener has drained.
    pub async fn run(self, shutdown: Shutdown) {
        self.listener.run(self.desk, shutdown).await;
    }
}

/// Few and patient: overload of the main listener must not reach here, nor the reverse.
fn limits() -> Limits {
    Limits {
        max_connections: 256,
        max_requests_in_work: 256,
        drain_timeout_ms: 1_000,
        ..Limits::default()
    }
}

impl Handler for Desk {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let text = "GET only\n".to_owned();
            let mut answer = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT_TYPE, text);
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match request.uri().path() {
            "/livez" => reply(StatusCode::OK, TEXT_TYPE, "ok\n".to_owned()),
            "/readyz" => self.ready(),
            "/metrics" => self.metrics(request.headers()),
            _ => reply(StatusCode::NOT_FOUND, TEXT_TYPE, "/livez /readyz /metrics\n".to_owned()),
        }
    }
}

impl Desk {
    fn ready(&self) -> Response<Body> {
        let mut waits = self.readiness.waits();
        if self.draining.is_triggered() {
            waits.insert(0, "draining".to_owned());
        }
        if waits.is_empty() {
            return reply(StatusCode::OK, TEXT_TYPE, "ready\n".to_owned());
        }
        let lines: String = waits.iter().map(|wait| format!("{wait}\n")).collect();
        reply(StatusCode::SERVICE_UNAVAILABLE, TEXT_TYPE, lines)
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Body> {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            let text = format!("{error}\n");
            return reply(StatusCode::INTERNAL_SERVER_ERROR, TEXT_TYPE, text);
        }
        let wanted = Exposition::wanted(headers);
        let mut page = reply(StatusCode::OK, wanted.media_type(), wanted.page(text));
        page.headers_mut().insert(VARY, HeaderValue::from(ACCEPT));
        page
    }
}

fn reply(status: StatusCode, media_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
