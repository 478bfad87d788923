//! The server of the page.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Body as AxumBody;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use link::body::{Body, stream};
use link::server::{Handler, Limits, Listener, Security};
use link::shutdown::Shutdown;
use tower::ServiceExt;

use crate::home::replace;
use crate::loopback::Key;
use crate::node::Node;
use crate::web::guard::{Guard, mark};
use crate::web::{api, page};

/// Where it is by default.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7680);

/// A page that is served.
#[derive(Clone, Debug)]
pub struct Page {
    address: SocketAddr,
    key: Key,
}

impl Page {
    /// Serves the page until `shutdown`: at `listen`, else at the usual port, else at a free one.
    /// Its key is kept in `key`, so that a bookmark stays good.
    ///
    /// # Errors
    /// The address is taken, or the key cannot be kept.
    pub fn open(
        node: Arc<Node>,
        (listen, key): (Option<SocketAddr>, &Path),
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        let key = kept(key)?;
        let bind = |address| Listener::bind(address, limits(), Security::Plaintext);
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = match listen {
            Some(address) => bind(address),
            None => bind(USUAL).or_else(|_taken| bind(any)),
        };
        let listener = listener.context("the web page")?;
        let address = listener.local_address();
        let page = Self { address, key: key.clone() };
        let router = page::routes().merge(api::routes(node));
        let door = Door { guard: Guard { address, key }, router };
        tokio::spawn(listener.run(Arc::new(door), shutdown));
        Ok(page)
    }

    /// Where it is; the page asks for its key.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Where it is, with its key: whoever has this commands the peer.
    #[must_use]
    pub fn secret_url(&self) -> String {
        format!("http://{}/#{}", self.address, self.key)
    }
}

/// Few and small: a page has one reader.
fn limits() -> Limits {
    Limits {
        max_connections: 64,
        max_requests_in_work: 64,
        drain_timeout_ms: 1_000,
        ..Limits::default()
    }
}

/// The key of an earlier run, or a new one.
fn kept(path: &Path) -> anyhow::Result<Key> {
    let told = || path.display().to_string();
    let before = std::fs::read_to_string(path).ok();
    if let Some(key) = before.and_then(|text| Key::parse(text.trim())) {
        return Ok(key);
    }
    let key = Key::random()?;
    replace(path, format!("{key}\n").as_bytes()).with_context(told)?;
    Ok(key)
}

struct Door {
    guard: Guard,
    router: Router,
}

impl Handler for Door {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        let mut answer = match self.guard.admit(path, request.headers()) {
            Ok(()) => {
                let answered = self.router.clone().oneshot(request.map(AxumBody::new)).await;
                let answer = answered.unwrap_or_else(|never| match never {});
                answer.map(|body| stream(body.map_err(Into::into)))
            }
            Err((status, line)) => {
                let mut answer = Response::new(link::body::full(line));
                *answer.status_mut() = status;
                answer
            }
        };
        mark(answer.headers_mut());
        answer
    }
}
