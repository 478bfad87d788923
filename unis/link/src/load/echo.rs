//! The rival: a server that reads a request and answers as many bytes as its path says, on the
//! listener, limits and certificates that the servers use.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;

use crate::body::{self, Body};
use crate::metrics::Metrics;
use crate::server::{Limits, Listener, Security};
use crate::shutdown::Shutdown;
use crate::tls::{ClientCertificates, ServerTls, ServerTlsSettings};
use crate::trust::{MAX_INTERMEDIATES, TrustDomain, TrustSettings};

/// As the servers have it.
const MAX_BODY_BYTES: usize = 1 << 20;
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// Longest answer.
const MAX_ANSWER_BYTES: usize = 1 << 24;

/// A server in a process of its own that prints its address as its first line; dropped, it is
/// killed.
pub struct Served {
    child: Child,
    /// Host and port.
    pub authority: String,
}

impl Served {
    /// Starts one.
    ///
    /// # Errors
    /// It cannot be started, or says nothing.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "the server did not start");
        Ok(Self { child, authority: line.trim().to_owned() })
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends this process when whoever started it is gone: when standard input ends.
pub fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

/// Serves on a free port, printed, until standard input ends; over mutual TLS with the certificates
/// of a folder.
///
/// # Errors
/// The certificates cannot be read.
pub fn echo(pki: Option<&Path>) -> anyhow::Result<()> {
    end_with_parent();
    let security = pki.map_or(Ok(Security::Plaintext), security)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(free, Limits::default(), security)?;
        println!("{}", listener.local_address());
        let source = Bytes::from(vec![b'.'; MAX_ANSWER_BYTES]);
        let handler = move |request: Request<Incoming>| {
            let source = source.clone();
            async move { answer(request, &source).await.unwrap_or_else(|never| match never {}) }
        };
        listener.run(Arc::new(handler), Shutdown::new()).await;
        Ok(())
    })
}

async fn answer(request: Request<Incoming>, source: &Bytes) -> Result<Response<Body>, Infallible> {
    let asked = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
    let read = body::read(request.into_body(), MAX_BODY_BYTES, BODY_DEADLINE).await;
    let bytes = source.slice(..if read.is_ok() { asked.min(MAX_ANSWER_BYTES) } else { 0 });
    let mut response = Response::new(Body::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = body::full(bytes);
    Ok(response)
}

/// What a server makes of the same folder.
fn security(pki: &Path) -> anyhow::Result<Security> {
    let name = std::fs::read_to_string(pki.join("trust-domain"))?.trim().to_owned();
    let own = TrustDomain { name, bundle: pki.join("ca.pem"), crl: Some(pki.join("crl.pem")) };
    let settings = ServerTlsSettings {
        certificate: pki.join("server.pem"),
        key: pki.join("server-key.pem"),
        trust: TrustSettings { own, partners: Vec::new(), max_intermediates: MAX_INTERMEDIATES },
        client_certificates: ClientCertificates::Optional,
    };
    Ok(Security::Tls(ServerTls::load(settings, Metrics::new())?))
}
