//! A server over real sockets whose answers a test sets and changes, path by path.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use link::body::{self, Body};
use link::client::Client;
use link::server::{Limits, Listener, Security};
use link::shutdown::Shutdown;

/// Generous: must not fire on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server says at one path.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Page {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(held, _)| *held == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Default)]
struct Site {
    pages: BTreeMap<String, Vec<Page>>,
    seen: Vec<Seen>,
}

/// A running server.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    site: Arc<Mutex<Site>>,
    shutdown: Shutdown,
    running: tokio::task::JoinHandle<()>,
}

impl Origin {
    /// A server at any free port of the loopback address.
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap())
    }

    pub(crate) fn start_at(address: SocketAddr) -> Self {
        Self::start_with(address, Security::Plaintext)
    }

    pub(crate) fn start_with(address: SocketAddr, security: Security) -> Self {
        let listener = Listener::bind(address, Limits::default(), security).unwrap();
        let (address, shutdown) = (listener.local_address(), Shutdown::new());
        let site = Arc::new(Mutex::new(Site::default()));
        let held = Arc::clone(&site);
        let handler = move |request| answer(Arc::clone(&held), request);
        let running = tokio::spawn(listener.run(Arc::new(handler), shutdown.clone()));
        Self { address, site, shutdown, running }
    }

    /// Stops listening and closes every connection.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.shutdown.trigger();
        self.running.await.unwrap();
        self.address
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets what is said at a path from now on.
    pub(crate) fn set(&self, path: &str, page: Page) {
        self.script(path, vec![page]);
    }

    /// Sets what is said at a path, one page per request; the last one stays.
    pub(crate) fn script(&self, path: &str, pages: Vec<Page>) {
        self.site.lock().unwrap().pages.insert(path.to_owned(), pages);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.site.lock().unwrap().pages.remove(path);
    }

    /// All requests since the last call.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.site.lock().unwrap().seen)
    }

    /// The paths asked for since the last call.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

async fn answer(site: Arc<Mutex<Site>>, request: Request<Incoming>) -> Response<Body> {
    let (head, content) = request.into_parts();
    let content = body::read(content, 1 << 20, PATIENCE).await.unwrap();
    let path = head.uri.path_and_query().unwrap().as_str().to_owned();
    let body = String::from_utf8(content.to_vec()).unwrap();
    let (method, headers) = (head.method, head.headers);
    let mut site = site.lock().unwrap();
    let page = match site.pages.get_mut(&path) {
        Some(pages) if pages.len() > 1 => pages.remove(0),
        Some(pages) => pages[0].clone(),
        None => Page::new(404, "text/plain", "not here"),
    };
    let has_current = headers.get("if-none-match").is_some_and(|asked| {
        page.header("etag").is_some_and(|etag| asked.to_str().unwrap() == etag)
    });
    site.seen.push(Seen { method, path, headers, body });
    let unchanged = page.status == 200 && has_current;
    let content = if unchanged { body::empty() } else { body::full(page.body) };
    let mut response = Response::new(content);
    let status = if unchanged { 304 } else { page.status };
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in page.headers {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_str(&value).unwrap());
    }
    response
}

/// An HTTP client that may speak plainly.
pub(crate) fn http() -> Client {
    let builder = Client::builder().plaintext(true);
    builder.connect_timeout(PATIENCE).response_timeout(PATIENCE).build()
}
